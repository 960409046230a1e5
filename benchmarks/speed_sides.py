"""The sides of ``benchmarks/speed.py``: each trains the same network on the same photos.

    python benchmarks/speed_sides.py tutorial '{"data": "photos", "backbone": "resnet18", ...}'

Prints one JSON object; ``seconds`` counts from the first look at the photos to the last number,
without imports. Every side sees the same view of each photo (shorter side resized, centre cropped),
so all of them compute the same thing.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

Job = dict[str, Any]


@contextmanager
def clock(result: Job) -> Iterator[None]:
    """Measure a block's seconds."""
    start = time.perf_counter()
    yield
    result["seconds"] = time.perf_counter() - start


# ---------------------------------------------------------------------------------- the peers


def _model(job: Job) -> Any:
    """Build the network with random weights in torchvision's form, and freeze as asked."""
    import torch
    from torch import nn

    from tl_core.backbones import mini
    from tl_core.compat import torchvision

    torch.manual_seed(0)
    make = getattr(mini, job["backbone"], None) or getattr(torchvision.models, job["backbone"])
    model = make()
    trainable = ("layer4",) if job["trainable"] == "last:1" else ()
    if job["trainable"] != "all":
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.startswith(trainable) if trainable else False
    model.fc = nn.Linear(model.fc.in_features, 2)
    return model


