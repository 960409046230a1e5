"""Which stages learn, and what BatchNorm does meanwhile.

``requires_grad=False`` alone does not freeze a layer: BatchNorm goes on replacing its stored mean
and variance with those of the batch, and dropout goes on dropping. A frozen stage therefore also
runs in evaluation mode. Since ``model.train()`` undoes that, a plan is applied again before every
epoch (https://keras.io/guides/transfer_learning, section on BatchNormalization).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tl_core.errors import ConfigError

if TYPE_CHECKING:
    from tl_core.classifier import TransferClassifier

BatchNormPolicy = Literal["frozen", "adapt", "adapt_all"]

BATCH_NORM_POLICIES: dict[str, str] = {
    "frozen": "All BatchNorm layers of the backbone keep their stored statistics.",
    "adapt": "BatchNorm layers of trainable stages use and update the statistics of each batch.",
    "adapt_all": "So do those of frozen stages: a classic mistake, kept as a lesson.",
}


@dataclass(frozen=True)
class FreezePlan:
    """Which stages of a backbone are trainable; the head always is.

    Attributes
    ----------
    trainable
        Names of the stages that learn, in any combination.
    batch_norm
        ``frozen``: every BatchNorm of the backbone keeps its stored statistics, also in trainable
        stages, where its scale and shift still learn. ``adapt``: BatchNorm of trainable stages uses
        and updates batch statistics. ``adapt_all``: BatchNorm of frozen stages does so too.
    """

    trainable: frozenset[str]
    batch_norm: BatchNormPolicy = "frozen"

    def frozen_prefix(self, stages: tuple[str, ...]) -> int:
        """Return the number of stages in front of the first trainable one.

        Those are a pure function of the picture, except under ``adapt_all``, where there is no
        such prefix.
        """
        if self.batch_norm == "adapt_all":
            return 0
        for position, name in enumerate(stages):
            if name in self.trainable:
                return position
        return len(stages)

    def apply(self, classifier: TransferClassifier) -> None:
        """Set ``requires_grad`` and train or evaluation mode of every part of a classifier."""
        from torch.nn.modules.batchnorm import _BatchNorm

        classifier.head.train()
        classifier.head.requires_grad_(True)
        backbone = classifier.backbone
        for name in backbone.stage_names:
            learns = name in self.trainable
            for _, parameter in backbone.stage_parameters(name):
                parameter.requires_grad_(learns)
            adapts = self.batch_norm == "adapt_all" or (self.batch_norm == "adapt" and learns)
            for module in backbone.stage_modules(name):  # of all depths: no need to descend
                module.training = adapts if isinstance(module, _BatchNorm) else learns


def select_stages(stages: tuple[str, ...], choice: str) -> tuple[str, ...]:
    """Read a choice of stages as people write it.

    Parameters
    ----------
    stages
        All stage names of the backbone, in order.
    choice
        ``all``, ``none``, ``last:N`` or stage names separated by commas or spaces.

    Raises
    ------
    ConfigError
        If the choice names no stage of this backbone.
    """
    if choice == "all":
        return stages
    if choice == "none":
        return ()
    if choice.startswith("last:"):
        count = choice.removeprefix("last:")
        if not count.isdecimal() or not 0 <= int(count) <= len(stages):
            raise ConfigError(
                f"{choice!r} is no choice of stages: this backbone has {len(stages)}, so the last "
                f"last:0 to last:{len(stages)} can be trained."
            )
        return stages[len(stages) - int(count) :]
    wanted = choice.replace(",", " ").split()
    unknown = [name for name in wanted if name not in stages]
    if unknown or not wanted:
        raise ConfigError(
            f"This backbone has no stage {', '.join(map(repr, unknown)) or repr(choice)}. "
            f"Allowed: all, last:N, or some of {', '.join(stages)}."
        )
    return tuple(name for name in stages if name in wanted)
