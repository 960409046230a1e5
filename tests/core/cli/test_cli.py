"""Names, keys and exit statuses of the command line are a contract with scripts."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.jobs import share_right
from tests.photos import make_photo, make_photo_folder, zip_folder
from tl_core import cli, download
from tl_core.backbones import spec as specs
from tl_core.cli import commands, options
from tl_core.compat import torchvision
from tl_core.data import catalog
from tl_core.statistics import mcnemar_exact, wilson_interval
from tl_core.training.record import RunRecord

ROOT = Path(__file__).parents[3]
QUICK = "--input-size 32 --epochs 1 --batch-size 8 --precision fp32 --threads 1 --device cpu"

RUN_KEYS = {
    "strategy", "backbone", "seed", "trainable_parameters", "total_parameters", "epochs",
    "best_epoch", "best_val_accuracy", "final_val_accuracy", "val_interval", "val_count",
    "test_accuracy", "test_count", "image_size", "input_size", "precision", "seconds", "run_dir",
    "history",
}  # fmt: skip
PAIR = ("first", "second")
COUNTS = ("both", "only_first", "only_second", "neither")
EPOCH_KEYS = {"epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"}

Tell = Callable[..., Any]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Run a command that succeeds; with ``--json``, return what stdout holds."""

    def run(*arguments: object) -> Any:
        status = cli.main([str(a) for a in arguments])
        captured = capsys.readouterr()
        assert status == 0, captured.err
        return json.loads(captured.out) if "--json" in arguments else captured.out

    return run


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Run a command that fails; return the one line on stderr."""

    def run(*arguments: object, status: int = 2) -> str:
        try:
            given = cli.main([str(a) for a in arguments])
        except SystemExit as leaving:
            given = leaving.code  # type: ignore[assignment]
        captured = capsys.readouterr()
        assert given == status, captured
        assert captured.out == ""
        assert "Traceback" not in captured.err
        [line] = captured.err.splitlines()
        return line

    return run


def quick(*options: object) -> list[object]:
    return [*QUICK.split(), *options]


# ------------------------------------------------------------------------- backbones, prefetch


def test_backbones_are_listed_with_their_stages(tell: Tell) -> None:
    listed = tell("backbones", "--json")
    assert {"resnet_mini", "resnet18", "vit_b_16", "swin_t"} <= {b["name"] for b in listed}
    for backbone in listed:
        assert {"family", "source", "license", "available"} <= backbone.keys()
        assert isinstance(backbone["available"], bool) and backbone["input_size"] >= 32
        stages = backbone["stages"]
        assert sum(s["parameters"] for s in stages) == backbone["total_parameters"]
        assert not [s["name"] for s in stages if " " in s["name"]]
        assert all(len(s["output_shape"]) == 3 for s in stages)


def test_the_bundled_backbone_is_available_at_96_px(tell: Tell) -> None:
    [mini] = [b for b in tell("backbones", "--json") if b["name"] == "resnet_mini"]
    assert mini["available"] and mini["input_size"] == 96


def test_backbones_for_people(tell: Tell) -> None:
    lines = tell("backbones").splitlines()
    assert len(lines) == 1 + len(specs.backbones().names())
    assert any(line.startswith("resnet_mini") and "bundled" in line for line in lines)


def test_prefetch_of_bundled_weights_is_done_at_once(tell: Tell) -> None:
    assert tell("prefetch", "resnet_mini").strip() == "resnet_mini: bundled"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, and a server on this machine that refuses the connection."""
    spec = specs.backbones().get("resnet18")
    nowhere = dataclasses.replace(spec.weights, url="http://127.0.0.1:9/resnet18.pth")
    registry = specs.backbones()
    monkeypatch.setitem(registry._items, "resnet18", dataclasses.replace(spec, weights=nowhere))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(download, "PATIENCE", 2.0)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("command", ["prefetch", "train"])
