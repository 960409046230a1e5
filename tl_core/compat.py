"""Imports torchvision, also beside a torch build that it was not compiled for.

PyPI's Linux wheel of torchvision is built with CUDA. Beside a CPU-only torch its compiled library
cannot be loaded and ``import torchvision`` fails with "operator torchvision::nms does not exist".
Models, weights, transforms and datasets need none of those operators, so declaring the two whose
shapes torchvision describes at import time is enough; only detection models stay out of reach.
With matching builds nothing is declared.

Every module takes torchvision from here: ``from tl_core.compat import torchvision``.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _compiled_operators_load() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("torchvision is not installed: pip install -r requirements.txt")
    for library in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
        except OSError:
            return False
    return hasattr(torch.ops.torchvision, "nms")


patched = not _compiled_operators_load()
"""Whether the operator declarations had to be supplied."""

if patched:
    _library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for _schema in _SCHEMAS:
        _library.define(_schema)  # type: ignore[no-untyped-call]

import torchvision  # noqa: E402

__all__ = ["patched", "torchvision"]
