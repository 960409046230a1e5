"""Items that were decoded to check them, kept until training reads them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tl_core.cache import Array
from tl_core.modalities import Modality
from tl_core.modalities.base import Form

ROOM = 64 * 2**20
"""Bytes that are kept for one data set; items beyond it are decoded again."""


class DecodeOnce:
    """Check items by decoding them, and hand them on to training: each is decoded once.

    Parameters
    ----------
    kind
        What the items should be; others are only checked.
    form
        In which training keeps them.
    room
        Bytes that may be kept.
    """

    def __init__(self, kind: Modality, form: Form, room: int = ROOM) -> None:
        self.kind, self.form = kind, form
        self._tensors = kind.load_tensors()
        self._room = room
        self._lock = threading.Lock()
        self._kept: dict[Path, Array] = {}

    def __call__(self, found: Modality, file: Path, item: Any) -> None:
        """Decode an opened item that nobody has checked yet.

        Raises
        ------
        DataError
            If it cannot be decoded.
        """
        if found is not self.kind or self._room <= 0:
            found.check(item)
            return
        array = self._tensors.to_array(item, self.form)
        with self._lock:
            if array.nbytes <= self._room:
                self._room -= array.nbytes
                self._kept[file] = array
            else:
                self._room = 0

    def take(self, file: Path, form: Form) -> Array | None:
        """Return an item in a form if it is kept; it is then let go."""
        kept = self._kept.pop(file, None)
        return kept if form == self.form else None
