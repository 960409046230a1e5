"""Accessibility faults that axe-core finds on a page, as far as this project wrote the page.

Streamlit's own widgets have faults that no setting of ours reaches. Each is allowed by rule and by
selector, for the version of Streamlit in which it was seen: a new version is looked at anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from axe_playwright_python.sync_playwright import Axe

GRAVE = ("serious", "critical")


@dataclass(frozen=True)
class Allowed:
    """A fault of a widget of Streamlit's.

    Attributes
    ----------
    rule
        Of axe-core (``color-contrast``).
    within
        CSS selector; an element that matches it, or lies in one that does, is Streamlit's.
    versions
        Of Streamlit.
    """

    rule: str
    within: str
    versions: tuple[str, ...]


ALLOWED = (
    # The chosen pill or segment is lettered in the theme's primary colour, whatever its ground.
    Allowed("color-contrast", "[data-testid=stButtonGroup] [data-selected=true]", ("1.67.0",)),
    # So is a quiet button under the pointer. One colour cannot stand out from white and from black.
    Allowed("color-contrast", "[data-testid=stPopoverButton]", ("1.67.0",)),
    # So is the number above a slider's handle; those at its ends fade in and out.
    Allowed("color-contrast", "[data-testid=stSlider]", ("1.67.0",)),
    # Colours of the syntax highlighter.
    Allowed("color-contrast", "[data-testid=stCode]", ("1.67.0",)),
)


def faults(page: Any) -> list[str]:
    """Return the serious and critical faults of a page, a line for each element.

    Wait until the page is drawn and nothing on it moves any more.
    """
    found = Axe().run(page).response["violations"]
    installed = version("streamlit")
    return [
        f"{violation['id']} ({violation['impact']}): {' >> '.join(_path(node))}\n  {node['html']}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
        if not _allowed(page, violation["id"], _path(node), installed)
    ]


def _path(node: dict[str, Any]) -> list[str]:
    """Return the selectors that lead to an element, one for each shadow root on the way."""
    flat: list[str] = []
    for step in node["target"]:
        flat += step if isinstance(step, list) else [step]
    return flat


def _allowed(page: Any, rule: str, path: list[str], installed: str) -> bool:
    selectors = [a.within for a in ALLOWED if a.rule == rule and installed in a.versions]
    if not selectors or len(path) > 1:  # behind a shadow root there is only what we wrote
        return False
    element = page.locator(path[0]).first
    inside: bool = element.evaluate("(e, s) => Boolean(e.closest(s))", ", ".join(selectors))
    return inside