def _transform(job: Job) -> Any:
    from tl_core.compat import torchvision  # noqa: F401

    # isort: split
    from torchvision import transforms

    resize = round(job["size"] / 0.875)
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    return transforms.Compose(
        [
            transforms.Resize(resize),
            transforms.CenterCrop(job["size"]),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )


def tutorial(job: Job) -> Job:
    """Train as the PyTorch transfer-learning tutorial does.

    Sasank Chilamkurthy, https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html:
    photos are decoded and the whole network runs in every epoch, for training and for validation;
    frozen means no gradients; the best weights are copied.
    """
    import torch
    from torch import nn, optim

    from tl_core.compat import torchvision  # noqa: F401

    # isort: split
    from torchvision import datasets

    torch.set_num_threads(job["threads"])
    model = _model(job)
    result: Job = {}
    with clock(result):
        sets = {
            part: datasets.ImageFolder(Path(job["data"]) / part, _transform(job))
            for part in ("train", "val")
        }
        loaders = {
            part: torch.utils.data.DataLoader(
                photos, batch_size=job["batch"], shuffle=part == "train", num_workers=job["workers"]
            )
            for part, photos in sets.items()
        }
        criterion = nn.CrossEntropyLoss()
        learning = [p for p in model.parameters() if p.requires_grad]
        optimizer = optim.SGD(learning, lr=0.001, momentum=0.9)
        schedule = optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
        best, kept = -1.0, None
        for _ in range(job["epochs"]):
            for part, loader in loaders.items():
                model.train(part == "train")
                right = 0
                for images, labels in loader:
                    optimizer.zero_grad()
                    with torch.set_grad_enabled(part == "train"):
                        scores = model(images)
                        loss = criterion(scores, labels)
                        if part == "train":
                            loss.backward()
                            optimizer.step()
                    loss.item()
                    right += int((scores.argmax(1) == labels).sum())
                if part == "train":
                    schedule.step()
                elif right / len(sets["val"]) > best:
                    best, kept = right / len(sets["val"]), copy.deepcopy(model.state_dict())
        model.load_state_dict(kept)
    return result | {"accuracy": best}


def fastai(job: Job) -> Job:
    """Train with fastai's ``vision_learner``, its freezing and its loop."""
    import torch
    from fastai.vision.all import (
        CrossEntropyLossFlat,
        ImageDataLoaders,
        Normalize,
        Resize,
        accuracy,
        imagenet_stats,
        vision_learner,
    )

    from tl_core.backbones import mini
    from tl_core.compat import torchvision

    torch.set_num_threads(job["threads"])
    make = getattr(mini, job["backbone"], None) or getattr(torchvision.models, job["backbone"])
    result: Job = {}
    with clock(result):
        loaders = ImageDataLoaders.from_folder(
            job["data"], train="train", valid="val", item_tfms=Resize(job["size"]),
            batch_tfms=Normalize.from_stats(*imagenet_stats), bs=job["batch"],
            num_workers=job["workers"], device=torch.device("cpu"),
        )  # fmt: skip
        learner = vision_learner(
            loaders, lambda pretrained=False, **_: make(), pretrained=False, normalize=False,
            loss_func=CrossEntropyLossFlat(), metrics=accuracy, cut=-2,
        )  # fmt: skip
        learner.freeze()
        with learner.no_bar(), learner.no_logging():
            learner.fit(job["epochs"], 1e-3)
    return result


# ------------------------------------------------------------------------------- this project


def _config(job: Job, **changes: Any) -> Any:
    from tl_core.training.config import make_config

    strategy = "feature_extraction" if job["trainable"] == "none" else "fine_tune"
    values = {
        "backbone": job["backbone"], "strategy": strategy, "trainable": job["trainable"],
        "weights": job.get("weights", "none"), "epochs": job["epochs"], "batch_size": job["batch"],
        "input_size": job["size"], "augment": "none", "batch_norm": "frozen",
        "precision": job.get("precision", "fp32"), "threads": job["threads"], "device": "cpu",
    }  # fmt: skip
    return make_config(job["data"], **{**values, **changes})


def ours(job: Job) -> Job:
    """Train with this project's loop, from photos that it has never seen."""
    from tl_core.training.loop import train

    config, result = _config(job), {}
    with tempfile.TemporaryDirectory() as folder, clock(result):
        summary = list(train(config, Path(folder) / "run"))[-1].summary  # type: ignore[union-attr]
    return result | {"accuracy": summary["best_val_accuracy"], "precision": summary["precision"]}


def ours_comparison(job: Job) -> Job:
    """Train extraction, hybrid and last-stage tuning, one after the other, as a comparison."""
    from tl_core.training.loader import cached_depths
    from tl_core.training.loop import train

    names = job.get("only") or ("feature_extraction", "hybrid", "fine_tune")
    configs = [_config(job, strategy=name, trainable="last:1") for name in names]
    result: Job = {}
    with tempfile.TemporaryDirectory() as folder, clock(result):
        for config in configs:
            for _ in train(config, Path(folder) / config.strategy, cached_depths(*configs)):
                pass
    return result


def floor(job: Job) -> Job:
    """Decode each photo once and run it forward once, with our layout and precision: no more."""
    import torch

    from tl_core.backbones.build import build_backbone
    from tl_core.data import open_dataset
    from tl_core.data.views import Items
    from tl_core.device import autocast, to_device
    from tl_core.prefix import inference_batch

    torch.set_num_threads(job["threads"])
    config = _config(job)
    dataset, _ = open_dataset(job["data"])  # listing and checking are not part of the floor
    backbone = to_device(
        build_backbone(config.backbone, pretrained=False, input_size=config.input_size), "cpu"
    ).eval()
    preprocessing = config.spec.preprocessing.at(config.input_size)
    result: Job = {}
    with clock(result), torch.inference_mode():
        files = dataset.files(range(len(dataset.items)))
        photos = Items(dataset.kind, files).evaluation_batch(preprocessing)
        for batch in torch.split(photos, inference_batch("cpu")):
            with autocast("cpu", job.get("precision", "fp32")):
                backbone(batch)
    return result


SIDES = {f.__name__: f for f in (tutorial, fastai, ours, ours_comparison, floor)}


def main() -> None:
    """Run one side in a home of its own; imports of torch are over before its clock starts."""
    job: Job = json.loads(sys.argv[2])
    with tempfile.TemporaryDirectory() as home:
        os.environ["TL_HOME"] = home
        import torch

        import tl_core.runs.restore
        import tl_core.training.loop  # noqa: F401

        if sys.argv[1] == "fastai":
            import fastai.vision.all  # noqa: F401
        if "precision" in job and job["precision"] == "auto":
            from tl_core.precision import resolve_precision

            torch.set_num_threads(job["threads"])
            config = _config(job)
            networks = [(config.backbone, config.input_size)]
            resolve_precision("auto", "cpu", job["threads"], networks)  # once, not once a run
        print(json.dumps(SIDES[sys.argv[1]](job)))


if __name__ == "__main__":
    main()
