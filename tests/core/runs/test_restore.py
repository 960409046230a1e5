"""Folders of runs that somebody hands over: what lies in them is told, in one sentence."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.photos import make_photo
from tests.runs import BACKBONE, change, make_run
from tl_core.cli import main
from tl_core.errors import TLError
from tl_core.runs import restore
from tl_core.runs.restore import predict_files
from tl_core.training.record import NOVELTY, WEIGHTS, RunRecord


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    make_photo(0).save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


def refusal(run: Path, photo: Path) -> str:
    """Expect that no part of a run is believed; return the one sentence that says why."""
    with pytest.raises(TLError) as caught:
        predict_files(run, [photo])
    message = str(caught.value)
    assert str(run) in message and "\n" not in message and len(message) < 1000
    return message


def test_a_whole_run_answers(run: Path, photo: Path) -> None:
    [answer] = predict_files(run, [photo]).predictions
    assert answer["class"] in ("ant", "bee") and 0 <= answer["novelty"] <= 1


def at(*keys: Any, value: Any) -> Callable[[Any], None]:
    """Return a change of one value, deep inside."""

    def how(values: Any) -> None:
        for key in keys[:-1]:
            values = values[key]
        values[keys[-1]] = value

    return how


LIES: dict[str, tuple[str, Callable[[Any], object], str]] = {
    "an image of a million pixels": ("config.json", at("input_size", value=10**6), "at most 1024"),
    "a network that is none": ("config.json", at("backbone", value="resnet1800"), "resnet18"),
    "a network that is a list": ("config.json", at("backbone", value=["resnet18"]), "Available"),
    "a strategy that is none": ("config.json", at("strategy", value="magic"), "Available"),
    "stages that are none": (
        "config.json",
        lambda values: values.update(strategy="fine_tune", trainable="layer9"),
        "has no stage 'layer9'",
    ),
    "endless text": ("config.json", at("data", value="x" * 5000), "at most 4096"),
    "a huge number": ("config.json", at("epochs", value=10**400), "from 1 to 10000"),
    "another setting": ("config.json", at("colour", value=1), "no setting 'colour'"),
    "no configuration": ("config.json", lambda values: values.clear(), "'data' among them"),
    "a status that is none": ("record.json", at("status", value="great"), "status must be one of"),
    "no classes": ("record.json", at("classes", value=[]), "classes must be 1 to 10,000 names"),
    "many classes": ("record.json", at("classes", value=list(map(str, range(10_001)))), "10,001"),
    "a class twice": ("record.json", at("classes", value=["ant", "ant"]), "different names"),
    "a class of no text": ("record.json", at("classes", value=["ant", 3]), "classes[1] must be"),
    "more epochs than asked for": (
        "record.json",
        lambda values: values["history"].append({**values["history"][0], "epoch": 2}),
        "at most the 1 epochs",
    ),
    "text for a number": (
        "record.json", at("history", 0, "val_loss", value="small"), "history[0].val_loss must be",
    ),
    "an infinite loss": ("record.json", at("history", 0, "val_loss", value=1e999), "no number"),
    "truth for a number": ("record.json", at("best_epoch", value=True), "best_epoch must be"),
    "an epoch that never was": ("record.json", at("best_epoch", value=7), "best_epoch must be"),
    "a path out of the photos": (
        "record.json", at("split", "train", value=["../../etc/passwd"]), "inside the data set",
    ),
    "an absolute path": ("record.json", at("split", "test", value=["/etc/passwd"]), "inside"),
    "a field too many": ("record.json", at("config", value={}), "must hold"),
    "a field too few": ("record.json", lambda values: values.pop("split"), "split must be given"),
    "depth without end": (
        "record.json", at("environment", "x", value=json.loads("[" * 500 + "]" * 500)), "nested",
    ),
    "a label beyond the classes": (
        "predictions.json", at("val", 0, "label", value=2), "val[0].label must be one of the 2",
    ),
    "a probability too few": (
        "predictions.json", at("val", 1, "probabilities", value=[1.0]), "each of the 2 classes",
    ),
    "a probability of two": (
        "predictions.json", at("val", 1, "probabilities", value=[2.0, 0.0]), "between 0 and 1",
    ),
    "other photos": ("predictions.json", at("val", 0, "path", value="x.jpg"), "split.val"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "how", "said"), LIES.values(), ids=LIES)
def test_a_lie_in_a_file_is_told(
    name: str, how: Callable[[Any], object], said: str, run: Path, photo: Path
) -> None:
    change(run / name, how)
    message = refusal(run, photo)
    assert name in message and said in message


DAMAGE: dict[str, bytes] = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "half of it": b'{"classes": [',
    "a list": b"[]",
    "a number": b"3",
    "no number": b'{"seconds": NaN}',
    "a number of 5,000 digits": b'{"seconds": ' + b"9" * 5000 + b"}",
    "a depth of 100,000": b"[" * 100_000,
}


@pytest.mark.parametrize("name", ["config.json", "record.json", "predictions.json"])
@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_told(name: str, content: bytes, run: Path, photo: Path) -> None:
    (run / name).write_bytes(content)
    assert name in refusal(run, photo)


@pytest.mark.parametrize(
    "name", ["config.json", "record.json", "predictions.json", WEIGHTS, NOVELTY]
)
@pytest.mark.parametrize("what", ["missing", "no ordinary file", "nowhere", "a folder"])
def test_what_is_no_file_is_told_at_once(name: str, what: str, run: Path, photo: Path) -> None:
    (run / name).unlink()
    if what == "no ordinary file":
        os.mkfifo(run / name)  # a reader that just opens it waits for ever
    elif what == "nowhere":
        (run / name).symlink_to("/dev/zero")
    elif what == "a folder":
        (run / name).mkdir()
    elif name == NOVELTY:
        return  # of a run from before there was one
    assert name in refusal(run, photo)


@pytest.mark.parametrize("name", ["config.json", "record.json", "predictions.json"])
def test_a_file_beyond_its_bytes_is_not_read(name: str, run: Path, photo: Path) -> None:
    with (run / name).open("ab") as file:
        file.truncate(2**40)  # a hole: no disk is needed
    message = refusal(run, photo)
    assert name in message and "are read" in message


def test_more_parts_than_a_record_has_are_not_read(run: Path, photo: Path) -> None:
    (run / "predictions.json").write_bytes(b'{"val": [' + b"[]," * 2_000_001 + b"[]]}")
    assert "more than 2,000,000 lists" in refusal(run, photo)


def weights(run: Path, how: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(run / WEIGHTS)
    how(tensors)
    save_file(tensors, run / WEIGHTS)


def _endless(run: Path) -> None:
    with (run / WEIGHTS).open("r+b") as file:
        file.write((2**62).to_bytes(8, "little"))


def _claims_much(run: Path) -> None:
    header = {"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    text = json.dumps(header).encode()
    with (run / WEIGHTS).open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + 2**42)


WEIGHT_LIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "another number of classes": (
        lambda run: weights(run, lambda t: t.update({"classifier.1.weight": torch.zeros(3, 1280)})),
        "does not fit",
    ),
    "another type": (
        lambda run: weights(run, lambda t: t.update({k: v.half() for k, v in t.items()})), "F16",
    ),
    "one too many": (
        lambda run: weights(run, lambda t: t.update(x=torch.zeros(1))), "none of that name",
    ),
    "one too few": (lambda run: weights(run, lambda t: t.pop(next(iter(t)))), "is missing in it"),
    "values that are no numbers": (
        lambda run: weights(run, lambda t: [v.fill_(torch.nan) for v in t.values() if v.ndim > 1]),
        "no numbers",
    ),
    "a table of contents without end": (_endless, "table of contents"),
    "tensors of four terabytes": (_claims_much, "belong there"),
    "garbage": (lambda run: (run / WEIGHTS).write_bytes(b"\x09" + bytes(80)), "damaged"),
    "a pickle": (lambda run: torch.save({"w": torch.zeros(1)}, run / WEIGHTS), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize(("how", "said"), WEIGHT_LIES.values(), ids=WEIGHT_LIES)
def test_weights_that_lie_are_told(
    how: Callable[[Path], object], said: str, run: Path, photo: Path
) -> None:
    how(run)
    message = refusal(run, photo)
    assert WEIGHTS in message and said in message


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"features": torch.rand(4, 7).half(), "distances": torch.rand(4)}, "F16 [4, 7]"),
        ({"features": torch.rand(501, 1280).half(), "distances": torch.rand(4)}, "[500, 1280]"),
        ({"features": torch.rand(4, 1280).half()}, "'distances' is missing"),
        ({"features": torch.rand(0, 1280).half(), "distances": torch.rand(4)}, "no item"),
        ({"features": torch.rand(4, 1280).half() / 0, "distances": torch.rand(4)}, "no numbers"),
        ({"features": torch.rand(4, 1280), "distances": torch.rand(4)}, "F32"),
    ],
    ids=["another network", "too many", "half of it", "nothing", "infinite", "another type"],
)  # fmt: skip
def test_a_detector_that_lies_is_told(
    tensors: dict[str, torch.Tensor], said: str, run: Path, photo: Path
) -> None:
    save_file(tensors, run / NOVELTY)
    message = refusal(run, photo)
    assert NOVELTY in message and said in message


def test_no_network_is_built_for_a_record_that_lies(
    run: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "build_backbone", lambda *_, **__: pytest.fail("built"))
    change(run / "record.json", at("classes", value=[str(n) for n in range(20_000)]))
    assert "record.json" in refusal(run, photo)


def test_the_command_line_says_it_in_one_line(
    run: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(run / "config.json", at("input_size", value=100_000))
    assert main(["predict", str(run), str(photo), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "config.json says" in err and "The nearest that works is 1024" in err


def test_what_is_written_is_read(whole: Path) -> None:
    record = RunRecord.load(whole)
    assert record.config.backbone == BACKBONE and len(record.val) == 4
