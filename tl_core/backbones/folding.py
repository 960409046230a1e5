"""BatchNorm folded into the convolution in front of it, for stages that only predict."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tl_core.backbones.staged import StagedBackbone

TOLERANCE = 1e-5
"""Largest change of an output, relative to the largest output, that rounding may bring."""

_FOLDABLE = ((nn.Conv1d, nn.BatchNorm1d), (nn.Conv2d, nn.BatchNorm2d), (nn.Conv3d, nn.BatchNorm3d))


def folded(backbone: StagedBackbone, x: torch.Tensor, start: int, stop: int) -> StagedBackbone:
    """Return a copy of a backbone whose frozen stages have fewer layers and the same answers.

    With stored statistics BatchNorm is a scale and a shift of each channel, and so a part of the
    convolution before it. Pairs are found by their order in the network; whether that is the order
    in which they run is tried out on ``x``.

    Parameters
    ----------
    backbone
        Left as it is; the stages in question are in evaluation mode.
    x
        Some input of stage ``start``, to try it on.
    start, stop
        The stages that the copy is for.

    Returns
    -------
    StagedBackbone
        The backbone itself, if there is nothing to fold or an answer would change.
    """
    if not any(_pairs(backbone.model)):
        return backbone
    quick = copy.deepcopy(backbone).eval().requires_grad_(False)
    for parent, (conv, norm) in list(_pairs(quick.model)):
        layers = dict(parent.named_children())
        setattr(parent, conv, fuse_conv_bn_eval(layers[conv], layers[norm]))  # type: ignore[type-var,arg-type]
        setattr(parent, norm, nn.Identity())
    quick.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode():
        x = x if start == 0 else x.float()  # kept activations may be bf16; a raw batch is as it is
        expected, answer = (net.prefix(x, start, stop) for net in (backbone, quick))
    same = (expected - answer).abs().max() <= TOLERANCE * expected.abs().max()
    return quick if same else backbone


def _pairs(model: nn.Module) -> Iterator[tuple[nn.Module, tuple[str, str]]]:
    """Yield the parent and the names of each convolution that a BatchNorm follows."""
    for parent in model.modules():
        for (first, conv), (second, norm) in itertools.pairwise(parent.named_children()):
            fits = any(isinstance(conv, c) and isinstance(norm, n) for c, n in _FOLDABLE)
            if fits and conv.out_channels == norm.num_features:
                yield parent, (first, second)
