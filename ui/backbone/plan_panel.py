"""Beside the layer map: the plan in numbers, what it risks, and advice."""

from __future__ import annotations

import streamlit as st

from tl_core.analysis.advice import LARGE_PER_CLASS, LARGE_TOTAL, Advice, Similarity, advise, notes
from tl_core.analysis.layer_plan import LayerPlan, PlanFacts
from tl_core.backbones.spec import BackboneSpec
from tl_core.strategies import STRATEGIES
from tl_core.words import count_text
from ui.backbone.plan import follow
from ui.shared.dataset import TrainingPhotos
from ui.shared.page import figure
from ui.shared.state import app_state
from ui.shared.text import literal

SIMILARITY: dict[Similarity, str] = {"similar": "similar", "different": "quite different"}


def plan_in_numbers(spec: BackboneSpec, facts: PlanFacts) -> None:
    """Show what learns and what is spared."""
    st.markdown("#### This plan")
    figure(
        "Parameters that learn",
        count_text(facts.learning),
        f"{_percent(facts.learning / facts.total)} of the network",
        help="Those of the thawed stages and of the new head.",
    )
    figure(
        "Computed once",
        _percent(facts.once),
        f"{facts.prefix or 'none'} of {len(spec.stages)} stages",
        help="Share of the multiply-adds in front of the first stage that learns. Those stages "
        "give the same answer for the same photo every time, so they are computed once, or once "
        "for each augmented view that is kept, and not in every epoch.",
    )


def what_it_risks(
    spec: BackboneSpec, plan: LayerPlan, facts: PlanFacts, photos: TrainingPhotos | None
) -> None:
    """Show the plan's risks with these photos, or its merits."""
    if photos is None:
        st.page_link(
            "pages/data.py",
            label="See its risks: bring photos",
            icon=":material/arrow_forward:",
        )
        return
    found = notes(
        spec,
        plan.trainable,
        facts.learning,
        photos.photos,
        photos.classes,
        from_scratch=plan.from_scratch,
    )
    for note in found:
        st.markdown(f":material/{'warning' if note.risk else 'check_circle'}: {note.text}")


def next_step() -> None:
    """Name the runs that this plan lines up, and lead to them."""
    state = app_state()
    titles = [STRATEGIES.get(name).title for name in state.strategies]
    photos = f"{literal(state.data_name)} · " if state.data else ""
    st.caption(f"{photos}lined up: {', '.join(titles) or 'nothing yet'}")
    st.page_link("pages/train.py", label="Next: train", icon=":material/arrow_forward:")


def advice_panel(spec: BackboneSpec, plan: LayerPlan, photos: TrainingPhotos | None) -> None:
    """Suggest a plan from the table of size and similarity; the learner may overrule it."""
    st.markdown("#### What to thaw?")
    similarity: Similarity = st.segmented_control(
        "Compared with what it learned on, your photos are",
        list(SIMILARITY),
        default="similar",
        required=True,
        format_func=lambda name: SIMILARITY[name],
        help=f"{spec.title} learned on {spec.weights.source_task}: photos of everyday things. "
        "X-rays, satellite pictures, drawings or the view through a microscope are quite "
        "different.",
        key="similarity",
        persist_state="session",
    )
    if photos is None:
        st.markdown("With your photos at hand, advice appears here.")
        _table(None)
        return
    advice = advise(spec, photos.photos, photos.classes, similarity)
    many = "few" if advice.size == "small" else "many"
    st.markdown(
        f"**{advice.plan}.** You have {many} photos ({photos.photos:,} for training), and they are "
        f"{SIMILARITY[similarity]}. {advice.reason}"
    )
    _apply(advice, plan)
    _table(advice)


def _apply(advice: Advice, plan: LayerPlan) -> None:
    advised = LayerPlan(advice.trainable)
    done = plan == advised
    st.button(
        "You follow this advice" if done else "Follow this advice",
        key="follow_advice",
        icon=":material/check:" if done else None,
        disabled=done,
        on_click=follow,
        args=(advised,),
    )


def _table(advice: Advice | None) -> None:
    cells = {
        ("small", "similar"): "extract features",
        ("large", "similar"): "thaw everything, gently",
        ("small", "different"): "keep early stages, relearn the last",
        ("large", "different"): "thaw everything",
    }
    rows = ["|  | few photos | many photos |", "| --- | --- | --- |"]
    for similarity, words in SIMILARITY.items():
        row = []
        for amount in ("small", "large"):
            text = cells[amount, similarity]
            here = advice is not None and (advice.size, advice.similarity) == (amount, similarity)
            row.append(f"**➤ {text}**" if here else text)
        rows.append(f"| **{words}** | {' | '.join(row)} |")
    with st.popover("The table behind it", type="tertiary", icon=":material/table_chart:"):
        st.markdown("\n".join(rows))
        st.caption(
            "After the [CS231n notes on transfer learning]"
            "(https://cs231n.github.io/transfer-learning/) and "
            "[Yosinski et al. (2014)](https://arxiv.org/abs/1411.1792), who measured that early "
            "layers are general and late ones specific. Neither names a number: here many means "
            f"at least {LARGE_TOTAL:,} training photos and {LARGE_PER_CLASS} a class. Overrule it "
            "and see: that is what this laboratory is for."
        )


def _percent(share: float) -> str:
    percent = 100 * share
    if 0 < percent < 1:
        return "< 0.1 %" if percent < 0.1 else f"{percent:.1f} %"
    return f"{100 if share == 1 else min(99, round(percent))} %"
