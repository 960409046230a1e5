"""How much an archive may hold; every number can be set on a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tl_core.machine import whole_number
from tl_core.words import bytes_text

MB = 2**20
GB = 2**30


def set_by(variable: str, default: int, unit: int = 1) -> Any:
    """Return a field that an environment variable sets, in a unit of so many."""
    return field(default=default * unit, metadata={"variable": variable, "unit": unit})


def chosen(limits: type[Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment sets of the fields that :func:`set_by` made, by their names.

    Raises
    ------
    ConfigError
        If a variable is no whole number above zero.
    """
    found: dict[str, Any] = {}
    for one in fields(limits):
        if not one.metadata:
            continue
        variable, unit = one.metadata["variable"], one.metadata["unit"]
        if (number := whole_number(variable, environment, one.default // unit)) is not None:
            found[one.name] = number * unit
    return found


@dataclass(frozen=True)
class ArchiveLimits:
    """How much one upload may hold, whoever sends it.

    Attributes
    ----------
    entries
        Number of files and folders.
    file_bytes
        Of one file, unpacked; a larger one is left out and named.
    total_bytes
        Of all files together, unpacked.
    classes
        Class folders; with thousands of them no screen and no head of a network is of use.
    """

    entries: int = set_by("TL_UPLOAD_ENTRIES", 50_000)
    file_bytes: int = set_by("TL_UPLOAD_FILE_MB", 64, MB)
    total_bytes: int = set_by("TL_UPLOAD_UNPACKED_MB", 2048, MB)
    classes: int = set_by("TL_UPLOAD_CLASSES", 5000)


def megabytes(count: int) -> str:
    """Write a number of bytes in the unit in which limits are set."""
    return bytes_text(count, 1024)
