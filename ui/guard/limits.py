"""How much may be on its way to the app at the same time; every number can be set on a server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tl_core.data.limits import MB, chosen, set_by
from tl_core.server.limits import UploadLimits


@dataclass(frozen=True)
class GuardLimits:
    """What the app's process takes from browsers before any page sees it.

    Attributes
    ----------
    tabs
        Pages that are open at the same time, of all visitors (``TL_TABS``).
    waiting_bytes, waiting_files
        Of all files that were sent and that no page has read yet (``TL_INCOMING_MB``,
        ``TL_INCOMING_FILES``); they lie on the disk.
    tab_bytes, tab_files
        The same for one tab: twice the bytes of one upload (``TL_UPLOAD_MB``), so that it is the
        page that refuses one, and its files (``TL_UPLOAD_PHOTOS``).
    """

    tabs: int = set_by("TL_TABS", 150)
    waiting_bytes: int = set_by("TL_INCOMING_MB", 4096, MB)
    waiting_files: int = set_by("TL_INCOMING_FILES", 20_000)
    tab_bytes: int = 1000 * MB
    tab_files: int = 5000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> GuardLimits:
        """Read the limits of this server; what is not set has its default.

        Raises
        ------
        ConfigError
            If a variable is no whole number above zero.
        """
        one = UploadLimits.from_environment(environment)
        return cls(tab_bytes=2 * one.sent_bytes, tab_files=one.items, **chosen(cls, environment))