def test_without_network_the_message_says_what_to_do(
    command: str, photos: Path, refuse: Tell, tell: Tell
) -> None:
    if command == "prefetch":
        line = refuse("prefetch", "resnet18")
    else:
        line = refuse("train", photos, "--backbone", "resnet18", *quick())
    for part in ("resnet18-f37072fd.pth", "47 MB", "prefetch resnet18", "resnet_mini", "none"):
        assert part in line


@pytest.mark.usefixtures("no_network")
def test_random_weights_need_no_network(photos: Path, tell: Tell) -> None:
    run = tell("train", photos, "--backbone", "resnet18", "--weights", "none", "--json", *quick())
    assert run["backbone"] == "resnet18"


# ------------------------------------------------------------------------- sets that have a name


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for seed, domain in enumerate(("market", "studio")):
        folder = tmp_path / "samples" / "produce" / domain
        make_photo_folder(folder, ("apple", "pear"), 8, seed=seed)
    monkeypatch.setattr(catalog, "SAMPLES", tmp_path / "samples")
    return tmp_path / "samples"


@pytest.mark.usefixtures("samples")
def test_sets_train_and_test_by_name(tell: Tell) -> None:
    run = tell("train", "produce/market", "--test", "produce/studio", "--json", *quick())
    assert run["test_count"] == 16
    record = RunRecord.load(Path(run["run_dir"]))
    assert (record.config.data, record.config.test) == ("produce/market", "produce/studio")


@pytest.mark.usefixtures("samples")
def test_sets_that_are_bundled_need_no_download(tell: Tell) -> None:
    assert tell("prefetch-data", "produce/market").strip() == "produce/market: bundled"


@pytest.mark.usefixtures("samples")
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["prefetch-data", "flower102"], ["flower102", "Did you mean 'flowers102'", "cifar10"]),
        (["prefetch-data"], ["NAME"]),
        (["inspect", "produce/marke"], ["produce/marke", "Did you mean 'produce/market'"]),
        (["inspect", "cifar10"], ["CIFAR-10", "170 MB", "prefetch-data cifar10", "produce/market"]),
        (["train", "pets"], ["prefetch-data pets"]),
    ],
    ids=" ".join,
)
def test_a_set_that_is_not_here_is_told_in_one_line(
    arguments: list[str], parts: list[str], refuse: Tell
) -> None:
    options = quick() if arguments[0] == "train" else []
    line = refuse(*arguments, *options)
    for part in parts:
        assert part in line


@pytest.mark.usefixtures("samples")
def test_without_network_a_set_is_told_how_to_be_had(
    monkeypatch: pytest.MonkeyPatch, refuse: Tell
) -> None:
    monkeypatch.setattr(torchvision.datasets.DTD, "_URL", "http://127.0.0.1:9/dtd.tar.gz")
    line = refuse("prefetch-data", "dtd")
    for part in ("625 MB", "prefetch-data dtd", "produce/market"):
        assert part in line


# ------------------------------------------------------------------------------------- inspect


def test_inspect_reports_classes_splits_and_copies(tmp_path: Path, tell: Tell) -> None:
    data = make_photo_folder(tmp_path / "set", splits={"train": 4, "val": 2})
    first = sorted((data / "train" / "ant").iterdir())[0]
    shutil.copy(first, data / "train" / "ant" / "copy.jpg")
    shutil.copy(first, data / "val" / "bee" / "leak.jpg")
    (data / "train" / "bee" / "broken.jpg").write_bytes(b"no picture")
    report = tell("inspect", data, "--json")
    assert report["classes"] == ["ant", "bee"]
    assert report["splits"] == {"train": {"ant": 5, "bee": 4}, "val": {"ant": 2, "bee": 3}}
    [broken] = report["unreadable"]
    assert broken["file"] == "train/bee/broken.jpg" and broken["reason"]
    copies = report["duplicates"]
    assert copies["within_split"] == [["train/ant/ant_0001.jpg", "train/ant/copy.jpg"]]
    assert "val/bee/leak.jpg" in copies["across_splits"][0]
    assert "val/bee/leak.jpg" in copies["across_classes"][0]
    assert all(isinstance(text, str) for text in report["warnings"])
    text = tell("inspect", data)
    assert "broken.jpg" in text and "copy.jpg" in text


