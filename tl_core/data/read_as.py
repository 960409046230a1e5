"""How a set is to be read, where a person says so."""

from __future__ import annotations

from dataclasses import dataclass

from tl_core.data.archives.names import ENCODINGS
from tl_core.data.layout import LAYOUTS
from tl_core.errors import ConfigError

PAGES = {
    "first": "Of a file with several pages the first one is an item.",
    "all": "Each page of a file is an item of its own; they stay on one side of the split.",
}


AUTO_NAMES = "The likeliest encoding for all names of the archive together."


@dataclass(frozen=True)
class ReadAs:
    """A choice of the reading.

    Attributes
    ----------
    layout
        What is a class: a name of :data:`tl_core.data.layout.LAYOUTS`.
    pages
        Which pages of a file are items: a name of :data:`PAGES`.
    zip_names
        In which encoding names of an archive are read that do not say theirs: ``auto``, or a name
        of :data:`tl_core.data.archives.names.ENCODINGS`.
    """

    layout: str = "auto"
    pages: str = "first"
    zip_names: str = "auto"

    def check(self) -> None:
        """Refuse a name that is none.

        Raises
        ------
        ConfigError
            Naming what is allowed.
        """
        for name, allowed in READINGS.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


READINGS = {"layout": LAYOUTS, "pages": PAGES, "zip_names": {"auto": AUTO_NAMES, **ENCODINGS}}
"""The names that each choice may be, and what they mean."""

AS_FOUND = ReadAs()
"""As the evidence says."""
