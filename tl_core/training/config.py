"""What a run is: names and numbers only, enough to repeat it."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from tl_core.backbones.spec import BackboneSpec, backbones
from tl_core.data.read_as import READINGS, ReadAs
from tl_core.errors import ConfigError
from tl_core.freezing import BATCH_NORM_POLICIES, BatchNormPolicy, select_stages
from tl_core.heads import HEADS
from tl_core.modalities import Modality, augmentations
from tl_core.prefix import worthwhile_depth
from tl_core.strategies import STRATEGIES, Phase
from tl_core.training.settings import About, Interval, Options, Setting, settings_of
from tl_core.words import shown

OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD, momentum 0.9"}
SCHEDULES = {
    "constant": "The rate stays as it is.",
    "step": "A tenth of the rate every 7 epochs.",
    "cosine": "The rate falls along half a cosine, to zero.",
    "one_cycle": "The rate rises for a quarter of the phase, then falls to zero.",
}
WEIGHTS = {
    "pretrained": "What the network learned on its source task.",
    "none": "Random values, as before any training.",
}
DEVICES = {
    "auto": "The fastest that is here.",
    "cpu": "The processor.",
    "cuda": "An NVIDIA GPU.",
    "mps": "Apple's GPU.",
}
PRECISIONS = {
    "auto": "Whichever is faster here.",
    "fp32": "32 bits.",
    "bf16": "16 bits where they do, with the range of 32.",
}

FORMER_NAMES = {"image_size": "input_size"}
"""What settings used to be called; runs, links and rooms that were kept still say it."""


def under_present_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their present names, whichever they were kept under.

    Where both names of a setting stand, what stands under the present one holds.
    """
    renamed = {FORMER_NAMES[key]: settings[key] for key in settings if key in FORMER_NAMES}
    return renamed | {key: settings[key] for key in settings if key not in FORMER_NAMES}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that decides a run's numbers. Made by :func:`make_config`, which fills it in.

    Beside each field stands what it means and allows. A strategy may bring other defaults. What is
    ``auto``, and 0 threads or views, is resolved once, when the run is accepted, and stands
    resolved in its record.
    """

    data: Annotated[str, About("{plural}", "Their path or name.", on_screen=False)]
    test: Annotated[
        str | None,
        About(
            "Test {plural}",
            "Another set of the same classes that is only tested on.",
            on_screen=False,
            metavar="DATA",
        ),
    ] = None
    layout: Annotated[
        str,
        About("Layout", "What is a class in the data: folders, names or a table.", on_screen=False),
        Options(READINGS["layout"]),
    ] = "auto"
    pages: Annotated[
        str,
        About("Pages", "Which pages of a file with several are {plural}.", on_screen=False),
        Options(READINGS["pages"]),
    ] = "first"
    zip_names: Annotated[
        str,
        About(
            "Names in a zip",
            "In which encoding they are read, where they do not say theirs.",
            on_screen=False,
            metavar="ENCODING",
        ),
        Options(READINGS["zip_names"]),
    ] = "auto"
    backbone: Annotated[
        str, About("Backbone", "See 'backbones'.", on_screen=False, metavar="NAME")
    ] = "resnet_mini"
    weights: Annotated[
        str,
        About("Weights", "What the network starts from.", on_screen=False),
        Options(WEIGHTS),
    ] = "pretrained"
    strategy: Annotated[
        str,
        About("Strategy", "How the network is transferred.", on_screen=False),
        Options(STRATEGIES),
    ] = "feature_extraction"
    trainable: Annotated[
        str,
        About(
            "Trainable stages",
            "What a strategy that thaws may thaw: all, none, last:N or stages by name.",
            on_screen=False,
        ),
    ]
    epochs: Annotated[
        int,
        About("Epochs", "How often the network sees every training {noun}."),
        Interval(1, 10_000, control=(1, 200)),
    ] = 20
    batch_size: Annotated[
        int,
        About("{plural} in a batch", "How many {plural} make one learning step."),
        Interval(1, 4096, control=(1, 256)),
    ] = 32
    lr: Annotated[
        float,
        About("Learning rate", "How far one step goes. The head's; layers below get less."),
        Interval(1e-8, 10, control=(1e-6, 1)),
    ] = 1e-3
    weight_decay: Annotated[
        float,
        About("Weight decay", "Pulls weights towards zero, against learning by heart."),
        Interval(0, 1, control=(0, 0.5)),
    ] = 0.01
    label_smoothing: Annotated[
        float,
        About("Label smoothing", "Asks for a little less than full certainty."),
        Interval(0, 0.9, control=(0, 0.5)),
    ] = 0.0
    early_stopping: Annotated[
        int,
        About(
            "Early stopping",
            "Stop after so many epochs without a lower validation loss; 0 never stops early.",
        ),
        Interval(0, 10_000, control=(0, 100)),
    ] = 0
    input_size: Annotated[
        int,
        About("{size_title}", "Larger {plural} show more and cost more."),
        Interval(1, 10_000, control=(32, 512)),
    ]
    per_class: Annotated[
        int | None,
        About("{plural} a class", "Train with at most so many {plural} a class."),
        Interval(1, 1_000_000, control=(1, 100_000)),
    ] = None
    seed: Annotated[
        int,
        About("Seed", "The same seed gives the same split and the same numbers."),
        Interval(0, 2**31 - 1),
    ] = 0
    val_fraction: Annotated[
        float,
        About(
            "Validation share",
            "Of the {plural}, where the folders do not say which validate.",
            on_screen=False,
        ),
        Interval(0.01, 0.9),
    ] = 0.3
    augment: Annotated[
        str,
        About("Augmentation", "Shows each {noun} a little differently in every epoch."),
        Options(augmentations),
    ] = "standard"
    augment_views: Annotated[
        int,
        About(
            "Augmented views",
            "How many of each {noun} are kept behind the frozen stages, the epochs taking them in "
            "turn; 0 decides by epochs and {plural}. Without frozen stages every epoch has its "
            "own.",
            on_screen=False,
        ),
        Interval(0, 10_000),
    ] = 0
    head: Annotated[str, About("Head", "What reads the features."), Options(HEADS)] = "linear"
    optimizer: Annotated[
        str,
        About("Optimiser", "How a step is made of the gradients."),
        Options(OPTIMIZERS),
    ] = "adamw"
    schedule: Annotated[
        str,
        About("Learning-rate schedule", "How the rate changes over the epochs."),
        Options(SCHEDULES),
    ] = "cosine"
    batch_norm: Annotated[
        BatchNormPolicy,
        About("BatchNorm", "Whether these layers keep the statistics that they learned elsewhere."),
        Options(BATCH_NORM_POLICIES),
    ]
    class_weights: Annotated[
        bool,
        About("Weight classes by their rarity", "Makes a mistake on a rare class count more."),
    ] = False
    cache: Annotated[
        bool,
        About(
            "Kept features",
            "Computes the frozen stages once, not in every epoch, on the same views.",
            on_screen=False,
        ),
    ] = True
    device: Annotated[str, About("Device", "What computes.", on_screen=False), Options(DEVICES)] = (
        "auto"
    )
    precision: Annotated[
        str,
        About("Precision", "How exactly training computes.", on_screen=False),
        Options(PRECISIONS),
    ] = "auto"
    threads: Annotated[
        int,
        About("Threads", "0 shares the cores out among the slots.", on_screen=False),
        Interval(0, 1024),
    ] = 0

    @property
    def read_as(self) -> ReadAs:
        """How the data are to be read."""
        return ReadAs(self.layout, self.pages, self.zip_names)

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
        """Return the number of stages of a phase that are computed once."""
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
        """Read what :meth:`to_dict` wrote; checked like a new configuration.

        Raises
        ------
        UnknownName, ConfigError
            As :func:`make_config`, or if these are no settings at all.
        """
        if not isinstance(values, Mapping) or "data" not in values:
            raise ConfigError(
                f"A configuration must be settings by their names, with 'data' among them, "
                f"not {shown(values)}."
            )
        settings = dict(values)
        SETTINGS["data"].check(settings["data"])
        return make_config(settings.pop("data"), **settings)

    def to_json(self) -> str:
        """Return the configuration as one JSON object."""
        return json.dumps(self.to_dict(), indent=2)


SETTINGS = settings_of(RunConfig)
"""What each field of :class:`RunConfig` means and allows."""

CHECKPOINT_SHARE = 0.05
"""Writing checkpoints takes at most about this share of a run's time."""

