"""What holds whatever comes in: an answer or one sentence, and nothing beside it.

``tests/fuzz/test_fuzz.py`` tries each property on a few hundred inputs, the same ones every time;
``benchmarks/fuzz.py`` on as many new ones as there is time for.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
import numpy as np
import torch
from hypothesis import strategies as st
from PIL import Image

from tests.fuzz import material
from tests.fuzz.material import MARKER, NAMES, PHOTOS, PLANTED, ZIPS, changed_json, mutated
from tests.photos import make_photo
from tests.runs import BACKBONE, make_run
from tl_core import cache as arrays
from tl_core import precision
from tl_core.cost.profile import CostProfile, Line, ProfileKey, StageCost
from tl_core.data.archive import extract
from tl_core.data.files import MANIFEST, read_layout
from tl_core.data.limits import ArchiveLimits
from tl_core.data.scan import scan
from tl_core.data.staging import StagingFolder
from tl_core.errors import DataError, TLError
from tl_core.home import home
from tl_core.modalities.photo import PHOTO
from tl_core.runs.compare import compare
from tl_core.runs.restore import predict_files
from tl_core.server.leaderboard import outcome
from tl_core.server.limits import UploadLimits
from tl_core.server.upload_spool import UploadSpool
from tl_core.training.checkpoint import Checkpoint
from tl_core.training.events import EpochEnded, PhaseStarted
from tl_core.training.optim import make_optimizer, make_schedule
from tl_core.training.record import CHECKPOINT, NOVELTY, WEIGHTS, RunRecord
from ui.shared.state import AppState
from ui.train.link import PARTS, decode

LONGEST = 4000
"""Characters of a sentence that refuses something; most have two hundred."""

LIMITS = ArchiveLimits(entries=20, file_bytes=60_000, total_bytes=100_000)


@dataclass(frozen=True)
class Property:
    """One thing that holds whatever comes in.

    Attributes
    ----------
    name, says
        In a word, and in a sentence.
    values
        What comes in.
    holds
        Fails unless it holds for a value, in an empty folder.
    share
        Inputs in a few seconds, roughly.
    """

    name: str
    says: str
    values: st.SearchStrategy[Any]
    holds: Callable[[Any, Path], None]
    share: int

    def test(self, place: Path, seed: int | None, count: int) -> None:
        """Try it on so many inputs; the same ones where no seed is given.

        Raises
        ------
        Exception
            Whatever the smallest input on which it does not hold has raised.
        """

        @hypothesis.settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=seed is None,
            print_blob=False,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        )
        @hypothesis.given(self.values)
        def check(value: Any) -> None:
            self.once(value, place)

        if seed is not None:
            check = hypothesis.seed(seed)(check)
        check()

    def once(self, value: Any, place: Path) -> None:
        """Check it on one input, without a network and in a folder that must stay as it is."""
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place) as folder, _no_network():
            self.holds(value, Path(folder))
            left = sorted(path.name for path in place.iterdir() if str(path) != folder)
        assert not left, f"{left} was left beside the folder"


PROPERTIES: dict[str, Property] = {}
"""By name."""


def _property(
    says: str, values: st.SearchStrategy[Any], share: int = 100
) -> Callable[[Callable[[Any, Path], None]], Callable[[Any, Path], None]]:
    def register(holds: Callable[[Any, Path], None]) -> Callable[[Any, Path], None]:
        PROPERTIES[holds.__name__] = Property(holds.__name__, says, values, holds, share)
        return holds

    return register


def answered(work: Callable[[], Any]) -> Any:
    """Return what some work answers; None where it refuses in one sentence. All else is raised."""
    try:
        return work()
    except TLError as error:
        message = str(error)
        message.encode()  # it goes to browsers and logs
        assert message.strip() and len(message) < LONGEST and len(message.splitlines()) == 1, (
            message
        )
        return None


def everything_in(folder: Path) -> set[str]:
    """Return the paths of all that lies below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@contextmanager
def _no_network() -> Iterator[None]:
    def connect(*_: object) -> None:
        raise AssertionError("something wanted to reach the network")

    with mock.patch.object(socket.socket, "connect", connect):
        yield


# ---------------------------------------------------------------------------------- the way in


