"""Frozen means free: the frozen stages in front of the first trainable one, run once.

What they make of a photo is a pure function of the photo, so it is computed once for each view and
kept; every epoch then starts at the boundary. Behind the last stage the boundary lies after
pooling: a few hundred numbers a photo, and the head trains as one matrix problem.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from tl_core.backbones.folding import folded
from tl_core.backbones.spec import BackboneSpec, Preprocessing
from tl_core.backbones.staged import StagedBackbone
from tl_core.cache import Array, Arrays, digest, fetching, find
from tl_core.data.views import normalise
from tl_core.device import autocast
from tl_core.modalities.photo.decode import DECODE_SETTINGS
from tl_core.prefix import inference_batch, prefix_bytes
from tl_core.steps import Steps

Images = Callable[[Sequence[int]], torch.Tensor]
"""Returns uint8 images (B, 3, S, S) of photos, given their positions."""


class FrozenPrefix:
    """The frozen stages of one network, and what they make of photos.

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
        photos: Sequence[str],
        view: Sequence[Any],
        images: Images,
        precision: str,
    ) -> Steps[Arrays]:
        """Return what the first ``depth`` stages make of photos, computing what is not kept yet.

        Parameters
        ----------
        photos
            Digest of each of N photos.
        view
            What besides the photo decides the images: the augmentation with its seed and epoch.
        images
            The images of some of the photos.
        precision
            In which the stages run.

        Yields
        ------
        int
            How many photos are done.

        Raises
        ------
        NoRoom
            If it fits nowhere.
        """
        key = digest(
            "features", list(photos), list(view), vars(self.preprocessing), DECODE_SETTINGS, depth,
            self._digest(depth), precision, self.device, torch.__version__,
        )  # fmt: skip
        if (there := find(key)) is not None:
            return there
        start = max((d for d in self.depths if d < depth), default=0)
        if start:  # from the nearest boundary that is kept before this one
            before = yield from self.arrays(start, photos, view, images, precision)
            images = as_tensor(before).__getitem__

        def run() -> Iterator[Array]:
            size = inference_batch(self.device)
            for first in range(0, len(photos), size):
                x = images(range(first, min(first + size, len(photos))))
                yield from self._activations(x, start, depth, precision)

        size = len(photos) * prefix_bytes(self.spec, depth, self.preprocessing.size)
        return (yield from fetching(key, run, size))

    @torch.inference_mode()
    def _activations(
        self, x: torch.Tensor, start: int, depth: int, precision: str
    ) -> Sequence[Array]:
        if not start:
            x = normalise(x, self.preprocessing, self.device)
        x = x.to(self.device)
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
