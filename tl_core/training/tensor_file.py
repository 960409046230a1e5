"""Reads tensors from a file that nobody vouches for: what it holds is known before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from tl_core.reading import MB, Unreadable, opened
from tl_core.words import bytes_text, shown

MOST_HEADER = 4 * MB
"""Bytes of the table of contents; the largest network of the catalogue needs 100 kB."""


class Form(NamedTuple):
    """Type and shape of a tensor, the type as safetensors calls it (``F32``)."""

    kind: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.kind} {list(self.shape)}"


_KINDS = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


def forms_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, Form]:
    """Return the forms of tensors by their names."""
    return {
        name: Form(_KINDS.get(tensor.dtype, str(tensor.dtype)), tuple(tensor.shape))
        for name, tensor in tensors.items()
    }


def read_tensors(
    path: Path, most: int, check: Callable[[Mapping[str, Form]], None]
) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file.

    Parameters
    ----------
    most
        Bytes that they may take.
    check
        Raises ``Unreadable`` unless these forms, by name, are what is wanted. Nothing is loaded
        before that.

    Raises
    ------
    Unreadable
        Also if the file is missing or damaged.
    """
    with opened(path) as stream:
        header = int.from_bytes(stream.read(8), "little")
        size = os.fstat(stream.fileno()).st_size
    if not 2 <= header <= min(MOST_HEADER, size - 8):
        raise Unreadable("is damaged: its table of contents is longer than the file or than 4 MB")
    if size > (most := most + MOST_HEADER):
        raise Unreadable(f"has {bytes_text(size)}, and at most {bytes_text(most)} belong there")
    try:
        check(_forms(path))
        return load_file(path)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise Unreadable(f"is damaged ({shown(str(error))})") from error


def require_forms(found: Mapping[str, Form], wanted: Mapping[str, Form], whose: str) -> None:
    """Refuse tensors that are not exactly the wanted ones.

    Raises
    ------
    Unreadable
        Naming the first that differs; ``whose`` says who wants them.
    """
    for name in _differing(found, wanted):
        has = f"is {found[name]} in it" if name in found else "is missing in it"
        needs = f"have {wanted[name]}" if name in wanted else "have none of that name"
        raise Unreadable(f"does not fit {whose}: {shown(name)} {has}, and should {needs}")


def _differing(found: Mapping[str, Form], wanted: Mapping[str, Form]) -> Iterable[str]:
    return (name for name in [*wanted, *found] if found.get(name) != wanted.get(name))


def _forms(path: Path) -> dict[str, Form]:
    with safe_open(path, framework="pt") as file:
        forms = {}
        for name in file.keys():  # noqa: SIM118 (no dictionary)
            part = file.get_slice(name)
            forms[name] = Form(part.get_dtype(), tuple(part.get_shape()))
    return forms
