"""A page with two layer maps and what Python knows about them, for the browser test."""

import streamlit as st

from tl_core.analysis.layer_plan import LayerPlan, rates, strategy_of
from tl_core.backbones.spec import BackboneSpec, Stage, WeightsSource
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing
from ui.backbone.layer_map import layer_map

SEES = ["edges and blobs of colour", "corners and simple textures", "patterns and motifs"]
SEES += ["parts of things, such as wheels, eyes and petals", "whole things, close to the classes"]


def spec(name: str, title: str, shapes: list[tuple[int, int, int]]) -> BackboneSpec:
    stages = tuple(
        Stage(
            name=f"stage{i}" if i else "stem",
            title=f"Stage {i}" if i else "Stem",
            detects=f"Tends to react to {SEES[i * len(SEES) // len(shapes)]}.",
            parameters=parameters,
            output_shape=(channels, side, side),
            multiply_adds=400_000_000 if i else 118_000_000,
        )
        for i, (channels, side, parameters) in enumerate(shapes)
    )
    half = (0.5, 0.5, 0.5)
    return BackboneSpec(
        name=name,
        title=title,
        family="demo",
        modality="photo",
        summary="",
        paper="",
        num_features=shapes[-1][0],
        preprocessing=PhotoPreprocessing(256, 224, "bilinear", half, half),
        weights=WeightsSource("bundled", "demo.safetensors", None, "", 0, "demo", 0.5, "MIT"),
        size_multiple=32,
        stages=stages,
    )


FIVE = spec(
    "five",
    "ResNet-18",
    [
        (64, 112, 9_536),
        (64, 56, 147_968),
        (128, 28, 525_568),
        (256, 14, 2_099_712),
        (512, 7, 8_393_728),
    ],
)
NINE = spec(
    "nine",
    "EfficientNet-B0",
    [
        (32, 112, 928),
        (16, 112, 1_448),
        (24, 56, 16_714),
        (40, 28, 46_640),
        (80, 14, 242_930),
        (112, 14, 543_148),
        (192, 7, 2_026_348),
        (320, 7, 717_232),
        (1280, 7, 412_160),
    ],
)

st.set_page_config(page_title="Layer map", menu_items={"About": "A demo."})
plan = st.session_state.setdefault("plan", LayerPlan(("stage4",)))
if st.button("Thaw everything"):
    plan = LayerPlan(FIVE.stage_names)
if st.button("Freeze everything"):
    plan = LayerPlan(())
st.session_state.plan = layer_map(
    FIVE, plan, head_outputs=2, key="five", rates=rates(FIVE, plan, strategy_of(plan, ()))
)
if st.session_state.plan != plan:
    st.rerun()  # with the rates of the new plan
st.session_state.runs = st.session_state.get("runs", 0) + 1
said = "from scratch" if plan.from_scratch else " ".join(plan.trainable)
st.text(f"plan: {said or 'head only'}")
st.text(f"runs: {st.session_state.runs}")
other = st.session_state.get("other", LayerPlan(("stage7", "stage8")))
st.session_state.other = layer_map(NINE, other, head_outputs=None, key="nine", cached=False)
