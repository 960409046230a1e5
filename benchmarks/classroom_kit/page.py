"""What stands on a page, as the server's messages build it up and take it away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

TEXTS = ("heading", "markdown", "text", "alert", "progress", "metric")


@dataclass
class Drawn:
    """An element, the script run that sent it last, and the fragment that it belongs to."""

    kind: str
    element: Any
    run: str
    fragment: str


class Page:
    """The elements that the server has sent and not taken back, by their place."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[int, ...], Drawn] = {}
        self._cache: dict[str, Any] = {}

    @property
    def cached(self) -> list[str]:
        """Hashes of the elements that the server need not send again."""
        return list(self._cache)

    def take(self, message: ForwardMsg, run: str) -> Any:
        """Take in a ``delta`` or a reference to one; return its element, None for a container."""
        delta = self._cache[message.ref_hash] if message.ref_hash else message.delta
        if message.metadata.cacheable:
            self._cache[message.hash] = message.delta
        if delta.WhichOneof("type") != "new_element":
            return None
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind)
        place = tuple(message.metadata.delta_path)
        self._drawn[place] = Drawn(kind, element, run, delta.fragment_id)
        return element

    def tidy(self, run: str, fragments: list[str]) -> None:
        """Take away what a finished run has not drawn again: of its fragments, or of the page."""
        self._drawn = {
            place: drawn
            for place, drawn in self._drawn.items()
            if drawn.run == run or (fragments and drawn.fragment not in fragments)
        }

    def all(self, kind: str) -> list[Any]:
        """Return the elements of a kind, from top to bottom."""
        return [d.element for _, d in sorted(self._drawn.items()) if d.kind == kind]

    def has(self, kind: str, label: str = "") -> bool:
        """Tell whether there is an element whose label begins so."""
        return any(label_of(element).startswith(label) for element in self.all(kind))

    def find(self, kind: str, label: str) -> Any:
        """Return the first element of a kind whose label begins so."""
        for element in self.all(kind):
            if label_of(element).startswith(label):
                return element
        there = [label_of(element) for element in self.all(kind)]
        raise LookupError(f"no {kind} {label!r} among {there} on this page:\n{self.text()}")

    def fragment(self, widget: str) -> str:
        """Return the fragment that a widget belongs to; empty for the page itself."""
        for drawn in self._drawn.values():
            if getattr(drawn.element, "id", "") == widget:
                return drawn.fragment
        return ""

    def ids(self) -> set[str]:
        """Return the ids of all widgets."""
        return {getattr(drawn.element, "id", "") for drawn in self._drawn.values()}

    def text(self) -> str:
        """Return what the page says."""
        return "\n".join(label_of(element) for kind in TEXTS for element in self.all(kind))

    def points(self) -> int:
        """Return how many points the longest line of all charts has."""
        specs = [json.loads(chart.spec) for chart in self.all("echarts_chart")]
        return max((len(s["data"]) for spec in specs for s in spec["series"]), default=0)


def label_of(element: Any) -> str:
    """Return an element's label or text."""
    return next(
        (str(getattr(element, n)) for n in ("label", "body", "text") if hasattr(element, n)), ""
    )
