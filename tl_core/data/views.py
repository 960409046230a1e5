"""Items as tensors: the one view that is measured, and the many that are trained on.

An item is decoded once, and its array is kept (:mod:`tl_core.cache`): for measuring in the
evaluation form, for training as small as its augmentation allows. Every epoch draws a new view
from that. What an item is, and how it is decoded and drawn, only its modality knows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from tl_core.cache import Array, NoRoom, digest, fetch
from tl_core.errors import DataError
from tl_core.modalities import Modality, read_bytes
from tl_core.modalities.base import Form, Preprocessing
from tl_core.parallel import each, stream
from tl_core.steps import Progress


class Items:
    """Files of one kind of data, to be decoded.

    Parameters
    ----------
    kind
        What they are.
    files
        N files.
    digests
        Of what decides the array of each (:meth:`~tl_core.data.spec.DatasetSpec.digests`), under
        which it is kept; None keeps nothing.
    progress
        Called with the number of items decoded and their total.
    calibration
        Of the set that they belong to, or that a network learned from.
    """

    def __init__(
        self,
        kind: Modality,
        files: Sequence[Path],
        digests: Sequence[str] | None = None,
        progress: Progress | None = None,
        calibration: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.kind, self.files, self.digests = kind, files, digests
        self.progress, self.calibration = progress, calibration
        self.tensors = kind.load_tensors()

    def decode(self, file: Path, form: Form) -> Array:
        """Decode one file.

        Raises
        ------
        DataError
            If it is no readable item; the message names it.
        """
        try:
            item = self.kind.open(read_bytes(file), None, self.calibration)
            return self.tensors.to_array(item, form)
        except DataError as error:
            raise DataError(f"{file.name}: {error}") from None

    def keep(self, form: Form) -> Sequence[Array]:
        """Return the arrays of all items, kept on disk or in memory.

        Raises
        ------
        NoRoom
            If there is no room for them.
        """
        if not self.digests:
            return each(lambda file: self.decode(file, form), self.files, self.progress)
        key = digest(
            "arrays", self.kind.name, list(self.digests), dataclasses.astuple(form),  # type: ignore[call-overload]
            dict(self.kind.settings), dict(self.calibration),
        )  # fmt: skip

        def decoded() -> Iterator[Array]:
            return stream(lambda file: self.decode(file, form), self.files, self.progress)

        return fetch(key, decoded, len(self.files) * form.nbytes)

    def evaluation_batch(self, preprocessing: Preprocessing) -> Tensor:
        """Return the views that are measured, as one raw batch (N, ...).

        Raises
        ------
        DataError
            If a file is no readable item; the message names it.
        """
        if not self.files:
            return self.tensors.made_up_batch(0, preprocessing)
        form = self.tensors.evaluation_form(preprocessing)
        if self.digests:
            with contextlib.suppress(NoRoom):
                return torch.from_numpy(self.keep(form).stacked())  # type: ignore[attr-defined]
        arrays = each(lambda file: self.decode(file, form), self.files, self.progress)
        return torch.stack([torch.from_numpy(array) for array in arrays])


class TrainingViews:
    """Training items, of which every epoch sees other views.

    What an item looks like depends on the seed, the epoch and its position alone: not on the batch
    it is in, nor on what was drawn before. No random state of the process is touched.

    Parameters
    ----------
    items
        N items, each decoded once, now.
    preprocessing
        What the weights expect.
    augmentation
        Which changes are drawn; one of the modality's.
    seed
        Of the draws.

    Raises
    ------
    DataError
        If a file is no readable item; the message names it.
    """

    def __init__(
        self, items: Items, preprocessing: Preprocessing, augmentation: Any, seed: int
    ) -> None:
        self.preprocessing, self.augmentation, self.seed = preprocessing, augmentation, seed
        self._tensors = items.tensors
        form = items.tensors.training_form(preprocessing, augmentation)
        self._array: Callable[[int], Array]
        try:
            self._array = items.keep(form).__getitem__
        except NoRoom:  # an item is then decoded when it is asked for, in every epoch again
            self._array = lambda position: items.decode(items.files[position], form)

    def batch(self, positions: Sequence[int], epoch: int) -> Tensor:
        """Draw one view of each item.

        Parameters
        ----------
        positions
            B positions in the list of files.
        epoch
            Other epochs see other views.

        Returns
        -------
        Tensor
            A raw batch (B, ...).
        """
        # A modality draws from torch's global generator: borrow it, and give it back unchanged.
        with torch.random.fork_rng(devices=[]):
            return torch.stack([self._draw(position, epoch) for position in positions])

    def _draw(self, position: int, epoch: int) -> Tensor:
        key = hashlib.sha256(f"{self.seed}/{epoch}/{position}".encode()).digest()
        # Not torch.manual_seed, which would seed the accelerators too.
        torch.default_generator.manual_seed(int.from_bytes(key[:4], "big"))
        array = torch.from_numpy(self._array(position))
        return self._tensors.draw_view(array, self.preprocessing, self.augmentation)