REMEMBERED = 500
"""Training items whose features are kept at most; drawn by lot where there are more."""

DEFAULTS: dict[str, Any] = {
    field.name: field.default
    for field in dataclasses.fields(RunConfig)
    if field.default is not dataclasses.MISSING
}
"""What holds where neither the user nor the strategy says otherwise."""


@cache
def settings_for(modality: Modality | None) -> dict[str, Setting]:
    """Return the settings as they are for one kind of data; None for any."""
    return {name: setting.of(modality) for name, setting in SETTINGS.items()}


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
    choices = under_present_names(choices)
    for key in choices:
        if key not in SETTINGS:
            near = difflib.get_close_matches(key, SETTINGS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"There is no setting {shown(key)}.{hint}")
    chosen = {key: value for key, value in choices.items() if value is not None}
    spec = backbones().get(chosen.get("backbone", DEFAULTS["backbone"]))
    strategy = STRATEGIES.get(chosen.get("strategy", DEFAULTS["strategy"]))
    values: dict[str, Any] = {
        **DEFAULTS,
        "input_size": spec.input_size,
        **strategy.defaults,
        **chosen,
        **strategy.fixed,
    }
    pretrained = values["weights"] == "pretrained"
    values.setdefault("batch_norm", "frozen" if pretrained else "adapt")
    config = RunConfig(data=str(data), **values)
    if isinstance(config.input_size, int):
        spec.check_input_size(config.input_size)
    for name, setting in settings_for(spec.kind).items():
        setting.check(getattr(config, name))
    select_stages(spec.stage_names, config.trainable)
    return config
