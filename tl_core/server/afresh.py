"""Going on with an empty database where the old one is damaged."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from tl_core.execution.local import stop_supervisor, supervisor_alive
from tl_core.store import damage
from tl_core.store.schema import store_url


def begin_afresh() -> Path:
    """End whatever runs, set the damaged database aside, and return the folder it lies in now.

    Raises
    ------
    UserError
        If the database is sound, or is no file here; nothing is touched then.
    """
    file = Path(make_url(store_url()).database or "")
    damage.require_damage(file)
    if supervisor_alive():
        stop_supervisor()
    return damage.move_away(file)
