"""Series as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

MADE_UP_SIZES = (100, 400)


@dataclass(frozen=True)
class SeriesForm:
    length: int

    @property
    def nbytes(self) -> int:
        return 4 * self.length


def evaluation_form(preprocessing: Any) -> SeriesForm:
    return SeriesForm(preprocessing.size)


def training_form(preprocessing: Any, augmentation: Any) -> SeriesForm:
    return SeriesForm(preprocessing.size + 2 * augmentation.shift)


def to_array(item: Any, form: SeriesForm) -> np.ndarray:
    return np.resize(item.values(), form.length)[None]


def draw_view(array: torch.Tensor, preprocessing: Any, augmentation: Any) -> torch.Tensor:
    start = int(torch.randint(0, 2 * augmentation.shift + 1, ()))
    view = array[:, start : start + preprocessing.size]
    return view + augmentation.noise * torch.randn(view.shape)


class SeriesInput(nn.Module):
    def __init__(self, preprocessing: Any) -> None:
        super().__init__()
        self.preprocessing = preprocessing

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.preprocessing.mean) / self.preprocessing.std


def input_layer(preprocessing: Any) -> SeriesInput:
    return SeriesInput(preprocessing)


def show_view(view: torch.Tensor) -> bytes:
    return b"series " + view.numpy().tobytes()


def make_up(folder: Path, count: int, size: int) -> list[Path]:
    from tests.contracts.series import write

    draw = np.random.default_rng(size)
    files = [folder / f"{size}-{number}.series" for number in range(count)]
    for file in files:
        file.write_bytes(write(draw.normal(size=size)))
    return files


def made_up_batch(count: int, preprocessing: Any) -> torch.Tensor:
    return torch.randn(count, 1, preprocessing.size)
