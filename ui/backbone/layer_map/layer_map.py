"""Python side of the layer map: a backbone and a plan go in, the chosen plan comes out.

Python holds the truth. A click in the browser is shown at once and sent up with a number of its
own; the answer carries that number back, so that an older answer never undoes a newer click.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import streamlit as st

from tl_core.analysis.layer_plan import LayerPlan, head_parameters, presets
from tl_core.backbones.spec import BackboneSpec, Stage

_FILES = Path(__file__).parent

_component = st.components.v2.component(
    "layer_map",
    css=(_FILES / "layer_map.css").read_text(encoding="utf-8"),
    js="\n".join(
        (_FILES / name).read_text(encoding="utf-8") for name in ("art.js", "layer_map.js")
    ),
)


def layer_map(
    spec: BackboneSpec,
    plan: LayerPlan,
    *,
    head_outputs: int | None,
    key: str,
    input_size: int | None = None,
    rates: Mapping[str, float] | None = None,
    cached: bool = True,
    on_change: Callable[[], None] | None = None,
) -> LayerPlan:
    """Draw the network as its stages in order; each is a button that freezes or thaws it.

    Parameters
    ----------
    spec
        The network.
    plan
        What learns now. Keep what this function returns and pass it in again.
    head_outputs
        Number of classes of the new head; None while there is no data set yet.
    key
        Unique name of this map in the app.
    input_size
        Size of the input where it differs from the backbone's own.
    rates
        Learning rates of the stages that learn and of the ``head``, as shares of the run's.
    cached
        Whether what is frozen in front of the first learning stage is computed only once.
    on_change
        Called once after a click, before the page runs again.

    Returns
    -------
    LayerPlan
        The plan after a click, or the same if there was none.
    """
    turns = st.session_state.setdefault("_layer_map_turns", {})
    click = _latest_click(key)
    if click is not None and click.get("turn") != turns.get(key):
        turns[key] = click.get("turn")
        plan = _read(click, spec)
    _component(
        key=key,
        # In a list, since Streamlit searches the values of a dictionary for data frames, and loads
        # pandas for that: 66 MB.
        data=[
            {
                "title": spec.title,
                "turn": turns.get(key),
                "trainable": list(plan.trainable),
                "fresh": plan.from_scratch,
                "cached": cached,
                "rates": {name: _short(share) for name, share in (rates or {}).items()},
                "presets": [
                    {"label": label, "trainable": list(to.trainable), "fresh": to.from_scratch}
                    for label, to in presets(spec).items()
                ],
                "stages": [
                    _stage(stage, spec, input_size or spec.input_size) for stage in spec.stages
                ],
                "head": _head(spec, head_outputs),
            }
        ],
        on_click_change=on_change or _nothing,
    )
    return plan


def _nothing() -> None:
    """Stand in where nobody wants to hear of a change; the component needs a callback."""


def _short(share: float) -> str:
    """Return two digits without an exponent (``0.000073``)."""
    return f"{Decimal(f'{share:.2g}'):f}"


def _latest_click(key: str) -> dict[str, Any] | None:
    state = st.session_state.get(key)
    click = state.get("click") if isinstance(state, dict) else None
    return click if isinstance(click, dict) else None


def _read(click: dict[str, Any], spec: BackboneSpec) -> LayerPlan:
    # From the browser, so anything could be in it.
    if click.get("fresh") is True:
        return LayerPlan(spec.stage_names, from_scratch=True)
    names = click.get("trainable")
    wanted = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return LayerPlan(tuple(name for name in spec.stage_names if name in wanted))


def _stage(stage: Stage, spec: BackboneSpec, input_size: int) -> dict[str, Any]:
    channels, *sides = spec.output_shape(stage, input_size)
    return {
        "name": stage.name,
        "title": stage.title,
        "detects": stage.detects,
        "channels": channels,
        "side": sides[0] / input_size,
        "shape": " × ".join(map(str, (channels, *sides))),
        "parameters": stage.parameters,
        "work": round(spec.multiply_adds(stage, input_size)),
    }


def _head(spec: BackboneSpec, outputs: int | None) -> dict[str, Any]:
    return {
        "name": "head",
        "title": "Head",
        "detects": "Tells your classes apart, learnt from zero; it always trains.",
        "channels": outputs or 2,
        "side": 0,
        "shape": f"{outputs} classes" if outputs else "your classes",
        "parameters": head_parameters(spec, outputs),
        "work": spec.num_features * (outputs or 0),
    }
