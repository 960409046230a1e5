"""Python side of the layer map: a backbone and a plan go in, the chosen stages come out.

Python holds the truth. A click in the browser is shown at once and sent up with a number of its
own; the answer carries that number back, so that an older answer never undoes a newer click.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import ceil
from pathlib import Path
from typing import Any

import streamlit as st

from tl_core.backbones.spec import BackboneSpec, Stage

_FILES = Path(__file__).parent

_component = st.components.v2.component(
    "layer_map",
    css=(_FILES / "layer_map.css").read_text(encoding="utf-8"),
    js=(_FILES / "layer_map.js").read_text(encoding="utf-8"),
)


def layer_map(
    spec: BackboneSpec,
    trainable: Collection[str],
    *,
    head_outputs: int | None,
    key: str,
    image_size: int | None = None,
    on_change: Callable[[], None] | None = None,
) -> tuple[str, ...]:
    """Draw the network as its stages in order; each is a button that freezes or thaws it.

    Parameters
    ----------
    spec
        The network.
    trainable
        Names of the stages that learn now. Keep what this function returns and pass it in again.
    head_outputs
        Number of classes of the new head; None while there is no data set yet.
    key
        Unique name of this map in the app.
    image_size
        Side of the input in pixels where it differs from the backbone's own.
    on_change
        Called once after a click, before the page runs again.

    Returns
    -------
    tuple of str
        Names of the stages that learn, in the order of the network, after a click if there was one.
    """
    turns = st.session_state.setdefault("_layer_map_turns", {})
    click = _latest_click(key)
    if click is not None and click.get("turn") != turns.get(key):
        turns[key] = click.get("turn")
        trainable = _names(click.get("trainable"))
    chosen = tuple(name for name in spec.stage_names if name in trainable)
    _component(
        key=key,
        data={
            "title": spec.title,
            "turn": turns.get(key),
            "trainable": list(chosen),
            "stages": [_stage(stage, spec.input_size, image_size) for stage in spec.stages],
            "head": _head(spec, head_outputs),
        },
        on_click_change=on_change or _nothing,
    )
    return chosen


def _nothing() -> None:
    """Stand in where nobody wants to hear of a change; the component needs a callback."""


def _latest_click(key: str) -> dict[str, Any] | None:
    state = st.session_state.get(key)
    click = state.get("click") if isinstance(state, dict) else None
    return click if isinstance(click, dict) else None


def _names(value: object) -> list[str]:
    # From the browser, so anything could be in it; unknown names are dropped by the caller.
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _stage(stage: Stage, input_size: int, image_size: int | None) -> dict[str, Any]:
    channels, height, width = stage.output_shape
    scale = (image_size or input_size) / input_size
    # A vector stays a vector; a map grows and shrinks with the photo.
    height, width = (side if side == 1 else max(1, ceil(side * scale)) for side in (height, width))
    return {
        "name": stage.name,
        "title": stage.title,
        "detects": stage.detects,
        "channels": channels,
        "side": height / (image_size or input_size),
        "shape": f"{channels} × {height} × {width}",
        "parameters": stage.parameters,
    }


def _head(spec: BackboneSpec, outputs: int | None) -> dict[str, Any]:
    return {
        "name": "head",
        "title": "Head",
        "detects": "Tells your classes apart, learnt from zero; it always trains.",
        "channels": outputs or 2,
        "side": 0,
        "shape": f"{outputs} classes" if outputs else "your classes",
        "parameters": (spec.num_features + 1) * (outputs or 0),
    }
