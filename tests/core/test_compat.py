"""torchvision beside the torch it was compiled for, and beside another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tl_core import compat

ROOT = Path(__file__).parents[2]

BROKEN = """
import torch
def load_library(path):
    raise OSError("libcudart.so.13: cannot open shared object file")
torch.ops.load_library = load_library
from tl_core import compat
assert compat.patched
from torchvision.transforms import v2
model = compat.torchvision.models.resnet18(num_classes=2).eval()
assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 2)
"""

MATCHING = """
import sys, torch
sys.path.insert(0, {folder!r})
compiled = torch.library.Library("torchvision", "DEF")
def load_library(path):
    compiled.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
def refuse(*args):
    raise AssertionError("operators were declared although the compiled ones load")
torch.ops.load_library, torch.library.Library = load_library, refuse
from tl_core import compat
assert not compat.patched
assert compat.torchvision.compiled_for_this_torch
"""

COMPILED = """
import sys, torch
from tl_core.compat import torchvision
assert "torch._dynamo" not in sys.modules
assert torchvision.ops.roi_align.__globals__["is_compile_supported"]("cpu")
double = torch.compile(lambda x: 2 * x, backend="eager", fullgraph=True)
assert double(torch.ones(2)).tolist() == [2, 2]
"""


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_library_that_cannot_be_loaded_is_replaced_by_declarations() -> None:
    run(BROKEN)


def test_with_matching_builds_nothing_is_declared(tmp_path: Path) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("compiled_for_this_torch = True")
    (package / "tv_tensors.py").touch()
    (package / "_C.so").touch()
    run(MATCHING.format(folder=str(tmp_path)))


def test_the_compiler_is_loaded_when_it_is_used() -> None:
    run(COMPILED)


@pytest.mark.skipif(torch.version.cuda is None, reason="torch has no CUDA here")
def test_with_cuda_the_published_wheels_match() -> None:
    assert not compat.patched


@pytest.mark.skipif(
    torch.version.cuda is not None or "+cpu" in compat.torchvision.__version__,
    reason="torch and torchvision are of the same kind here",
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux wheels are built with CUDA")
def test_the_mix_of_builds_is_recognised() -> None:
    assert compat.patched
