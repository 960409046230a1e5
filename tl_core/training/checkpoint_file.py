"""Reads a checkpoint that nobody vouches for: tensors and plain data, no more than the file has.

torch's reader is told to build nothing else (``weights_only``). What it would allocate is looked at
first: a packed file may claim to hold any number of bytes.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch.optim import Optimizer

from tl_core.reading import MB, Unreadable, opened
from tl_core.words import bytes_text, shown

MOST_BYTES = 4_000 * MB
"""Of a checkpoint; the largest network of the catalogue needs 2.2 GB."""

MOST_PLAIN = 16 * MB
"""Of it that are no tensors: 10,000 epochs take 2 MB."""

_STATE = {
    "SGD": {"momentum_buffer"},
    "Adam": {"step", "exp_avg", "exp_avg_sq"},
    "AdamW": {"step", "exp_avg", "exp_avg_sq"},
}
"""What each optimiser keeps of a parameter."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return what ``torch.save`` wrote of a dictionary of tensors and plain data.

    Raises
    ------
    Unreadable
        If it is something else, or claims more than it holds.
    """
    with opened(path) as stream:
        try:
            _look_inside(stream)
            stream.seek(0)
            values = torch.load(stream, map_location="cpu", weights_only=True)
        except Unreadable:
            raise
        except Exception as error:  # torch and zipfile raise many kinds
            raise Unreadable(f"is damaged ({shown(str(error))})") from error
    if not isinstance(values, dict):
        raise Unreadable("is no checkpoint")
    return values


def _look_inside(stream: BinaryIO) -> None:
    size = os.fstat(stream.fileno()).st_size
    if size > MOST_BYTES:
        raise Unreadable(f"has {bytes_text(size)}, and at most {bytes_text(MOST_BYTES)} are read")
    with zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
    plain = sum(part.file_size for part in parts if "/data/" not in part.filename)
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise Unreadable("is packed, as no checkpoint is")
    if sum(part.file_size for part in parts) > size or plain > MOST_PLAIN:
        raise Unreadable("claims to hold more than it has")


def require_state(optimizer: Optimizer, kept: Mapping[str, Any]) -> None:
    """Refuse the state of an optimiser that does not belong to its parameters.

    Raises
    ------
    Unreadable
        Saying what differs.
    """
    fresh = optimizer.state_dict()
    require_like(kept.get("param_groups"), fresh["param_groups"], "optimizer.param_groups")
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    names = _STATE[type(optimizer).__name__]
    state = kept.get("state")
    if not isinstance(state, Mapping):
        raise Unreadable("holds no state of the optimiser")
    for number, values in state.items():
        known = isinstance(number, int) and 0 <= number < len(parameters)
        if not known or not isinstance(values, Mapping) or values.keys() != names:
            raise Unreadable(f"holds a state of the optimiser for {shown(number)}, which has none")
        for name, value in values.items():
            shape = () if name == "step" else tuple(parameters[number].shape)
            if not isinstance(value, torch.Tensor) or tuple(value.shape) != shape:
                raise Unreadable(f"holds {name} of another shape than parameter {number}")


def require_like(kept: Any, fresh: Any, where: str) -> None:
    """Refuse plain data that is not made as other data is, where both have a name.

    Raises
    ------
    Unreadable
        Naming where they part.
    """
    number = isinstance(fresh, int | float) and not isinstance(fresh, bool)
    if isinstance(fresh, Mapping) and isinstance(kept, Mapping):
        for name in kept.keys() & fresh.keys():
            require_like(kept[name], fresh[name], f"{where}.{name}")
    elif isinstance(fresh, list | tuple) and isinstance(kept, list | tuple):
        if len(kept) != len(fresh):
            raise Unreadable(f"holds {len(kept)} of {where}, and there are {len(fresh)}")
        for position, (value, other) in enumerate(zip(kept, fresh, strict=True)):
            require_like(value, other, f"{where}[{position}]")
    elif number and isinstance(kept, int | float) and not isinstance(kept, bool):
        if not math.isfinite(kept):
            raise Unreadable(f"holds {kept} as {where}")
    elif number or type(kept) is not type(fresh):
        raise Unreadable(f"holds {shown(kept)} as {where}")
