"""Backbone & layers: choose a pretrained network and decide which of its stages may learn."""

import streamlit as st

from tl_core.analysis.layer_plan import LayerPlan, plan_facts, rates, strategy_of
from tl_core.backbones.spec import BackboneSpec
from tl_core.errors import TLError
from tl_core.words import count_text
from ui.backbone.backbone_ranking import rank_networks
from ui.backbone.cards import choose_backbone
from ui.backbone.layer_map import layer_map
from ui.backbone.plan import current, follow, planned_run
from ui.backbone.plan_panel import advice_panel, next_step, plan_in_numbers, what_it_risks
from ui.shared.cost import plan_cost
from ui.shared.dataset import training_photos
from ui.shared.navigation import require_router
from ui.shared.page import problem, title
from ui.shared.source import show_source
from ui.shared.state import app_state


def chosen_input_size(spec: BackboneSpec) -> int:
    """Return the size of the network's input; a size that it cannot take is told."""
    chosen: int = app_state().settings.get("input_size", spec.input_size)
    try:
        spec.check_input_size(chosen)
    except TLError as error:
        problem(error)
        return spec.input_size
    return chosen


def stage_switches(spec: BackboneSpec, plan: LayerPlan, input_size: int) -> None:
    """List the stages; the switches do what a click on the map does."""
    shown = f"{'-'.join(plan.trainable)}_{plan.from_scratch}"
    chosen = []
    for stage in spec.stages:
        switch, text = st.columns([1, 3], vertical_alignment="center")
        # The key changes with the plan, so that a click on the map is shown here too.
        on = switch.toggle(
            stage.title, stage.name in plan.trainable, key=f"{spec.name}_{stage.name}_{shown}"
        )
        work = count_text(spec.multiply_adds(stage, input_size))
        text.markdown(f"{stage.detects} *{work} multiply-adds*")
        chosen += [stage.name] * on
    if tuple(chosen) != plan.trainable:
        follow(LayerPlan(tuple(chosen)))
        st.rerun()


require_router("Backbone & layers")
title(
    "Backbone & layers",
    "Choose a network that has learned to see, and decide which of its stages may go on learning.",
)
spec = choose_backbone()
plan = current()
photos = training_photos()
classes = photos.classes if photos else None
input_size = chosen_input_size(spec)
policy = app_state().settings.get("batch_norm", "frozen")
facts = plan_facts(spec, plan, classes, input_size, policy)
if photos:
    rank_networks()

st.subheader(f"{spec.title}, stage by stage", anchor=False)
st.markdown(
    "Each block is a stage. Click one to freeze or thaw it: frozen stages keep what they learned "
    "elsewhere, thawed ones learn from your photos. What stands in front of the dashed line is "
    "computed once."
)
map_column, side = st.columns([5, 2])
with map_column:
    with st.container(border=True):
        clicked = layer_map(
            spec,
            plan,
            head_outputs=classes,
            key=f"map_{spec.name}",
            input_size=input_size,
            rates=rates(spec, plan, strategy_of(plan, app_state().strategies)),
            cached=policy != "adapt_all",
        )
    if clicked != plan:
        follow(clicked)
        st.rerun()
    with st.expander("The same as a list of switches, with what each stage tends to see"):
        stage_switches(spec, plan, input_size)
    show_source("tl_core.freezing:FreezePlan.apply", "tl_core.strategies:layer_wise_rates")
with side:
    with st.container(border=True):
        plan_in_numbers(spec, facts)
        if photos and (planned := planned_run(plan)):
            plan_cost(planned, photos.amount)
        what_it_risks(spec, plan, facts, photos)
        next_step()
    with st.container(border=True):
        advice_panel(spec, plan, photos)
