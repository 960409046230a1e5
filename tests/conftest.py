"""Shared by all tests: a home of their own, a fixed seed, and where the development photos lie."""

from __future__ import annotations

import os
import random
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.photos import make_photo_folder
from tests.trained import TrainedBefore
from tl_core.execution.local import LocalExecutor, stop_supervisor
from tl_core.server import visitors
from tl_core.store.database import Store

# Tests run in two processes; two threads in each would wait for one another more than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the internet alone unless it is asked for: a run of all tests is quick and offline."""
    if os.environ.get("TL_NETWORK") == "1":
        return
    for item in items:
        if item.get_closest_marker("network"):
            item.add_marker(pytest.mark.skip(reason="needs the internet; TL_NETWORK=1 runs it"))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "tl_home"
    monkeypatch.setenv("TL_HOME", str(home))
    monkeypatch.delenv("TL_STORE_URL", raising=False)
    return home


@pytest.fixture(autouse=True)
def no_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process know of nobody who came, and of no instructor."""
    monkeypatch.setattr(visitors, "_came_from", OrderedDict())
    monkeypatch.setattr(visitors, "_instructors", set())
    monkeypatch.setattr(visitors, "_instructed", False)


@pytest.fixture(autouse=True)
def fixed_seed() -> Iterator[None]:
    random.seed(0)
    np.random.seed(0)
    yield


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Let torch compute in one thread, however many a test before this one has asked for."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two classes with ten photos each: 14 train, 6 validate. Only read it."""
    return make_photo_folder(tmp_path_factory.mktemp("photos") / "set", per_class=10)


@pytest.fixture(scope="session")
def trained_before(tmp_path_factory: pytest.TempPathFactory) -> TrainedBefore:
    return TrainedBefore(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def store() -> Iterator[Store]:
    """Lend the store of this test's own home."""
    store = Store()
    yield store
    store.close()


@pytest.fixture
def local() -> Iterator[LocalExecutor]:
    executor = LocalExecutor()
    yield executor
    stop_supervisor()
    executor.store.close()


@pytest.fixture(scope="session")
def hymenoptera() -> Path:
    return _shared("hymenoptera")


@pytest.fixture(scope="session")
def malformed() -> Path:
    return _shared("malformed")


@pytest.fixture(scope="session")
def cases() -> Path:
    """Return small sets as people bring them."""
    return _shared("cases")


def _shared(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"the development photos {name!r} are not on this machine")
    return folder
