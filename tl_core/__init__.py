"""Transfer learning with frozen and thawed stages, as a small PyTorch library.

The way of a photo, and of this package's folders::

    dataset -> backbone -> freeze plan -> strategy phases -> training events -> run record -> comparison
    data/      backbones/  freezing       strategies         training/                        runs/

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


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'tl_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
