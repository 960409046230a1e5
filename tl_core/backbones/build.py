"""From the name of a backbone to the network."""

from __future__ import annotations

from tl_core.backbones.catalog import ARCHITECTURES
from tl_core.backbones.spec import backbones
from tl_core.backbones.staged import StagedBackbone
from tl_core.backbones.weights import damaged, load_state


def build_backbone(name: str, *, pretrained: bool, input_size: int | None = None) -> StagedBackbone:
    """Build a backbone that takes raw batches, in training mode as every new module.

    Parameters
    ----------
    name
        As in ``backbones().names()``.
    pretrained
        Load the pretrained weights, downloading them if they are not here yet; otherwise the
        weights are random, drawn from torch's global generator.
    input_size
        In the unit of the backbone's modality; None for the backbone's default.

    Raises
    ------
    UnknownName
        If there is no such backbone.
    ConfigError
        If the network cannot take inputs of that size.
    WeightsError
        If the weights are damaged or out of reach.
    """
    architecture, spec = ARCHITECTURES.get(name), backbones().get(name)
    size = input_size or spec.input_size
    spec.check_input_size(size)
    family = architecture.family
    input_layer = spec.kind.load_tensors().input_layer(spec.preprocessing.at(size))
    backbone = family.build(architecture.builder, size, input_layer)
    if pretrained:
        state = family.adapt(load_state(spec), size)
        head = f"{backbone.head_prefix}."
        try:
            backbone.load_state_dict({k: v for k, v in state.items() if not k.startswith(head)})
        except RuntimeError as error:
            raise damaged(spec, "it does not fit the network") from error
    return backbone
