"""Who may bring public sets of photos to a server: gigabytes, at one click, for everybody."""

from __future__ import annotations

from tl_core.server.visitors import has_instructor, is_instructor
from tl_core.store.database import Store

ASK_FOR_SETS = (
    "On this server your instructor brings public sets. Ask for the one that you would like, or "
    "choose a set that is here already."
)

_SETTING = "learners_fetch"


def may_fetch(store: Store, owner: str) -> bool:
    """Tell whether a learner may have a public set fetched.

    Where there is an instructor, they fetch, and so does everybody once they allow it.
    """
    return not has_instructor() or is_instructor(owner) or learners_fetch(store)


def learners_fetch(store: Store) -> bool:
    """Tell whether the instructor allows learners to have sets fetched."""
    return bool(store.setting(_SETTING, False))


def let_learners_fetch(store: Store, yes: bool) -> None:
    """Allow learners to have sets fetched, or stop it; what is under way goes on."""
    store.set_setting(_SETTING, yes)
