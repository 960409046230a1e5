"""Dataclasses as plain data for JSON, and back: types say how to read what was written.

What is read may have been written by anybody, so every value is held against its type.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar

from tl_core.words import shown

T = TypeVar("T")

DEEPEST = 20
"""Lists and dictionaries inside one another, where a type says nothing of what they hold."""

LARGEST = 2**63
"""Whole numbers are smaller than this, either way."""


class PlainDataError(ValueError):
    """Plain data is not what its type says."""


class _NotOfItsType(PlainDataError):
    """A value does not fit; each level above it adds where it is."""

    def __init__(self, value: Any, wanted: str) -> None:
        super().__init__(value, wanted)
        self.value, self.wanted, self.where = value, wanted, ""

    def at(self, part: str) -> _NotOfItsType:
        self.where = part + (self.where if self.where[:1] in ("", "[") else f".{self.where}")
        return self

    def __str__(self) -> str:
        return f"{self.where or 'it'} must be {self.wanted}, not {shown(self.value)}"


def to_plain(value: Any) -> Any:
    """Return plain data: dataclasses become dictionaries and paths become text, at any depth."""
    if dataclasses.is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_plain(item) for item in value)
    return str(value) if isinstance(value, Path) else value


def from_plain(kind: type[T], data: Any, *, lenient: bool = False) -> T:
    """Return a value of a type from what :func:`to_plain` made of one.

    Parameters
    ----------
    kind
        A dataclass, or what its fields may be: another one, ``tuple``, ``list``, ``dict`` or
        ``Mapping`` of such, a ``TypedDict``, ``Path``, ``str``, ``bool``, ``int`` below
        ``LARGEST``, a finite ``float``, ``Literal``, one of these or None; or ``Any`` plain data.
    data
        Plain data; what has been decoded already is taken as it is.
    lenient
        Leave out what a dataclass does not know (any more, or yet) instead of refusing it.

    Raises
    ------
    PlainDataError
        If the data does not fit the type.
    """
    value: T = _from_plain(kind, data, lenient)
    return value


def to_tagged(value: Any, tag: str) -> dict[str, Any]:
    """Return a dataclass as plain data, with the name of its type under ``tag``."""
    return {tag: type(value).__name__, **to_plain(value)}


def from_tagged(union: Any, data: Mapping[str, Any], tag: str) -> Any:
    """Return one of a union of dataclasses from what :func:`to_tagged` made of it.

    Raises
    ------
    PlainDataError
        If the data is of none of them.
    """
    rest = dict(data)
    name = rest.pop(tag, None)
    for kind in typing.get_args(union):
        if kind.__name__ == name:
            return _from_plain(kind, rest, False)
    names = ", ".join(kind.__name__ for kind in typing.get_args(union))
    raise _NotOfItsType(name, f"one of {names}").at(tag)


def _from_plain(kind: Any, data: Any, lenient: bool) -> Any:
    if check := _LEAVES.get(kind):
        check(data)
        return data
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data, lenient)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, UnionType):
        if data is None and NoneType in arguments:
            return None
        [kind] = [argument for argument in arguments if argument is not NoneType]
        return _from_plain(kind, data, lenient)
    if origin in (list, tuple):
        return origin(_items(kind, arguments, data, lenient))
    if origin in (dict, Mapping):
        return _mapping(data, lambda key: arguments[1], lenient)
    if origin is Literal:
        if not isinstance(data, str) or data not in arguments:
            raise _NotOfItsType(data, f"one of {', '.join(map(str, arguments))}")
        return data
    if typing.is_typeddict(kind):
        return _typed_dictionary(kind, data, lenient)
    if kind is Path and isinstance(data, str | Path):
        return Path(data)
    if dataclasses.is_dataclass(data) or (isinstance(kind, type) and type(data) is kind):
        return data  # decoded already
    raise _NotOfItsType(data, str(getattr(kind, "__name__", kind)))


def _dataclass(kind: Any, data: Any, lenient: bool) -> Any:
    if isinstance(data, kind):
        return data
    fields = _fields(kind)
    values = _mapping(data, lambda key: fields.get(key), lenient)
    unknown = [key for key in values if key not in fields]
    required = (
        field.name
        for field in dataclasses.fields(kind)
        if field.default is field.default_factory is dataclasses.MISSING
    )
    if missing := [name for name in required if name not in values]:
        raise _NotOfItsType(None, f"given for a {kind.__name__}").at(missing[0])
    if unknown and not lenient:
        raise _NotOfItsType(values[unknown[0]], f"left out: no {kind.__name__} has it").at(
            shown(unknown[0])
        )
    return kind(**{key: value for key, value in values.items() if key in fields})


def _typed_dictionary(kind: Any, data: Any, lenient: bool) -> dict[str, Any]:
    fields = typing.get_type_hints(kind)
    values = _mapping(data, lambda key: fields.get(key), lenient)
    if values.keys() != fields.keys():
        raise _NotOfItsType(list(values), f"{kind.__name__} with {', '.join(fields)}")
    return values


def _mapping(data: Any, kind_of: Callable[[str], Any], lenient: bool) -> dict[str, Any]:
    """Read a dictionary whose keys decide the types of the values; None for an unknown key."""
    if not isinstance(data, Mapping):
        raise _NotOfItsType(data, "values by their names")
    values = {}
    for key, item in data.items():
        if not isinstance(key, str):
            raise _NotOfItsType(key, "text, as every name")
        try:
            kind = kind_of(key)
            values[key] = item if kind is None else _from_plain(kind, item, lenient)
        except _NotOfItsType as error:
            plain = len(key) <= 60 and key.isprintable()
            raise error.at(key if plain else shown(key)) from None
    return values


def _items(kind: Any, arguments: tuple[Any, ...], data: Any, lenient: bool) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise _NotOfItsType(data, "a list")
    if arguments[0] is float and arguments[1:] in ((), (...,)) and _all_finite(data):
        return list(data)  # thousands of probabilities an item
    kinds = (
        arguments if len(arguments) > 1 and arguments[1] is not ... else arguments[:1] * len(data)
    )
    if len(kinds) != len(data):
        raise _NotOfItsType(data, f"a list of {len(kinds)}")
    values = []
    for number, (one, item) in enumerate(zip(kinds, data, strict=True)):
        try:
            values.append(_from_plain(one, item, lenient))
        except _NotOfItsType as error:
            raise error.at(f"[{number}]") from None
    return values


def _all_finite(data: list[Any] | tuple[Any, ...]) -> bool:
    return set(map(type, data)) == {float} and all(map(math.isfinite, data))


@cache
def _fields(kind: type) -> dict[str, Any]:
    """Return the type of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _text(data: Any) -> None:
    if not isinstance(data, str):
        raise _NotOfItsType(data, "text")


