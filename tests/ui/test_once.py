"""What must go on in the app's process is not kept where a visitor can empty it."""

from __future__ import annotations

from threading import Barrier, Thread

import streamlit as st

from tests.core.test_imports import ROOT
from tests.ui.lab import Lab
from ui.shared.cleanup import cleanup
from ui.shared.once import Once
from ui.shared.state import executor


def test_a_value_is_made_once_also_when_many_ask_at_the_same_time() -> None:
    made: list[int] = []
    start = Barrier(8)

    @Once
    def value() -> int:
        made.append(len(made))
        return len(made)

    def ask() -> None:
        start.wait()
        value()

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [0] and value() == 1
    assert value.forget() == 1 and value.forget() is None and value() == 2


def test_emptied_caches_stop_neither_the_cleanup_nor_the_executor(lab: Lab) -> None:
    going_on, its_executor = cleanup(), executor()
    st.cache_resource.clear()
    st.cache_data.clear()
    assert cleanup() is going_on and executor() is its_executor
    assert going_on._thread.is_alive()


def test_nothing_of_the_app_is_a_cached_resource() -> None:
    for folder in ("ui", "pages"):
        for file in (ROOT / folder).rglob("*.py"):
            assert "st.cache_resource" not in file.read_text(encoding="utf-8"), file
