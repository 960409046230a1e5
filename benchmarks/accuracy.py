"""Hold our runs against the PyTorch tutorial's own loop: nothing is bought with correctness.

    python benchmarks/accuracy.py --data photos [--seeds 0 1 2 3 4] [--epochs 10]

``photos`` has train/ and val/ with class folders (the tutorial's ants and bees). Both sides train
``resnet_mini`` from the same weights and the same new head, with the tutorial's optimiser, rates,
batch size and kind of augmentation, in the same batch order. Ours decodes once, computes frozen
stages once for a few views and folds BatchNorm; the tutorial's loop does everything in every epoch.
Bar: the mean validation accuracy over the seeds is within 3 points of ``plain``, the tutorial's
loop with our freeze plan; as ``published`` it lets the BatchNorm of frozen stages adapt.

Sasank Chilamkurthy, https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import torch
from PIL import Image
from torch import nn, optim

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tl_core.compat import torchvision  # noqa: E402, F401
from tl_core.modalities.photo.decode import decode  # noqa: E402
from tl_core.seeding import derive  # noqa: E402
from tl_core.stopwatch import Stopwatch  # noqa: E402
from tl_core.training.config import RunConfig, make_config  # noqa: E402
from tl_core.training.events import RunEnded  # noqa: E402
from tl_core.training.loader import batch_positions  # noqa: E402
from tl_core.training.loop import train  # noqa: E402
from tl_core.training.setup import TrainingSetup, set_up  # noqa: E402

# isort: split
from torchvision import transforms  # noqa: E402

PLANS = {"feature extraction": "none", "fine-tuning everything": "all"}


def config(data: Path, plan: str, seed: int, epochs: int) -> RunConfig:
    """Return the tutorial's recipe, for all stages or for the head alone."""
    alone = PLANS[plan] == "none"
    return make_config(
        str(data), backbone="resnet_mini", seed=seed, epochs=epochs, augment="tutorial",
        strategy="feature_extraction" if alone else "tutorial", optimizer="sgd", lr=1e-3,
        weight_decay=0.0, schedule="step", batch_size=4, precision="fp32", device="cpu",
    )  # fmt: skip


def ours(run: RunConfig) -> float:
    """Train with this project's loop; return the best validation accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        last = list(train(run, Path(folder) / "run"))[-1]
    assert isinstance(last, RunEnded), last
    return float(last.summary["best_val_accuracy"])


def plain(run: RunConfig) -> float:
    """Train as the tutorial does, frozen stages in evaluation mode."""
    return tutorial(run, adapts=False)


def published(run: RunConfig) -> float:
    """Train as the tutorial does."""
    return tutorial(run, adapts=True)


def tutorial(run: RunConfig, adapts: bool) -> float:
    """Train the same network with the tutorial's loop; return the best validation accuracy."""
    setup = _set_up(run)
    model, [phase] = setup.classifier, run.phases
    model.backbone.input_layer = nn.Identity()  # the transforms normalise
    phase.plan.apply(model)
    photos = Photographs(setup)
    criterion = nn.CrossEntropyLoss()
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = optim.SGD(learning, lr=0.001, momentum=0.9)
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    best = 0.0
    for epoch in range(1, run.epochs + 1):
        torch.manual_seed(derive(run.seed, "tutorial", epoch))
        if adapts:
            model.train()
        else:
            phase.plan.apply(model)
        for indices in batch_positions(setup, epoch):
            optimizer.zero_grad()
            loss = criterion(model(photos.training(indices)), setup.train_labels[indices])
            loss.backward()
            optimizer.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            answers = [model(batch).argmax(1) for batch in photos.validation.split(4)]
        right = int((torch.cat(answers) == setup.val.labels).sum())
        best = max(best, right / len(setup.val.labels))
    return best


def _set_up(run: RunConfig) -> TrainingSetup:
    """Return the photos, their split, and the network with its new head, as our side starts."""
    steps = set_up(run, Stopwatch(running=False))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            setup: TrainingSetup = end.value
            return setup


class Photographs:
    """Photos as the tutorial's transforms make them of whole pictures."""

    def __init__(self, setup: TrainingSetup) -> None:
        config, dataset, split = setup.config, setup.dataset, setup.split
        pre = config.spec.preprocessing.at(config.input_size)
        end = [transforms.ToTensor(), transforms.Normalize(pre.mean, pre.std)]
        flip = transforms.RandomHorizontalFlip()
        self._draw = transforms.Compose([transforms.RandomResizedCrop(pre.size), flip, *end])
        centre = [transforms.Resize(pre.resize), transforms.CenterCrop(pre.size), *end]
        self._train: list[Image.Image] = [decode(file) for file in dataset.files(split.train)]
        look = transforms.Compose(centre)
        self.validation = torch.stack([look(decode(file)) for file in dataset.files(split.val)])

    def training(self, indices: torch.Tensor) -> torch.Tensor:
        """Return new views (B, 3, S, S) of training photos."""
        return torch.stack([self._draw(self._train[i]) for i in indices.tolist()])


SIDES: dict[str, Callable[[RunConfig], float]] = {f.__name__: f for f in (ours, plain, published)}


def main() -> None:
    """Train both sides for every seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--plans", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    args = parser.parse_args()
    print("| plan | " + " | ".join(args.sides) + " |\n" + "| --- " * (1 + len(args.sides)) + "|")
    for plan in args.plans:
        runs = [config(args.data, plan, seed, args.epochs) for seed in args.seeds]
        means = []
        for name in args.sides:
            found = [SIDES[name](run) for run in runs]
            print(plan, name, found, file=sys.stderr, flush=True)
            means.append(f"{mean(found):.1%}")
        print(f"| {plan} | {' | '.join(means)} |", flush=True)


if __name__ == "__main__":
    main()