def _truth(data: Any) -> None:
    if not isinstance(data, bool):
        raise _NotOfItsType(data, "true or false")


def _whole(data: Any) -> None:
    if not isinstance(data, int) or isinstance(data, bool) or not -LARGEST <= data < LARGEST:
        raise _NotOfItsType(data, "a whole number of at most 64 bits")


def _number(data: Any) -> None:
    if isinstance(data, float) and math.isfinite(data):
        return
    if not isinstance(data, int) or isinstance(data, bool) or not -LARGEST <= data < LARGEST:
        raise _NotOfItsType(data, "a finite number")


def _anything(data: Any, depth: int = 0) -> None:
    """Check plain data of which no type is known; what has been decoded already may be in it."""
    if isinstance(data, bool):
        return
    if isinstance(data, int | float):
        _number(data)
    elif depth > DEEPEST:
        raise _NotOfItsType(data, f"nested at most {DEEPEST} deep")
    elif isinstance(data, Mapping):
        for value in data.values():
            _anything(value, depth + 1)
    elif isinstance(data, list | tuple):
        for value in data:
            _anything(value, depth + 1)


_LEAVES: dict[Any, Callable[[Any], None]] = {
    str: _text,
    bool: _truth,
    int: _whole,
    float: _number,
    Any: _anything,
}
"""Types whose values JSON keeps, and what refuses what is none."""
