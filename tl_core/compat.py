"""Imports torchvision: beside a torch that it was not compiled for too, and without the compiler.

PyPI's Linux wheel of torchvision is built with CUDA. Beside a CPU-only torch its compiled library
cannot be loaded and ``import torchvision`` fails with "operator torchvision::nms does not exist".
Models, weights, transforms and datasets need none of those operators, so declaring the two whose
shapes torchvision describes at import time is enough; only detection models stay out of reach.
With matching builds nothing is declared.

torchvision also asks torch's compiler for two functions when it is imported: whether something can
be compiled, and that something should not be. Loading the compiler takes 70 MB and a second, and
nothing is compiled here, so it is not loaded before somebody uses it.

Every module takes torchvision from here: ``from tl_core.compat import torchvision``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

_COMPILER = "torch._dynamo"

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


def _is_compile_supported(device: str) -> bool:
    from torch._dynamo.utils import is_compile_supported

    return bool(is_compile_supported(device))


def _disable(function: Any, *_: Any, **__: Any) -> Any:
    return function


@contextlib.contextmanager
def _compiler_unloaded() -> Iterator[None]:
    """Have what is imported meanwhile ask two small functions, unless the compiler is there."""
    if _COMPILER in sys.modules:
        yield
        return
    compiler, utils = ModuleType(_COMPILER), ModuleType(f"{_COMPILER}.utils")
    vars(compiler)["disable"] = _disable
    vars(utils)["is_compile_supported"] = _is_compile_supported
    stand_ins = {module.__name__: module for module in (compiler, utils)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with _compiler_unloaded():
    import torchvision
    import torchvision.tv_tensors

__all__ = ["patched", "torchvision"]
