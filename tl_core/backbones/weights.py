"""Pretrained weights: where they are, how they get here, and how they are read safely.

Bundled files lie in ``assets/weights`` as safetensors. The others are torchvision's and go into
torch's own cache, so a download serves every program on the machine. Only tensors are ever read.
Importing this module does not import torch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.download import DownloadError, download, is_whole
from tl_core.errors import WeightsError
from tl_core.home import ASSETS
from tl_core.modalities import Modality
from tl_core.steps import Progress
from tl_core.words import bytes_text

if TYPE_CHECKING:
    import torch

Location = Literal["bundled", "cached", "download"]


def cache_folder() -> Path:
    """Return torch's folder for downloaded weights, as ``torch.hub`` finds it."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    torch_home = Path(os.environ.get("TORCH_HOME", caches / "torch"))
    return torch_home.expanduser() / "hub" / "checkpoints"


def weights_path(spec: BackboneSpec) -> Path:
    """Return the path of the weights file, whether or not it is downloaded yet."""
    folder = ASSETS / "weights" if spec.weights.origin == "bundled" else cache_folder()
    return folder / spec.weights.file


def location(spec: BackboneSpec) -> Location:
    """Return where the weights are: ``bundled``, ``cached`` or, on the net alone, ``download``."""
    if spec.weights.origin == "bundled":
        return "bundled"
    return "cached" if weights_path(spec).is_file() else "download"


def fitting(kind: Modality) -> list[str]:
    """Return the backbones for a kind of data whose weights are here, the bundled first."""
    here = [spec for spec in backbones() if location(spec) != "download"]
    return [spec.name for spec in here if spec.modality == kind.name]


def prefetch(spec: BackboneSpec, progress: Progress | None = None) -> Path:
    """Bring the weights onto this machine, unless they are here and whole.

    The file appears in the cache complete and with the digest that its name promises, or not at
    all, so several programs may fetch it at the same time.

    Raises
    ------
    WeightsError
        Without a connection, within seconds; or if what arrives is not the promised file.
    """
    path, url = weights_path(spec), spec.weights.url
    if url is None or is_whole(path, _digest(spec)):
        return path
    try:
        download(url, path, digest=_digest(spec), size=spec.weights.bytes, progress=progress)
    except DownloadError as error:
        raise _unreachable(spec, str(error)) from error
    return path


def load_state(spec: BackboneSpec) -> dict[str, torch.Tensor]:
    """Return the pretrained tensors as float32, with the original model's keys, head included.

    Downloads them first if they are not here.

    Raises
    ------
    WeightsError
        If the file is damaged or cannot be had.
    """
    path = weights_path(spec)
    if location(spec) == "download":
        prefetch(spec)
    elif not is_whole(path, _digest(spec)):
        raise damaged(spec, "it is missing, or its content is not what it should be")
    state = _read_tensors(spec, path)
    return {
        key: value.float() if value.is_floating_point() else value for key, value in state.items()
    }


def damaged(spec: BackboneSpec, reason: str) -> WeightsError:
    """Return the error for a weights file that cannot be used, with what to do about it."""
    cure = (
        "Install this project again to restore it."
        if spec.weights.origin == "bundled"
        else f"To replace it, run: python -m tl_core prefetch {spec.name}"
    )
    return WeightsError(f"The weights file {weights_path(spec)} is damaged: {reason}. {cure}")


def _unreachable(spec: BackboneSpec, reason: str) -> WeightsError:
    host = urlsplit(spec.weights.url or "").netloc
    size = bytes_text(spec.weights.bytes)
    bundled = next(other.name for other in backbones() if other.weights.origin == "bundled")
    return WeightsError(
        f"The weights of {spec.name} ({spec.weights.file}, {size}) could not be "
        f"downloaded from {host}: {reason}. With a connection, run: python -m tl_core prefetch "
        f"{spec.name}. Without one, use the bundled backbone {bundled}, or train from random "
        f"weights with --weights none."
    )


def _digest(spec: BackboneSpec) -> str:
    return f"sha256:{spec.weights.sha256_prefix}"


def _read_tensors(spec: BackboneSpec, path: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors.torch import load_file

    try:
        if spec.weights.origin == "bundled":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise many kinds for a file that is not what it seems
        raise damaged(spec, "it cannot be read") from error
    if not isinstance(state, dict) or not all(torch.is_tensor(v) for v in state.values()):
        raise damaged(spec, "it holds something other than tensors")
    return dict(state)