def test_every_malformed_file_is_named_or_read(malformed: Path, tmp_path: Path, tell: Tell) -> None:
    data = make_photo_folder(tmp_path / "set", per_class=4)
    good = len(list(data.rglob("*.jpg")))
    bad = [path for path in sorted(malformed.rglob("*")) if path.is_file()]
    for number, path in enumerate(bad):
        shutil.copy(path, data / "ant" / f"{number}_{path.name}")
    report = tell("inspect", zip_folder(data, tmp_path / "set.zip"), "--json")
    read = sum(sum(split.values()) for split in report["splits"].values()) - good
    named = {entry["file"] for entry in report["unreadable"]}
    assert read + len(named) == len(bad)
    assert read > 0 and all(entry["reason"] for entry in report["unreadable"])
    assert named <= {f"ant/{number}_{path.name}" for number, path in enumerate(bad)}


# --------------------------------------------------------------------------------------- train


def check_run(run: dict[str, Any]) -> None:
    assert run.keys() >= RUN_KEYS
    assert all(entry.keys() >= EPOCH_KEYS for entry in run["history"])
    assert run["epochs"] == len(run["history"]) == run["history"][-1]["epoch"]
    assert 1 <= run["best_epoch"] <= run["epochs"]
    folder = Path(run["run_dir"])
    record, accuracy = RunRecord.load(folder), share_right(folder)
    assert record.status == run["status"] == "finished"
    assert run["best_val_accuracy"] == accuracy
    assert run["val_interval"] == list(wilson_interval(round(accuracy * run["val_count"]), 6))
    assert run["val_count"] == len(record.split["val"]) == 6
    told = [{key: entry[key] for key in EPOCH_KEYS} for entry in run["history"]]
    assert told == [{key: vars(epoch)[key] for key in EPOCH_KEYS} for epoch in record.history]
    assert run["final_val_accuracy"] == told[-1]["val_accuracy"]
    for entry in told:  # shares of so many photos
        for part, key in (("train", "train_accuracy"), ("val", "val_accuracy")):
            right = entry[key] * len(record.split[part])
            assert right == pytest.approx(round(right), abs=1e-4)
    assert run["precision"] in ("fp32", "bf16") and run["seconds"] > 0


def test_train_prints_the_contract(photos: Path, tmp_path: Path, tell: Tell) -> None:
    out = tmp_path / "made" / "run"
    run = tell("train", photos, "--strategy", "fine_tune", "--out", out, "--json", *quick())
    check_run(run)
    assert Path(run["run_dir"]) == out
    assert (run["strategy"], run["backbone"], run["seed"]) == ("fine_tune", "resnet_mini", 0)
    assert run["val_count"] == 6 and run["image_size"] == run["input_size"] == 32
    assert run["test_accuracy"] is None and run["test_count"] == 0
    assert run["trainable_parameters"] == run["total_parameters"]  # --trainable defaults to all


def test_train_for_people(photos: Path, own_home: Path, tell: Tell) -> None:
    text = tell("train", photos, *quick())
    assert "95 % interval" in text and str(own_home / "runs") in text


