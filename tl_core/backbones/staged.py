"""A network seen as an ordered list of stages that can be frozen one by one.

The original model object stays what it is: only its final linear layer is taken out. A family file
describes how the rest divides into stages, in terms of the model's own submodules, so the keys of
its ``state_dict`` never change and an exported file loads in plain torchvision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Step = str | Callable[[nn.Module, torch.Tensor], torch.Tensor]
"""Dotted name of a submodule, or a parameter-free function of (model, tensor)."""

State = dict[str, torch.Tensor]


def global_average(_: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Average a map (N, C, ...) over all that follows the channels: (N, C)."""
    return x.mean(tuple(range(2, x.ndim)))


def flatten(_: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Turn a map (N, C, ...) into vectors."""
    return torch.flatten(x, 1)


def _unchanged(x: torch.Tensor) -> torch.Tensor:
    return x


@dataclass(frozen=True)
class StageDef:
    """How one stage is made of the original model's parts.

    Attributes
    ----------
    name, title, detects
        As in :class:`tl_core.backbones.spec.Stage`.
    steps
        What runs, in order.
    owns
        Dotted names of modules and parameters that a function among the steps uses; submodules
        named as steps belong to the stage anyway.
    """

    name: str
    title: str
    detects: str
    steps: tuple[Step, ...]
    owns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a model divides into stages.

    Attributes
    ----------
    stages
        In the order in which they run.
    head_prefix
        Dotted name of the final linear layer.
    pool
        Parameter-free steps from the last stage's output to features (N, F).
    as_map
        Turns a stage's output into a map (N, C, ...) where it is not a map or a vector already.
    """

    stages: tuple[StageDef, ...]
    head_prefix: str
    pool: tuple[Step, ...] = (global_average,)
    as_map: Callable[[torch.Tensor], torch.Tensor] = _unchanged


class StagedBackbone(nn.Module):
    """A model without its final linear layer, run stage by stage.

    A *raw batch* (N, ...) is what the views of items are stacked into. Wherever a batch starts at
    stage 0, the input layer first turns it into what the network expects.

    Parameters
    ----------
    model
        The original model; its final linear layer is replaced by an identity.
    layout
        Its division into stages.
    input_layer
        From a raw batch to the network's input; none for a model that takes it as it is.

    Attributes
    ----------
    num_features : int
        F, the length of the feature vector.

    Raises
    ------
    ValueError
        If a parameter or buffer of the model belongs to no stage or to more than one.
    """

    def __init__(
        self, model: nn.Module, layout: Layout, input_layer: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.input_layer = input_layer or nn.Identity()
        head = model.get_submodule(layout.head_prefix)
        assert isinstance(head, nn.Linear)
        self.num_features = head.in_features
        model.set_submodule(layout.head_prefix, nn.Identity())
        self.model = model
        self.layout = layout
        self.stage_names = tuple(stage.name for stage in layout.stages)
        self._owned = {stage.name: _names(stage.steps) + stage.owns for stage in layout.stages}
        # Dropout in front of the head has no parameters: it follows the mode of the last stage.
        self._owned[self.stage_names[-1]] += _names(layout.pool)
        self._check_ownership()

    @property
    def head_prefix(self) -> str:
        """Where the final linear layer sits in the original model (``fc``, ``heads.head``)."""
        return self.layout.head_prefix

    def run(self, x: torch.Tensor, start: int = 0, stop: int | None = None) -> torch.Tensor:
        """Run stages ``start`` up to but without ``stop`` (default: to the end).

        Parameters
        ----------
        x
            A raw batch (N, ...) for ``start == 0``, else the output of stage ``start - 1``; it is
            left unchanged.
        """
        if start == 0:
            x = self.input_layer(x)
        for stage in self.layout.stages[start:stop]:
            x = self._chain(stage.steps, x)
        return x

    def pool(self, x: torch.Tensor) -> torch.Tensor:
        """Turn the last stage's output into features (N, F), the input of the final layer."""
        return self._chain(self.layout.pool, x)

    def prefix(self, x: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """Run stages ``start`` up to ``stop``; behind the last stage pooling belongs to it.

        Parameters
        ----------
        x
            What :meth:`prefix` returned for ``stop = start``; a raw batch (N, ...) for 0.
        """
        x = self.run(x, start, stop)
        return self.pool(x) if start < stop == len(self.stage_names) else x

    def forward(self, x: torch.Tensor, start: int = 0) -> torch.Tensor:
        """Map a raw batch (N, ...), or what :meth:`prefix` made of it, to features (N, F)."""
        return self.prefix(x, start, len(self.stage_names))

    def as_map(self, x: torch.Tensor) -> torch.Tensor:
        """Show a stage's output as a map (N, C, H, W); vectors become 1 x 1 maps."""
        x = self.layout.as_map(x)
        return x[:, :, None, None] if x.ndim == 2 else x

    def stage_parameters(self, name: str) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield the parameters of a stage with the original model's keys."""
        return (item for item in self.model.named_parameters() if self._owns(name, item[0]))

    def stage_buffers(self, name: str) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the buffers of a stage with the original model's keys."""
        return (item for item in self.model.named_buffers() if self._owns(name, item[0]))

    def stage_modules(self, name: str) -> Iterator[nn.Module]:
        """Yield every module of a stage, at all depths, to set modes or find kinds of layers."""
        return (m for key, m in self.model.named_modules() if self._owns(name, key))

    def state_dict(self, *args: Any, **kwargs: Any) -> State:  # type: ignore[override]
        """Return parameters and buffers under the original model's keys."""
        state: State = self.model.state_dict(*args, **kwargs)
        return state

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load a ``state_dict`` with the original model's keys, as ``nn.Module`` does."""
        return self.model.load_state_dict(*args, **kwargs)

    def _chain(self, steps: Sequence[Step], x: torch.Tensor) -> torch.Tensor:
        for step in steps:
            x = self.model.get_submodule(step)(x) if isinstance(step, str) else step(self.model, x)
        return x

    def _owns(self, name: str, key: str) -> bool:
        return any(key == part or key.startswith(f"{part}.") for part in self._owned[name])

    def _check_ownership(self) -> None:
        tensors = [*self.model.named_parameters(), *self.model.named_buffers()]
        for key, _ in tensors:
            owners = [name for name in self.stage_names if self._owns(name, key)]
            if len(owners) != 1:
                raise ValueError(f"{key} must belong to exactly one stage, not to {owners}.")


def _names(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step for step in steps if isinstance(step, str))
