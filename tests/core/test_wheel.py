"""The wheel: what it holds, and a run with it where the repository is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(1800)]

Call = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Install the wheel by itself; return how to call a program of its environment elsewhere."""
    venv, elsewhere = tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("elsewhere")
    call(sys.executable, "-m", "venv", venv, cwd=elsewhere)
    programs = venv / ("Scripts" if os.name == "nt" else "bin")
    tested = ("-c", ROOT / "requirements.txt")
    call(programs / "python", "-m", "pip", "install", "-q", *tested, wheel, cwd=elsewhere)
    return lambda program, *arguments: call(programs / program, *arguments, cwd=elsewhere)


def call(*command: object, cwd: Path) -> str:
    """Run a program that finds nothing of the repository or of this environment; return stdout."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TL_"))}
    env["TL_HOME"] = str(cwd / "home")
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_and_its_assets_and_nothing_else(wheel: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("without git nobody knows what belongs to the project")
    ours = ("tl_core", "assets", "requirements.txt")
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *ours)
    paths = {path for path in call(*listed, cwd=ROOT).split("\0") if (ROOT / path).is_file()}
    inside = {p if p.startswith("tl_core/") else f"tl_core/{p}" for p in paths}
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == inside
    assert {"tl_core/py.typed", "tl_core/assets/weights/resnet_mini.safetensors"} <= names


def test_the_installed_library_trains_by_its_command(installed: Call) -> None:
    choices = ("--per-class", "2", "--epochs", "1", "--image-size", "32", "--out", "run")
    said = json.loads(installed("tl-core", "train", "produce/market", *choices, "--json"))
    assert said["status"] == "finished"


def test_the_command_and_the_module_are_one_program(installed: Call) -> None:
    version = installed("tl-core", "--version")
    assert version.startswith("tl_core ")
    assert version == installed("python", "-m", "tl_core", "--version")
    assert installed("tl-core", "--help").startswith("usage: tl-core ")


def test_the_installed_library_knows_the_versions_it_was_tested_with(installed: Call) -> None:
    code = "from tl_core.cli.ready.machine import versions; print(versions('Versions').text)"
    assert "every package as tested" in installed("python", "-c", code)
