"""Transfer learning with frozen and thawed stages, as a small PyTorch library.

The way of a photo, and of this package's folders::

    dataset -> backbone -> freeze plan -> kept features -> strategy phases -> events -> record -> comparison
    data/      backbones/  freezing       features, cache  strategies         training/         runs/

A run from a notebook::

    from pathlib import Path
    import tl_core

    config = tl_core.make_config("photos/", backbone="resnet_mini", strategy="fine_tune")
    for event in tl_core.train(config, Path("run")):
        print(event)
    record = tl_core.RunRecord.load(Path("run"))

Names are loaded on first use, so ``import tl_core`` is quick and does not load torch.
"""  # noqa: E501 - the picture is as wide as it is

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tl_core.backbones.build import build_backbone as build_backbone
    from tl_core.data import make_split as make_split
    from tl_core.data import open_dataset as open_dataset
    from tl_core.runs.compare import compare as compare
    from tl_core.runs.restore import load_classifier as load_classifier
    from tl_core.runs.restore import predict_files as predict_files
    from tl_core.strategies import STRATEGIES as STRATEGIES
    from tl_core.training.config import RunConfig as RunConfig
    from tl_core.training.config import make_config as make_config
    from tl_core.training.loop import train as train
    from tl_core.training.record import RunRecord as RunRecord

__version__ = "0.1.0"

_HOMES = {
    "STRATEGIES": "tl_core.strategies",
    "RunConfig": "tl_core.training.config",
    "RunRecord": "tl_core.training.record",
    "build_backbone": "tl_core.backbones.build",
    "compare": "tl_core.runs.compare",
    "load_classifier": "tl_core.runs.restore",
    "make_config": "tl_core.training.config",
    "make_split": "tl_core.data",
    "open_dataset": "tl_core.data",
    "predict_files": "tl_core.runs.restore",
    "train": "tl_core.training.loop",
}


if not TYPE_CHECKING:  # a type checker would believe any name

    def __getattr__(name):
        if name in _HOMES:
            value = getattr(importlib.import_module(_HOMES[name]), name)
            globals()[name] = value
            return value
        raise AttributeError(f"module 'tl_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
