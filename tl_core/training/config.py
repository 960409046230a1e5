"""What a run is: names and numbers only, enough to repeat it."""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.errors import ConfigError
from tl_core.freezing import BATCH_NORM_POLICIES, BatchNormPolicy, select_stages
from tl_core.heads import HEADS
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.prefix import worthwhile_depth
from tl_core.strategies import STRATEGIES, Phase

OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD, momentum 0.9"}
SCHEDULES = {
    "constant": "The rate stays as it is.",
    "step": "A tenth of the rate every 7 epochs.",
    "cosine": "The rate falls along half a cosine, to zero.",
    "one_cycle": "The rate rises for a quarter of the phase, then falls to zero.",
}
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")

DEFAULTS: dict[str, Any] = {
    "epochs": 20,
    "batch_size": 32,
    "lr": 1e-3,
    "weight_decay": 0.01,
    "optimizer": "adamw",
    "schedule": "cosine",
    "label_smoothing": 0.0,
    "head": "linear",
    "augment": "standard",
    "class_weights": False,
    "early_stopping": 0,
    "weights": "pretrained",
}
"""What holds where neither the user nor the strategy says otherwise."""

FORMER_NAMES = {"image_size": "input_size"}
"""What settings used to be called; runs, links and rooms that were kept still say it."""


def under_present_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their present names, whichever they were kept under.

    Where both names of a setting stand, what stands under the present one holds.
    """
    renamed = {FORMER_NAMES[key]: settings[key] for key in settings if key in FORMER_NAMES}
    return renamed | {key: settings[key] for key in settings if key not in FORMER_NAMES}


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's numbers. Made by :func:`make_config`, which fills it in.

    Attributes
    ----------
    data, test
        Path (or name) of the photos, and of a second set that is only tested on, or None.
    backbone, strategy, weights
        Names; ``weights`` is ``pretrained`` or ``none``.
    trainable
        ``all``, ``none``, ``last:N`` or stage names: what a strategy that thaws may thaw.
    epochs
        Total over the strategy's phases.
    lr
        Peak learning rate of the head; the strategy derives those of the stages from it.
    early_stopping
        Stop a phase after so many epochs without a lower validation loss; 0 never stops early.
    augment_views
        Augmented views of each training photo that are kept at the boundary of the frozen stages,
        the epochs taking them in turn; 0 derives it from the number of epochs and photos. Where
        nothing is frozen in front, every epoch sees views of its own.
    cache
        Compute the frozen stages once; False runs them in every epoch, on the same views.
    class_weights
        Weight the loss of each class by the inverse of its share of the training photos.
    input_size
        Side in pixels of the network's input.
    seed
        Of the split and of every random stream of the training.
    per_class
        At most so many training photos a class, or None for all.
    device, precision, threads
        Where and how it is computed. ``auto`` (and 0 threads or views) is resolved once, when the
        run is accepted, and stands resolved in the record.
    """

    data: str
    test: str | None
    backbone: str
    strategy: str
    weights: str
    trainable: str
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    optimizer: str
    schedule: str
    label_smoothing: float
    head: str
    batch_norm: BatchNormPolicy
    augment: str
    augment_views: int
    cache: bool
    input_size: int
    class_weights: bool
    early_stopping: int
    seed: int
    val_fraction: float
    per_class: int | None
    device: str
    precision: str
    threads: int

    @property
    def spec(self) -> BackboneSpec:
        """Facts about the backbone."""
        return backbones().get(self.backbone)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What the strategy makes of this configuration."""
        stages = self.spec.stage_names
        return STRATEGIES.get(self.strategy).phases(
            stages,
            select_stages(stages, self.trainable),
            epochs=self.epochs,
            lr=self.lr,
            batch_norm=self.batch_norm,
        )

    def cached_depth(self, phase: Phase) -> int:
        """Return how many stages of a phase are computed once."""
        prefix = phase.plan.frozen_prefix(self.spec.stage_names)
        return worthwhile_depth(self.spec, prefix, self.input_size)

    def replace(self, **changes: Any) -> RunConfig:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Read what :meth:`to_dict` wrote; checked like a new configuration."""
        return make_config(**values)

    def to_json(self) -> str:
        """Return the configuration as one JSON object."""
        return json.dumps(self.to_dict(), indent=2)


@cache
def field_types() -> dict[str, Any]:
    """Return the type of each field of :class:`RunConfig`."""
    return typing.get_type_hints(RunConfig)


def make_config(data: str, **choices: Any) -> RunConfig:
    """Fill a configuration in and check it.

    A value is taken from what the strategy fixes, else from ``choices``, else from the strategy's
    defaults, else from :data:`DEFAULTS` or the backbone. None counts as not chosen. Settings may
    be given under their former names.

    Raises
    ------
    UnknownName, ConfigError
        If a name is unknown or a number outside of its range.
    """
    known = field_types()
    choices = under_present_names(choices)
    for key in choices:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"There is no setting {key!r}.{hint}")
    chosen = {key: value for key, value in choices.items() if value is not None}
    spec = backbones().get(chosen.get("backbone", "resnet_mini"))
    strategy = STRATEGIES.get(chosen.get("strategy", "feature_extraction"))
    values: dict[str, Any] = {
        "test": None,
        "backbone": spec.name,
        "strategy": strategy.name,
        "input_size": spec.input_size,
        "seed": 0,
        "val_fraction": 0.3,
        "per_class": None,
        "device": "auto",
        "precision": "auto",
        "threads": 0,
        "augment_views": 0,
        "cache": True,
        **DEFAULTS,
        **strategy.defaults,
        **chosen,
        **strategy.fixed,
    }
    pretrained = values["weights"] == "pretrained"
    values.setdefault("batch_norm", "frozen" if pretrained else "adapt")
    config = RunConfig(data=str(data), **values)
    _check(config)
    return config


def _check(config: RunConfig) -> None:
    choices: dict[str, tuple[str, ...]] = {
        "weights": ("pretrained", "none"),
        "optimizer": tuple(OPTIMIZERS),
        "schedule": tuple(SCHEDULES),
        "batch_norm": tuple(BATCH_NORM_POLICIES),
        "device": DEVICES,
        "precision": PRECISIONS,
    }
    for key, allowed in choices.items():
        if getattr(config, key) not in allowed:
            raise ConfigError(
                f"{key} cannot be {getattr(config, key)!r}. Allowed: {', '.join(allowed)}."
            )
    AUGMENTATIONS.get(config.augment)
    HEADS.get(config.head)
    config.spec.check_input_size(config.input_size)
    select_stages(config.spec.stage_names, config.trainable)
    ranges: dict[str, tuple[float, float]] = {
        "epochs": (1, 10_000),
        "batch_size": (1, 4096),
        "lr": (1e-8, 10),
        "weight_decay": (0, 1),
        "label_smoothing": (0, 0.9),
        "early_stopping": (0, 10_000),
        "seed": (0, 2**31 - 1),
        "val_fraction": (0.01, 0.9),
        "per_class": (1, 1_000_000),
        "threads": (0, 1024),
        "augment_views": (0, 10_000),
    }
    for key, (low, high) in ranges.items():
        value = getattr(config, key)
        if value is None and key == "per_class":
            continue
        whole = field_types()[key] is int or key == "per_class"
        fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            kind = "whole number" if whole else "number"
            raise ConfigError(f"{key} must be a {kind} from {low:g} to {high:g}, not {value!r}.")
