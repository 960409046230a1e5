"""A backbone and a head together: the network that is trained, saved and exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from tl_core.backbones.staged import StagedBackbone, State
from tl_core.heads import make_head

__all__ = ["TransferClassifier", "make_head"]


class TransferClassifier(nn.Module):
    """A staged backbone with a head of its own.

    Its ``state_dict`` has the original model's keys, the head's under the name of the original's
    final layer. With a linear head it loads in plain torchvision, for instance with
    ``torchvision.models.resnet18(num_classes=2).load_state_dict(...)``.

    Parameters
    ----------
    backbone
        Maps raw batches (N, ...) to features (N, F).
    head
        Maps features (N, F) to scores (N, C), one for each class.
    """

    def __init__(self, backbone: StagedBackbone, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, x: torch.Tensor, start: int = 0) -> torch.Tensor:
        """Map a raw batch (N, ...) to scores (N, C).

        Parameters
        ----------
        x
            A raw batch, or for ``start > 0`` what the first ``start`` stages made of it
            (:meth:`~tl_core.backbones.staged.StagedBackbone.prefix`).
        """
        return self.forward_head(self.backbone(x, start))

    def forward_head(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (N, F) to scores (N, C)."""
        scores: torch.Tensor = self.head(features)
        return scores

    def state_dict(self, *args: Any, prefix: str = "", **kwargs: Any) -> State:  # type: ignore[override]
        """Return parameters and buffers under the original model's keys."""
        state = self.backbone.state_dict(*args, prefix=prefix, **kwargs)
        head = self.head.state_dict(prefix=f"{prefix}{self.backbone.head_prefix}.", **kwargs)
        return {**state, **head}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> None:
        """Load what ``state_dict`` returned, or the state of the original model.

        Raises
        ------
        RuntimeError
            If, with ``strict``, keys are missing or unexpected, or a shape differs.
        """
        prefix = f"{self.backbone.head_prefix}."
        body = {k: v for k, v in state_dict.items() if not k.startswith(prefix)}
        head = {k.removeprefix(prefix): v for k, v in state_dict.items() if k.startswith(prefix)}
        self.backbone.load_state_dict(body, strict=strict, assign=assign)
        self.head.load_state_dict(head, strict=strict, assign=assign)
