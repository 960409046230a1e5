"""How much an archive may hold; every number can be set on a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MB = 2**20
GB = 2**30


def set_by(variable: str, default: int, unit: int = 1) -> Any:
    """Return a field that an environment variable sets, in a unit of so many."""
    return field(default=default * unit, metadata={"variable": variable, "unit": unit})


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
    """

    entries: int = set_by("TL_UPLOAD_ENTRIES", 50_000)
    file_bytes: int = set_by("TL_UPLOAD_FILE_MB", 64, MB)
    total_bytes: int = set_by("TL_UPLOAD_UNPACKED_MB", 2048, MB)


def megabytes(count: int) -> str:
    """Write a number of bytes for people: "0.4 MB", "48 MB", "1.5 GB"."""
    unit, name = (GB, "GB") if count >= GB else (MB, "MB")
    digits = 0 if count >= 10 * unit or count % unit == 0 else 1
    return f"{count / unit:.{digits}f} {name}"
