"""Names for things that can be plugged in: backbones, strategies, heads, augmentations."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Generic, TypeVar

from tl_core.errors import UnknownName
from tl_core.words import shown

T = TypeVar("T")

_COMPARED = 100
"""Characters of an unknown name that are held against the known ones."""


class Registry(Generic[T]):
    """An ordered map from names to things, which refuses duplicates and helps with typing errors.

    Parameters
    ----------
    kind
        What the registry holds, in the singular, for messages ("backbone").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> T:
        """Add an item.

        Raises
        ------
        ValueError
            If the name is already taken.
        """
        if name in self._items:
            raise ValueError(f"The {self.kind} {name!r} is already registered.")
        self._items[name] = item
        return item

    def get(self, name: str) -> T:
        """Return the item of that name.

        Raises
        ------
        UnknownName
            If there is none; the message lists what exists and the nearest name.
        """
        if name in self:
            return self._items[name]
        # Files that nobody vouches for name things too: with anything, at any length.
        start = name[:_COMPARED].lower() if isinstance(name, str) else ""
        near = difflib.get_close_matches(start, self._items, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownName(
            f"There is no {self.kind} named {shown(name)}.{hint} "
            f"Available: {', '.join(self._items)}."
        )

    def names(self) -> list[str]:
        """Return all names in the order of registration."""
        return list(self._items)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)
