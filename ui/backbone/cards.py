"""Cards to choose a backbone from, by family; those that need no download come first."""

from __future__ import annotations

import re

import streamlit as st

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.backbones.weights import location
from tl_core.words import count_text
from ui.backbone.plan import change_backbone
from ui.shared.state import app_state

COLUMNS = 3
"""Cards in a row."""

FAMILIES = {
    "resnet": "ResNet",
    "vgg": "VGG",
    "mobilenet": "MobileNet",
    "efficientnet": "EfficientNet",
    "convnext": "ConvNeXt",
    "densenet": "DenseNet",
    "vit": "Vision transformer",
    "swin": "Swin transformer",
}
"""Names of families for people; another family is shown under its own name."""

HERE = "here"
"""The group of networks whose weights are on this server, whatever their family."""


def groups() -> dict[str, list[BackboneSpec]]:
    """Return the networks by group: those on this server, the bundled first, then each family."""
    every = [backbones().get(name) for name in backbones().names()]
    places = {spec.name: location(spec) for spec in every}
    every.sort(key=lambda spec: ("bundled", "cached", "download").index(places[spec.name]))
    found = {HERE: [spec for spec in every if places[spec.name] != "download"]}
    for family in dict.fromkeys(backbones().get(name).family for name in backbones().names()):
        found[family] = [spec for spec in every if spec.family == family]
    return {group: specs for group, specs in found.items() if specs}


def choose_backbone() -> BackboneSpec:
    """Show the networks as cards and return the chosen one."""
    state = app_state()
    known = groups()
    chosen_here = any(spec.name == state.backbone for spec in known.get(HERE, []))
    group = st.pills(
        "Networks",
        list(known),
        default=HERE if chosen_here else state.spec.family,
        required=True,
        format_func=lambda name: _group_title(name, len(known[name])),
        key="backbone_group",
        persist_state="session",
    )
    cards = known[group]
    for start in range(0, len(cards), COLUMNS):
        row = cards[start : start + COLUMNS]
        for cell, spec in zip(st.columns(COLUMNS), row, strict=False):
            with cell.container(border=True, height="stretch", key=f"card_{spec.name}"):
                _card(spec, spec.name == state.backbone)
    if state.spec not in cards:
        st.caption(f"Chosen: **{state.spec.title}**, of another group.")
    return state.spec


def _group_title(group: str, count: int) -> str:
    title = "On this server" if group == HERE else FAMILIES.get(group, group)
    return title if count == 1 else f"{title} · {count}"


def _card(spec: BackboneSpec, chosen: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        mark = ":primary[:material/check_circle:] " if chosen else ""
        st.markdown(f"{mark}**{spec.title}**", width="content")
        _place(spec)
    st.markdown(spec.summary)
    st.caption(
        f"{count_text(spec.total_parameters)} parameters · {count_text(_work(spec))} "
        f"multiply-adds for a photo of {spec.input_size} px · "
        f"{spec.weights.top1:.1%} right on {spec.weights.source_task}"
    )
    with st.container(horizontal=True, vertical_alignment="bottom", height="stretch"):
        # Of one type and with one tip: where those change, the keyboard's focus is lost.
        st.button(
            "Chosen" if chosen else "Choose",
            key=f"choose_{spec.name}",
            help=f"Work with {spec.title}",
            icon=":material/check:" if chosen else None,
            on_click=change_backbone,
            args=(spec.name,),
        )
        with st.popover("About", type="tertiary"):
            _about(spec)


def _place(spec: BackboneSpec) -> None:
    place = location(spec)
    if place == "bundled":
        st.badge("bundled", icon=":material/inventory_2:", color="green")
    elif place == "cached":
        st.badge("on this server", icon=":material/hard_drive:", color="blue")
    else:
        text = f"{count_text(spec.weights.bytes)}B download"
        st.badge(text, icon=":material/download:", color="gray")


def _about(spec: BackboneSpec) -> None:
    paper = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", spec.paper)
    st.markdown(f"**{spec.title}.** {paper}.")
    st.markdown(
        f"**Weights.** Learned on {spec.weights.source_task}. "
        f"{count_text(spec.weights.bytes)}B, {spec.weights.file}, "
        f"{'part of this project' if spec.weights.origin == 'bundled' else 'from torchvision'}."
    )
    st.markdown(f"**Licence.** {spec.weights.license}")
    if location(spec) == "download":
        st.markdown(
            "**Download.** A run fetches the weights when it needs them. A host can do that before "
            f"class: `python -m tl_core prefetch {spec.name}`"
        )


def _work(spec: BackboneSpec) -> int:
    return sum(stage.multiply_adds for stage in spec.stages)
