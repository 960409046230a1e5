"""Dataclasses as plain data for JSON, and back: types say how to read what was written."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar

T = TypeVar("T")

_AS_THEY_ARE = (int, float, str, bool, Any)
"""Types whose values JSON keeps; they are not looked at one by one."""


class PlainDataError(ValueError):
    """Plain data is not what its type says."""


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
        ``Mapping`` of such, ``Path``, one of these or None; anything else is taken as it is.
    data
        Plain data; parts that have been decoded already are taken as they are.
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
    raise PlainDataError(f"{name!r} is none of {union}.")


def _from_plain(kind: Any, data: Any, lenient: bool) -> Any:
    if kind in _AS_THEY_ARE:
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
        if not isinstance(data, Mapping):
            raise PlainDataError(f"{data!r} is no {kind}.")
        return {key: _from_plain(arguments[1], item, lenient) for key, item in data.items()}
    return Path(data) if kind is Path else data


def _dataclass(kind: Any, data: Any, lenient: bool) -> Any:
    if isinstance(data, kind):
        return data
    if not isinstance(data, Mapping):
        raise PlainDataError(f"{data!r} is no {kind.__name__}.")
    fields = _fields(kind)
    known = {key: item for key, item in data.items() if key in fields} if lenient else data
    try:
        return kind(**{key: _from_plain(fields[key], item, lenient) for key, item in known.items()})
    except (KeyError, TypeError) as error:  # a field too many or too few
        raise PlainDataError(f"This is no {kind.__name__}: {error}.") from error


def _items(kind: Any, arguments: tuple[Any, ...], data: Any, lenient: bool) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise PlainDataError(f"{data!r} is no {kind}.")
    if arguments[0] in _AS_THEY_ARE and arguments[1:] in ((), (...,)):
        return list(data)
    kinds = (
        arguments if len(arguments) > 1 and arguments[1] is not ... else arguments[:1] * len(data)
    )
    if len(kinds) != len(data):
        raise PlainDataError(f"{data!r} is no {kind}: {len(kinds)} items are needed.")
    return [_from_plain(one, item, lenient) for one, item in zip(kinds, data, strict=True)]


@cache
def _fields(kind: type) -> dict[str, Any]:
    """Return the type of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