@_property("A zip becomes a folder of its own or nothing at all.", ZIPS, 400)
def archive(data: bytes, folder: Path) -> None:
    """Unpack bytes; then read what was unpacked."""
    unpacked = answered(lambda: extract(io.BytesIO(data), folder / "set", LIMITS, name="set"))
    if unpacked is None:
        assert everything_in(folder) == set()
        return
    assert {path.partition("/")[0] for path in everything_in(folder)} == {"set"}
    assert (
        sum(p.stat().st_size for p in unpacked.rglob("*") if p.is_file()) < 2 * LIMITS.total_bytes
    )
    assert all(not path.is_symlink() for path in unpacked.rglob("*"))
    answered(lambda: scan(unpacked))


@_property("A photo is decoded, made smaller and shown, or refused.", mutated(PHOTOS), 300)
def photo(data: bytes, folder: Path) -> None:
    """Do with bytes all that is done with photos."""
    item = answered(lambda: PHOTO.open(data, 1))
    if item is not None:
        answered(lambda: PHOTO.measure(item))
        answered(lambda: PHOTO.check(item))
    answered(lambda: PHOTO.preview(data))
    for made in (PHOTO.rewrite, PHOTO.shrink):
        if (kept := _content(answered(lambda made=made: made(data, 1)))) is not None:
            assert Image.open(io.BytesIO(kept)).format in ("PNG", "JPEG")
            PHOTO.check(PHOTO.open(kept, 1))


@_property("Of a place that is planted in a photo, nothing is kept.", PLANTED, 300)
def privacy(data: bytes, folder: Path) -> None:
    """Keep a photo and look for the place in it."""
    refused = False
    try:
        rewritten = _content(PHOTO.shrink(data, 1))
    except DataError:
        refused = True
    if not refused:
        kept = data if rewritten is None else rewritten
        assert MARKER not in kept
        told = Image.open(io.BytesIO(kept)).info
        assert MARKER.decode() not in str(told) and str(MARKER) not in str(told)
    if (asked := _content(answered(lambda: PHOTO.rewrite(data, 1)))) is not None:
        assert MARKER not in asked


def _content(made: Any) -> bytes | None:
    """Return the bytes of a file that was written anew; None where none was."""
    return getattr(made, "content", made)


@_property("Whatever files are called, each has a place, and none leaves its folder.",
           st.lists(NAMES, max_size=12), 300)  # fmt: skip
def listing(names: list[str], folder: Path) -> None:
    """Take in files of any names, and read what their folders say."""
    with StagingFolder(folder, "set", LIMITS) as staging:
        if answered(lambda: _stage(names, staging)) is None:
            return  # refused as a whole
        layout = read_layout([*staging.files, *staging.skipped])
        known = {layout.prefix + path for path in layout.placed} | set(layout.outside)
        assert known == {*staging.files, *staging.skipped}
        assert all(label and "/" not in label for _, label in layout.placed.values())
        stored = {path for path in everything_in(staging.folder) if path.startswith("files/")}
        assert stored == set(staging.files.values())
        staging.commit(folder / "set")
    assert {path.partition("/")[0] for path in everything_in(folder)} == {"set"}
    answered(lambda: scan(folder / "set"))


def _stage(names: list[str], staging: StagingFolder) -> bool:
    for name in names:
        staging.store(staging.admit(name), io.BytesIO(b"x"))
    return True


@_property("The checking process answers, and leaves what it made or nothing.", ZIPS, 2)
def checker(data: bytes, folder: Path) -> None:
    """Send bytes through the process in which uploads are opened."""
    with mock.patch.dict(os.environ, {"TL_HOME": str(folder / "home")}):
        target = home() / "uploads" / "set"

        def check() -> dict[str, Any]:
            with UploadSpool("set", UploadLimits(entries=20, items=10, seconds=30)) as spool:
                spool.write(io.BytesIO(data))
                return spool.check("items", target, 10**9)

        kept = answered(check)
        assert target.exists() == (kept is not None)
        left = {path for path in everything_in(home() / "incoming") if not path.endswith(".lock")}
        assert left == set()
        log = home() / "logs" / "uploads.log"
        assert not log.read_text(), log.read_text()[-2000:]


# ---------------------------------------------------------------------------------------- links


