"""Counts work instead of timing it: what a count says is the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any


def work_of(call: Callable[[], object], *modules: ModuleType) -> int:
    """Return how many instructions of Python some modules execute during a call."""
    files = {module.__file__ for module in modules}
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in files:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def is_linear(work: Callable[[int], int], size: int) -> bool:
    """Tell whether four times the size takes no more than about four times the work."""
    return work(4 * size) < 5 * work(size)
