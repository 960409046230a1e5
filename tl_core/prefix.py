"""Where the frozen stages of a network end, and what is kept there: arithmetic, no torch."""

from __future__ import annotations

from math import prod

from tl_core.backbones.spec import BackboneSpec

WORTH_IT = 10
"""Multiply-adds that a kept byte must save: reading it costs about as much as computing so many."""

VIEWS_IN_ALL = 1000
"""With fewer training items than this, each is kept in several views, up to so many in all."""


def inference_batch(device: str) -> int:
    """Return the batch size wherever nothing is learned.

    What sixteen photos become on their way stays close to a processor: with 64, measured on two
    cores, resnet18 takes 1.4 times as long a photo and mobilenet_v3_small twice.
    """
    return 16 if device == "cpu" else 64


def default_views(epochs: int, items: int) -> int:
    """Return the number of augmented views of each item that are kept.

    It depends on the number of epochs and items alone, so that the same run sees the same views on
    every machine.
    """
    return max(1, min(epochs, VIEWS_IN_ALL // max(1, items)))


def worthwhile_depth(spec: BackboneSpec, prefix: int, input_size: int) -> int:
    """Return the deepest boundary among the first ``prefix`` stages that is worth keeping, or 0.

    Early boundaries of a large network can be larger than what they save.
    """
    for depth in range(prefix, 0, -1):
        work = sum(spec.multiply_adds(stage, input_size) for stage in spec.stages[:depth])
        if work >= WORTH_IT * prefix_bytes(spec, depth, input_size):
            return depth
    return 0


def prefix_bytes(spec: BackboneSpec, depth: int, input_size: int) -> int:
    """Return the bytes of one item behind the first ``depth`` stages, in fp32."""
    if depth == len(spec.stages):
        return 4 * spec.num_features
    return 4 * prod(spec.output_shape(spec.stages[depth - 1], input_size))
