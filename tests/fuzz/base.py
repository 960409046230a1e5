"""What a property is, and how it is tried."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
from hypothesis import strategies as st

from tl_core.errors import TLError

LONGEST = 4000
"""Characters of a sentence that refuses something; most have two hundred."""


@dataclass(frozen=True)
class Property:
    """One thing that holds whatever comes in.

    Attributes
    ----------
    name, says
        In a word, and in a sentence.
    values
        What comes in.
    holds
        Fails unless it holds for a value, in an empty folder.
    share
        Inputs in a few seconds, roughly.
    """

    name: str
    says: str
    values: st.SearchStrategy[Any]
    holds: Callable[[Any, Path], None]
    share: int

    def test(self, place: Path, seed: int | None, count: int) -> None:
        """Try it on so many inputs; the same ones where no seed is given.

        Raises
        ------
        Exception
            Whatever the smallest input on which it does not hold has raised.
        """

        @hypothesis.settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=seed is None,
            print_blob=False,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        )
        @hypothesis.given(self.values)
        def check(value: Any) -> None:
            self.once(value, place)

        if seed is not None:
            check = hypothesis.seed(seed)(check)
        check()

    def once(self, value: Any, place: Path) -> None:
        """Check it on one input, without a network and in a folder that must stay as it is."""
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place) as folder, _no_network():
            self.holds(value, Path(folder))
            left = sorted(path.name for path in place.iterdir() if str(path) != folder)
        assert not left, f"{left} was left beside the folder"


PROPERTIES: dict[str, Property] = {}
"""By name."""


def holds_for(
    says: str, values: st.SearchStrategy[Any], share: int = 100
) -> Callable[[Callable[[Any, Path], None]], Callable[[Any, Path], None]]:
    """Register a check as a property of all these values; see :class:`Property`."""

    def register(holds: Callable[[Any, Path], None]) -> Callable[[Any, Path], None]:
        PROPERTIES[holds.__name__] = Property(holds.__name__, says, values, holds, share)
        return holds

    return register


def answered(work: Callable[[], Any]) -> Any:
    """Return what some work answers; None where it refuses in one sentence. All else is raised."""
    try:
        return work()
    except TLError as error:
        message = str(error)
        message.encode()  # it goes to browsers and logs
        assert message.strip() and len(message) < LONGEST and len(message.splitlines()) == 1, (
            message
        )
        return None


def everything_in(folder: Path) -> set[str]:
    """Return the paths of all that lies below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@contextmanager
def _no_network() -> Iterator[None]:
    def connect(*_: object) -> None:
        raise AssertionError("something wanted to reach the network")

    with mock.patch.object(socket.socket, "connect", connect):
        yield
