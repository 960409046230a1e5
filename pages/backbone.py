"""Backbone & layers: choose a pretrained network and decide which of its stages may learn."""

import streamlit as st

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.backbones.weights import location
from ui.chrome import literal, readable_dataset, title
from ui.layer_map import layer_map
from ui.state import app_state, save

WHERE = {
    "bundled": "comes with the laboratory",
    "cached": "is on this server",
    "download": "has to be downloaded",
}


def choose() -> BackboneSpec:
    """Let the learner pick a backbone; the ones that need no download come first."""
    state = app_state()
    names = sorted(backbones().names(), key=lambda n: location(backbones().get(n)) == "download")
    name = st.selectbox(
        "Network",
        names,
        index=names.index(state.backbone),
        format_func=lambda n: f"{backbones().get(n).title} · {WHERE[location(backbones().get(n))]}",
    )
    if name != state.backbone:
        state.backbone, state.thawed = name, None
        save()
    return state.spec


def describe(spec: BackboneSpec) -> None:
    """Show what is known about a backbone."""
    st.markdown(spec.summary)
    columns = st.columns(4)
    columns[0].metric("Parameters", f"{spec.total_parameters / 1e6:.1f} M")
    columns[1].metric("Photo size", f"{spec.input_size} px")
    columns[2].metric("Right on its source task", f"{spec.weights.top1:.0%}")
    columns[3].metric("Size of the weights", f"{spec.weights.bytes / 1e6:.0f} MB")
    st.caption(
        f"Learned on {spec.weights.source_task}. {spec.paper}. "
        f"Licence of the weights: {spec.weights.license}"
    )
    if location(spec) == "download":
        st.info(
            "The weights are not on this server yet. They are downloaded when a run needs them; "
            f"a host can do that before class: `python -m tl_core prefetch {spec.name}`",
            icon=":material/download:",
        )


def presets(spec: BackboneSpec) -> None:
    """Offer the usual plans as buttons."""
    names = spec.stage_names
    plans = {
        "Extract features": (),
        "Thaw the last stage": names[-1:],
        "Thaw the last two": names[-2:],
        "Thaw everything": names,
    }
    state = app_state()
    current = next((name for name, plan in plans.items() if plan == state.trainable), None)
    # The key changes with the plan, so that a click on the map is shown here too.
    picked = st.segmented_control(
        "Presets", list(plans), default=current, key=f"preset_{spec.name}_{current}"
    )
    if picked is not None and plans[picked] != state.trainable:
        state.thawed = plans[picked]
        save()
        st.rerun()


def costs(spec: BackboneSpec) -> None:
    """Put the plan in numbers, and say what it risks."""
    thawed = app_state().trainable
    learning = sum(stage.parameters for stage in spec.stages if stage.name in thawed)
    st.metric(
        "Will learn",
        f"{learning:,}",
        f"{learning / spec.total_parameters:.0%} of the backbone",
        delta_color="off",
        delta_arrow="off",
        help="Parameters of the thawed stages. The new head learns too.",
    )
    frozen = spec.stage_names.index(thawed[0]) if thawed else len(spec.stages)
    if frozen:
        st.markdown(
            f"The first **{frozen}** of {len(spec.stages)} stages stay exactly as they are, their "
            "BatchNorm statistics included."
        )
    if learning > 1_000_000:
        st.markdown(
            "Many parameters and few photos: the training curve may leave the validation curve "
            "behind. Small learning rates help, and are the default."
        )
    elif not learning:
        st.markdown("Only the head learns: hard to beat with few photos, and fast.")


def stage_table(spec: BackboneSpec) -> None:
    """List the stages; the switches do what a click on the map does."""
    state = app_state()
    plan = "-".join(state.trainable)  # switches that were made for another plan are made anew
    chosen = []
    for stage in spec.stages:
        switch, text = st.columns([1, 3], vertical_alignment="center")
        on = switch.toggle(
            stage.title, stage.name in state.trainable, key=f"{spec.name}_{stage.name}_{plan}"
        )
        text.markdown(f"{stage.detects} *{stage.multiply_adds / 1e6:,.0f} M multiply-adds*")
        chosen += [stage.name] * on
    if tuple(chosen) != state.trainable:
        state.thawed = tuple(chosen)
        save()
        st.rerun()


title(
    "Backbone & layers",
    "Each block is a stage of the network. Click one to freeze or thaw it: frozen stages keep what "
    "they learned elsewhere, thawed ones learn from your photos.",
)
spec = choose()
describe(spec)
data = readable_dataset()
map_column, side = st.columns([3, 1])
with map_column.container(border=True):
    presets(spec)
    trainable = layer_map(
        spec,
        app_state().trainable,
        head_outputs=len(data[0].classes) if data else None,
        key=f"map_{spec.name}",
    )
    if trainable != app_state().trainable:
        app_state().thawed = trainable
        save()
        st.rerun()
with side.container(border=True):
    costs(spec)
    st.page_link("pages/train.py", label="Next: train", icon=":material/arrow_forward:")
with st.expander("The same as a list, with what each stage tends to see"):
    stage_table(spec)
if data:
    st.caption(f"Photos: {literal(app_state().data_name)}")