OPTIONS: dict[str, tuple[str, object]] = {
    "backbone": ("mobilenet_v3_small", "mobilenet_v3_small"),
    "weights": ("none", "none"),
    "epochs": ("7", 7),
    "batch_size": ("4", 4),
    "lr": ("0.02", 0.02),
    "weight_decay": ("0.1", 0.1),
    "label_smoothing": ("0.2", 0.2),
    "early_stopping": ("3", 3),
    "input_size": ("64", 64),
    "augment": ("strong", "strong"),
    "augment_views": ("2", 2),
    "head": ("mlp", "mlp"),
    "batch_norm": ("adapt_all", "adapt_all"),
    "optimizer": ("sgd", "sgd"),
    "schedule": ("step", "step"),
    "val_fraction": ("0.4", 0.4),
    "per_class": ("5", 5),
    "test": ("elsewhere", "elsewhere"),
    "device": ("cpu", "cpu"),
    "precision": ("bf16", "bf16"),
    "threads": ("2", 2),
    "layout": ("inner", "inner"),
    "pages": ("all", "all"),
    "zip_names": ("cp866", "cp866"),
}


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Take the configurations instead of training them."""
    configs: list[Any] = []

    def note(config: Any, run_dir: Path, beside: Any = (), profile: bool = False) -> dict[str, Any]:
        configs.append(config)
        return {}

    monkeypatch.setattr(commands, "run", note)
    return configs


@pytest.mark.parametrize("name", options.CHOICES)
def test_an_option_reaches_the_configuration(name: str, planned: list[Any], tell: Tell) -> None:
    text, value = OPTIONS[name]
    option = "--" + name.replace("_", "-")
    tell("train", "photos", "--strategy", "fine_tune", option, text, "--json")
    assert getattr(planned[0], name) == value


def test_an_option_keeps_its_former_name(planned: list[Any], tell: Tell) -> None:
    tell("train", "photos", "--image-size", "64", "--json")
    assert planned[0].input_size == 64


def test_switches_and_seeds_reach_the_configuration(planned: list[Any], tell: Tell) -> None:
    tell("train", "photos", "--class-weights", "--seed", "3", "--json")
    assert planned[0].class_weights is True and planned[0].seed == 3


@pytest.mark.parametrize(
    ("given", "kept"),
    [(["all"], "all"), (["last:2"], "last:2"), (["layer3", "layer4"], "layer3,layer4")],
)
def test_trainable_takes_all_the_last_or_stages(
    given: list[str], kept: str, planned: list[Any], tell: Tell
) -> None:
    tell("train", "photos", "--strategy", "fine_tune", "--trainable", *given, "--json")
    assert planned[0].trainable == kept


def test_fewer_thawed_stages_train_fewer_parameters(photos: Path, tell: Tell) -> None:
    counts = [
        tell("train", photos, "--strategy", "fine_tune", "--json", *quick("--trainable", *given))[
            "trainable_parameters"
        ]
        for given in (["last:1"], ["layer3", "layer4"], ["all"])
    ]
    assert counts == sorted(set(counts))


def test_another_set_is_tested_on(photos: Path, tmp_path: Path, tell: Tell) -> None:
    other = make_photo_folder(tmp_path / "other", per_class=3, seed=7)
    run = tell("train", photos, "--test", other, "--json", *quick())
    assert run["test_count"] == 6
    assert run["test_accuracy"] == share_right(Path(run["run_dir"]), "test")


def test_same_seed_same_numbers(photos: Path, tell: Tell) -> None:
    runs = [tell("train", photos, "--seed", seed, "--json", *quick()) for seed in (4, 4, 5)]
    losses = [run["history"][0]["train_loss"] for run in runs]
    assert losses[0] == losses[1] != losses[2]


# ----------------------------------------------------------------------------- compare, predict


def test_compare_runs_every_strategy_at_every_seed(
    photos: Path, tmp_path: Path, tell: Tell
) -> None:
    result = tell(
        "compare", photos, "--strategies", "feature_extraction,from_scratch", "--seeds", "0,1",
        "--out", tmp_path / "out", "--json", *quick(),
    )  # fmt: skip
    runs = result["runs"]
    assert [(r["strategy"], r["seed"]) for r in runs] == [
        ("feature_extraction", 0), ("from_scratch", 0),
        ("feature_extraction", 1), ("from_scratch", 1),
    ]  # fmt: skip
    for run in runs:
        check_run(run)
    splits = [RunRecord.load(Path(run["run_dir"])).split for run in runs]
    assert splits[0] == splits[1] != splits[2] == splits[3]
    assert "strategy" in result["differences"]
    for test in result["tests"]:
        one, other = (RunRecord.load(Path(test[key])) for key in PAIR)
        pairs = [(p.right, q.right) for p, q in zip(one.val, other.val, strict=True)]
        for key, pair in zip(COUNTS, itertools.product((True, False), repeat=2), strict=True):
            assert test[key] == pairs.count(pair)
        assert test["p_value"] == mcnemar_exact(test["only_first"], test["only_second"])


def test_compare_for_people_gives_a_verdict(photos: Path, tell: Tell) -> None:
    text = tell("compare", photos, "--strategies", "feature_extraction,fine_tune", *quick())
    assert "too close to call" in text or "is better" in text


def test_predict_repeats_the_numbers_of_record(photos: Path, tmp_path: Path, tell: Tell) -> None:
    run = tell("train", photos, "--json", *quick())
    record = RunRecord.load(Path(run["run_dir"]))
    files = [photos / p.path for p in record.val]
    answers = tell("predict", run["run_dir"], *files, "--json")["predictions"]
    for answer, kept in zip(answers, record.val, strict=True):
        assert list(answer["probabilities"]) == list(record.classes)
        assert list(answer["probabilities"].values()) == pytest.approx(kept.probabilities, abs=1e-6)
        assert answer["class"] == record.classes[kept.predicted]
    heic = tmp_path / "new.heic"
    make_photo(0, size=(128, 96)).save(heic)
    assert "new.heic" in tell("predict", run["run_dir"], heic)


# -------------------------------------------------------------------------------- user's errors


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["COMMAND"]),
        (["teach"], ["teach", "backbones"]),
        (["inspect"], ["DATA"]),
        (["inspect", "nowhere"], ["nowhere"]),
        (["train", "nowhere"], ["nowhere"]),
        (["prefetch", "resnet81"], ["resnet81", "resnet18"]),
        (["train", "DATA", "--backbone", "resnet_mimi"], ["resnet_mimi", "resnet_mini"]),
        (["train", "DATA", "--strategy", "finetune"], ["finetune", "fine_tune"]),
        (["train", "DATA", "--epochs", "0"], ["epochs", "0", "1"]),
        (["train", "DATA", "--epochs", "many"], ["--epochs", "many"]),
        (["train", "DATA", "--lr", "nan"], ["lr", "nan"]),
        (["train", "DATA", "--lr", "-1"], ["lr", "-1"]),
        (["train", "DATA", "--seed", "-1"], ["seed", "-1"]),
        (["train", "DATA", "--val-fraction", "1"], ["val_fraction", "1"]),
        (["train", "DATA", "--input-size", "8"], ["8", "32"]),
        (["train", "DATA", "--augment", "stron"], ["stron", "strong"]),
        (["train", "DATA", "--head", "cnn"], ["cnn", "mlp"]),
        (["train", "DATA", "--optimizer", "sdg"], ["sdg", "sgd"]),
        (["train", "DATA", "--precision", "fp16"], ["fp16", "bf16"]),
        (["train", "DATA", "--device", "tpu"], ["tpu", "cuda"]),
        (["train", "DATA", "--batch-norm", "thaw"], ["thaw", "adapt"]),
        (["train", "DATA", "--strategy", "fine_tune", "--trainable", "stage9"], ["stage9"]),
        (["train", "DATA", "--strategy", "fine_tune", "--trainable", "last:9"], ["last:9"]),
        (["train", "DATA", "--unknown", "3"], ["--unknown"]),
        (["compare", "DATA"], ["--strategies"]),
        (["compare", "DATA", "--strategies", "fine_tune,nothing"], ["nothing"]),
        (["compare", "DATA", "--strategies", ","], ["--strategies"]),
        (["compare", "DATA", "--strategies", "fine_tune,fine_tune"], ["fine_tune", "twice"]),
        (["compare", "DATA", "--strategies", "fine_tune", "--seeds", "0,x"], ["--seeds", "0,x"]),
        (["compare", "DATA", "--strategies", "fine_tune", "--seeds", ""], ["--seeds"]),
        (["compare", "DATA", "--strategies", "fine_tune", "--seed", "x"], ["--seed", "x"]),
        (["predict", "nowhere", "photo.jpg"], ["nowhere", "run_dir"]),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_slip_is_told_in_one_line(
    arguments: list[str], parts: list[str], photos: Path, refuse: Tell
) -> None:
    line = refuse(*[str(photos) if a == "DATA" else a for a in arguments])
    for part in parts:
        assert part in line


def test_one_class_is_not_enough(tmp_path: Path, refuse: Tell, tell: Tell) -> None:
    data = make_photo_folder(tmp_path / "set", classes=["ant"])
    assert "'ant'" in refuse("train", data, *quick())
    assert "To solve before training: Only one class" in tell("inspect", data)


def test_one_photo_of_a_class_is_not_enough(tmp_path: Path, refuse: Tell) -> None:
    data = make_photo_folder(tmp_path / "set", per_class=5)
    for extra in sorted((data / "bee").iterdir())[1:]:
        extra.unlink()
    line = refuse("train", data, *quick())
    assert "'bee'" in line and "1" in line and "2" in line


@pytest.mark.parametrize("command", ["inspect", "train"])
def test_neither_folder_nor_zip(command: str, tmp_path: Path, refuse: Tell) -> None:
    file = tmp_path / "notes.zip"
    file.write_text("no zip")
    assert "notes.zip" in refuse(command, file)


def test_a_run_never_overwrites_another(photos: Path, tmp_path: Path, refuse: Tell) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    assert "--out" in refuse("train", photos, "--out", tmp_path, *quick())
    assert (tmp_path / "kept.txt").read_text() == "mine"


@pytest.mark.parametrize("trouble", ["missing", "other classes"])
def test_trouble_with_the_test_set_is_told_before_training(
    trouble: str, photos: Path, tmp_path: Path, refuse: Tell
) -> None:
    other = tmp_path / "other"
    if trouble == "other classes":
        make_photo_folder(other, classes=["ant", "wasp"], per_class=3)
    line = refuse("train", photos, "--test", other, *quick())
    assert ("other" if trouble == "missing" else "'wasp'") in line


def test_a_failed_run_leaves_with_1(photos: Path, refuse: Tell) -> None:
    line = refuse(
        "train", photos, "--strategy", "from_scratch", "--optimizer", "sgd", "--lr", "10",
        "--schedule", "constant", "--batch-norm", "frozen", *quick("--batch-size", 2), status=1,
    )  # fmt: skip
    assert "learning rate" in line


def test_an_interrupt_is_no_crash(
    photos: Path, refuse: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupt)
    assert refuse("train", photos, status=130) == "Stopped."


# ---------------------------------------------------------------------------- as a real process


def python(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tl_core", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, **options,
    )  # fmt: skip


def test_progress_goes_to_stderr(photos: Path) -> None:
    done = python("train", photos, "--json", *quick())
    assert done.returncode == 0, done.stderr
    check_run(json.loads(done.stdout))
    assert "1/1" in done.stderr


def test_a_slip_leaves_with_2() -> None:
    done = python("inspect", "nowhere")
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_reader_that_has_seen_enough_is_no_error(option: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "tl_core", "backbones", *option],
        cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141  # as a shell reports a program that SIGPIPE ended


def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    data = make_photo_folder(tmp_path / "set", classes=["猫", "собака"], per_class=3)
    Image.new("RGB", (40, 40)).save(data / "猫" / "日本.jpg")
    done = python("inspect", data, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    done = python("inspect", data, "--json", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert json.loads(done.stdout)["classes"] == ["собака", "猫"]