@_property(
    "A link sets up what the controls allow, and tells what it left out.",
    st.dictionaries(
        st.sampled_from(PARTS),
        st.one_of(
            st.text(max_size=30),
            st.integers().map(str),
            st.floats().map(str),
            st.sampled_from(
                ("produce/market", "../..", "resnet18", "vit_b_16", "layer4", "none", "hybrid", "1",
                 "33", "100000", "fine_tune,hybrid", "sgd", "mlp", "x" * 9000, "\0", "9" * 5000)
            ),
        ),
    ),
    400,
)  # fmt: skip
def link(query: dict[str, str], folder: Path) -> None:
    """Open a link and set up what it says."""
    linked = decode(query)
    assert all(len(note) < LONGEST for note in linked.notes)
    state = AppState.from_dict(linked.given)
    json.dumps(state.to_dict())
    state.data = state.data or "produce/market"
    for strategy in state.strategies:
        answered(lambda strategy=strategy: state.configs([strategy]))


_STATE = AppState(data="x", thawed=("layer4",), settings={"epochs": 3, "lr": 0.1}).to_dict()


@_property("A workspace is read as far as it can be.", changed_json(_STATE), 400)
def workspace(data: bytes, folder: Path) -> None:
    """Read what a learner has set up."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return  # no database hands that out
    if isinstance(values, dict):
        state = AppState.from_dict(values)
        state.trainable  # noqa: B018 (it must be known)
        json.dumps(state.to_dict())
        state.data = "x"
        answered(lambda: state.configs(state.strategies))


# ---------------------------------------------------------------------------------------- runs


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


@_property("A run's folder answers for a photo, or says which file is wrong.",
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


@_property("A checkpoint is read and fits its run, or is told to be damaged.",
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


# ------------------------------------------------------------------------- what is read back


_LINE = Line(1.0, 1.0)
_PROFILE = CostProfile(
    "cpu", "fp32", (StageCost(_LINE, _LINE, _LINE, _LINE, 1.0, 1, 1, 1),), _LINE, _LINE,
    {"none": 1.0}, 1.0, 1.0, 1, 1.0, 1.0, False,
)  # fmt: skip


def _kept() -> st.SearchStrategy[tuple[str, bytes]]:
    from tl_core.codec import to_plain

    manifest = {
        "name": "set",
        "files": {"ant/0.jpg": "files/0"},
        "skipped": {"x": "y"},
        "shrunk": 0,
    }
    fact = {"size": 1, "mtime_ns": 1, "sha256": "", "numbers": {"width": 1}, "kinds": {"mode": "L"}}
    scanned = {
        "modality": "photo",
        "settings": dict(PHOTO.settings),
        "files": {"ant/0.jpg": {**fact, "reason": None}},
    }
    values = {
        MANIFEST: manifest,
        ".tl_scan.json": scanned,
        "machine": {"here/resnet_mini at 32": {"precision": "fp32", "fp32_step_seconds": 1.0}},
        "profile": to_plain(_PROFILE),
        "arrays": {"dtype": "<f4", "shapes": [[2, 2]], "repeat": 2, "seconds": 1.0},
    }
    return st.one_of(
        st.tuples(st.just(name), mutated(changed_json(value), 1)) for name, value in values.items()
    )


@_property("What was kept for later is read, or is as good as none.", st.deferred(_kept), 300)
def kept(file: tuple[str, bytes], folder: Path) -> None:
    """Read a file back that this project writes for itself."""
    name, data = file
    with mock.patch.dict(os.environ, {"TL_HOME": str(folder / "home")}):
        if name in (MANIFEST, ".tl_scan.json"):
            upload = folder / "set"
            (upload / "files").mkdir(parents=True)
            for number in range(2):
                (upload / "files" / str(number)).write_bytes(material.photo("JPEG", seed=number))
            manifest = {"name": "set", "files": {}, "skipped": {}, "shrunk": 0}
            manifest["files"] = {"ant/0.jpg": "files/0", "bee/0.jpg": "files/1"}
            (upload / MANIFEST).write_text(json.dumps(manifest))
            (upload / name).write_bytes(data)
            answered(lambda: scan(upload))
            assert {path.partition("/")[0] for path in everything_in(folder)} <= {"set", "home"}
        elif name == "machine":
            (home() / "machine.json").write_bytes(data)
            precision._known(home() / "machine.json")
        elif name == "profile":
            key = ProfileKey("resnet_mini", 32, "cpu", "fp32", 1)
            key.file.parent.mkdir(parents=True)
            key.file.write_bytes(data)
            CostProfile.load(key)
        else:
            arrays.clear()
            place = home() / "cache" / "arrays"
            (place / "key.json").write_bytes(data)
            np.ones(8, "<f4").tofile(place / "key.bin")
            if (found := arrays.find("key")) is not None:
                for array in list(found)[:100]:
                    array.sum()
    shutil.rmtree(folder / "home", ignore_errors=True)
