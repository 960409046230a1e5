"""What somebody hands over: the folder of a run, and the checkpoint of one that goes on."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st

from tests.fuzz.base import answered, everything_in, holds_for
from tests.fuzz.material import changed_json, mutated
from tests.photos import make_photo
from tests.runs import BACKBONE, make_run
from tl_core.runs.compare import compare
from tl_core.runs.restore import predict_files
from tl_core.server.leaderboard import outcome
from tl_core.training.checkpoint import Checkpoint
from tl_core.training.events import EpochEnded, PhaseStarted
from tl_core.training.optim import make_optimizer, make_schedule
from tl_core.training.record import CHECKPOINT, NOVELTY, WEIGHTS, RunRecord


@cache
def _whole_run() -> dict[str, bytes]:
    """Return the files of a whole run, by name."""
    with tempfile.TemporaryDirectory() as folder:
        make_run(Path(folder))
        make_photo(0, size=(40, 40)).save(Path(folder) / "photo.jpg")
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def _run_files() -> st.SearchStrategy[dict[str, bytes]]:
    """Return changes of one or two files of a run."""
    kinds = []
    for name, content in _whole_run().items():
        if name.endswith(".json"):
            whole = changed_json(json.loads(content))
            kinds += [st.tuples(st.just(name), whole), st.tuples(st.just(name), mutated(whole, 2))]
        elif name in (WEIGHTS, NOVELTY):
            kinds.append(st.tuples(st.just(name), _changed_header(content)))
    return st.lists(st.one_of(kinds), min_size=1, max_size=2).map(dict)


def _changed_header(content: bytes) -> st.SearchStrategy[bytes]:
    """Change a safetensors file: its table of contents as JSON, then any of its bytes."""
    length = int.from_bytes(content[:8], "little")
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    told = changed_json(header).map(lambda text: len(text).to_bytes(8, "little") + text + rest)
    return st.one_of(told, mutated(told, 2), mutated(st.just(content), 4))


@holds_for("A run's folder answers for a photo, or says which file is wrong.",
           st.deferred(_run_files), 60)  # fmt: skip
def run(files: dict[str, bytes], folder: Path) -> None:
    """Do with a run's folder all that is done with one that is handed over."""
    for name, content in {**_whole_run(), **files}.items():
        (folder / name).write_bytes(content)
    before = everything_in(folder)
    record = answered(lambda: RunRecord.load(folder))
    if record is not None:
        json.dumps(record.summary(folder), allow_nan=False).encode()
        compare([record, record])
        answered(lambda: outcome(folder))
        answers = answered(lambda: predict_files(folder, [folder / "photo.jpg"]))
        json.dumps(answers, allow_nan=False)
    assert everything_in(folder) == before


@cache
def _checkpoint() -> dict[str, bytes]:
    """Return a checkpoint of a run that never was: whole, and as its parts."""
    with tempfile.TemporaryDirectory() as folder:
        network, optimizer, schedule, config = _at_work()
        sum(p.sum() for g in optimizer.param_groups for p in g["params"]).backward()
        optimizer.step()
        state = {key: value.detach() for key, value in network.state_dict().items()}
        phase = config.phases[0]
        Checkpoint(
            asked=config.to_dict(),
            config=config.to_dict(),
            fingerprint="0" * 64,
            history=[EpochEnded(1, 1, 0.7, 0.5, 0.6, 0.5, 1e-3, 2.0, True)],
            phases=[PhaseStarted(1, phase.name, [], 2, 1, phase.epochs)],
            learned=["classifier.1.bias"],
            steps=1,
            seconds=1.0,
            best_epoch=1,
            best=state,
            classifier=state,
            optimizer=optimizer.state_dict(),
            schedule=schedule.state_dict(),
        ).save(Path(folder))
        content = (Path(folder) / CHECKPOINT).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {"whole": content} | {part.filename: packed.read(part) for part in packed.infolist()}


def _at_work() -> Any:
    """Return a classifier with its optimiser and schedule, and the configuration of both."""
    from tl_core.backbones.build import build_backbone
    from tl_core.classifier import TransferClassifier, make_head
    from tl_core.training.config import make_config

    torch.manual_seed(0)
    config = make_config("photos", backbone=BACKBONE, input_size=32, epochs=2)
    backbone = build_backbone(BACKBONE, pretrained=False, input_size=32)
    network = TransferClassifier(backbone, make_head("linear", backbone.num_features, 2))
    config.phases[0].plan.apply(network)
    optimizer = make_optimizer(network, config.phases[0], config)
    return network, optimizer, make_schedule(optimizer, config.schedule, 2, 4), config


def _checkpoints() -> st.SearchStrategy[bytes]:
    """Change the bytes of a checkpoint, oftener of its pickle, with the zip around it whole."""
    parts = dict(_checkpoint())
    whole = parts.pop("whole")
    [pickle] = [name for name in parts if name.endswith("data.pkl")]

    def packed(content: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, part in {**parts, pickle: content}.items():
                archive.writestr(name, part)
        return stream.getvalue()

    inside = mutated(st.just(parts[pickle]), 4).map(packed)
    return st.one_of(inside, inside, mutated(st.just(whole), 3))


@holds_for("A checkpoint is read and fits its run, or is told to be damaged.",
           st.deferred(_checkpoints), 100)  # fmt: skip
def checkpoint(data: bytes, folder: Path) -> None:
    """Go on from a checkpoint."""
    from tl_core.training.checkpoint import Checkpoints

    (folder / CHECKPOINT).write_bytes(data)
    network, optimizer, schedule, config = _at_work()

    def go_on() -> None:
        kept = Checkpoints(config, folder)
        kept.config  # noqa: B018 (it must be known)
        kept.pending.state()
        kept.restore(network, optimizer, schedule)
        optimizer.zero_grad()
        sum(p.sum() for g in optimizer.param_groups for p in g["params"]).backward()
        optimizer.step()
        schedule.step()

    answered(go_on)
