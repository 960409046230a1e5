"""Frozen means free: the frozen stages in front of the first trainable one, run once.

What they make of an item is a pure function of it, so it is computed once for each view and kept;
every epoch then starts at the boundary. Behind the last stage the boundary lies after pooling: a
few hundred numbers an item, and the head trains as one matrix problem.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from tl_core.backbones.folding import folded
from tl_core.backbones.spec import BackboneSpec
from tl_core.backbones.staged import StagedBackbone
from tl_core.cache import Array, Arrays, digest, fetching, find
from tl_core.device import autocast, send
from tl_core.modalities.base import Preprocessing
from tl_core.prefix import inference_batch, prefix_bytes
from tl_core.steps import Steps

Batches = Callable[[Sequence[int]], torch.Tensor]
"""Returns the raw batch (B, ...) of some items, given their positions."""


class FrozenPrefix:
    """The frozen stages of one network, and what they make of items.

    Parameters
    ----------
    backbone
        Its stages in front of the boundaries stay as they are while this object lives, and are in
        evaluation mode.
    spec
        Facts about it.
    preprocessing
        What the weights expect.
    depths
        Boundaries that are kept on the way to deeper ones, because others start from them.
    device
        Where the stages run.
    """

    def __init__(
        self,
        backbone: StagedBackbone,
        spec: BackboneSpec,
        preprocessing: Preprocessing,
        depths: Collection[int],
        device: str,
    ) -> None:
        self.backbone, self.spec, self.preprocessing = backbone, spec, preprocessing
        self.depths = depths
        self.device = device
        self._weights: dict[int, str] = {}
        self._quick: dict[tuple[int, int], StagedBackbone] = {}

    def arrays(
        self,
        depth: int,
        items: Sequence[str],
        view: Sequence[Any],
        batches: Batches,
        precision: str,
    ) -> Steps[Arrays]:
        """Return the features of items behind the first ``depth`` stages; compute missing ones.

        Parameters
        ----------
        items
            Digest of each of N items.
        view
            What besides the items decides the batches: the augmentation with its seed and epoch.
        batches
            The raw batch of some of the items.
        precision
            In which the stages run.

        Yields
        ------
        int
            How many items are done.

        Raises
        ------
        NoRoom
            If it fits nowhere.
        """
        key = digest(
            "features", list(items), list(view), vars(self.preprocessing),
            dict(self.spec.kind.settings), depth, self._digest(depth), precision, self.device,
            torch.__version__,
        )  # fmt: skip
        if (there := find(key)) is not None:
            return there
        start = max((d for d in self.depths if d < depth), default=0)
        if start:  # from the nearest boundary that is kept before this one
            before = yield from self.arrays(start, items, view, batches, precision)
            batches = as_tensor(before).__getitem__

        def run() -> Iterator[Array]:
            size = inference_batch(self.device)
            for first in range(0, len(items), size):
                x = batches(range(first, min(first + size, len(items))))
                yield from self._activations(x, start, depth, precision)

        size = len(items) * prefix_bytes(self.spec, depth, self.preprocessing.size)
        return (yield from fetching(key, run, size))

    @torch.inference_mode()
    def _activations(
        self, x: torch.Tensor, start: int, depth: int, precision: str
    ) -> Sequence[Array]:
        x = send(x, self.device)
        if (start, depth) not in self._quick:
            self._quick[start, depth] = folded(self.backbone, x[:2], start, depth)
        with autocast(self.device, precision):
            x = self._quick[start, depth].prefix(x, start, depth).cpu()
        if x.ndim == 4:
            x = x.permute(0, 2, 3, 1)
        x = x.contiguous()
        # numpy does not know bfloat16: its bits travel as integers.
        rows: Array = (x.view(torch.int16) if x.dtype == torch.bfloat16 else x).numpy()
        return list(rows)

    def _digest(self, depth: int) -> str:
        """Return a digest of all values that the first ``depth`` stages compute with."""
        if depth not in self._weights:
            found = hashlib.sha256()
            for name in self.backbone.stage_names[:depth]:
                parameters = self.backbone.stage_parameters(name)
                for key, tensor in [*parameters, *self.backbone.stage_buffers(name)]:
                    found.update(key.encode())
                    found.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
            self._weights[depth] = found.hexdigest()
        return self._weights[depth]


def as_tensor(kept: Arrays) -> torch.Tensor:
    """Return activations (N, ...) on the CPU; maps (N, C, H, W) are laid out channels last."""
    x = torch.from_numpy(kept.stacked())
    if x.dtype == torch.int16:
        x = x.view(torch.bfloat16)
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x
