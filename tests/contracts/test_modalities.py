"""What every kind of data keeps to, from its files to a comparison, a prediction and its cost.

It runs on photos and on an invented kind (``tests/contracts/series``), of which nothing outside
its own modules knows: where it passes, the next kind enters by one record, one module with torch
and a network.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.contracts import series
from tests.photos import make_deep, make_photo_folder
from tl_core.backbones import backbones
from tl_core.backbones.build import build_backbone
from tl_core.backbones.folding import folded
from tl_core.codec import to_plain
from tl_core.cost import benchmarks, measure
from tl_core.cost.estimate import Amount, estimate_cost
from tl_core.cost.profile import ProfileKey
from tl_core.data import DatasetSpec, make_split, open_dataset, require_usable
from tl_core.data.preview import VIEWS, augmented_views
from tl_core.data.views import Items, TrainingViews
from tl_core.errors import DataError
from tl_core.modalities import Modality, modality_of, read_bytes
from tl_core.modalities.photo import PHOTO
from tl_core.precision import resolve_precision
from tl_core.runs.compare import compare
from tl_core.runs.restore import predict_files
from tl_core.server.limits import UploadLimits
from tl_core.server.previews import preview_of
from tl_core.server.upload_worker import KINDS, Reporter, Request
from tl_core.training.config import RunConfig, make_config, settings_for
from tl_core.training.events import PrefixCached, RunEnded
from tl_core.training.loop import train
from tl_core.training.record import RECORD, WEIGHTS, RunRecord


@dataclass(frozen=True)
class Case:
    """A kind of data, a network that reads it and how a small set of it is made.

    ``strengthen`` multiplies what its files hold: by 3 to 16 it has to be calibrated.
    """

    kind: Modality
    backbone: str
    size: int
    make: Callable[[Path, int], Path]
    strengthen: Callable[[Path, float], None]
    other: str

    def config(self, data: Path, **choices: object) -> RunConfig:
        quick = {
            "backbone": self.backbone, "input_size": self.size, "weights": "none", "epochs": 2,
            "batch_size": 8, "precision": "fp32", "threads": 1, "device": "cpu",
        }  # fmt: skip
        return make_config(str(data), **{**quick, **choices})


CASES = {
    "photo": Case(
        PHOTO,
        "resnet_mini",
        32,
        lambda root, n: make_photo_folder(root, per_class=n),
        make_deep,
        "series_net",
    ),
    "series": Case(
        series.SERIES, "series_net", 48, series.make_folder, series.make_loud, "resnet_mini"
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    series.register(monkeypatch)
    return CASES[request.param]


@pytest.fixture
def data(case: Case, tmp_path: Path) -> Path:
    return case.make(tmp_path / "set", 10)


def files_of(data: Path) -> list[Path]:
    return sorted(path for path in data.rglob("*") if path.is_file())


def test_the_record_is_whole(case: Case) -> None:
    kind = case.kind
    assert kind.name.isidentifier() and kind.noun and kind.plural and kind.growth >= 1
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in kind.suffixes)
    assert kind.written_suffix in kind.suffixes
    assert json.loads(json.dumps(dict(kind.settings))) == dict(kind.settings)
    assert {"none", "standard"} <= set(kind.augmentations.names())
    assert "augment" in settings_for(kind)
    assert kind.count(1) == f"1 {kind.noun}" and kind.count(1200) == f"1,200 {kind.plural}"


def test_a_folder_is_scanned_and_split(case: Case, data: Path) -> None:
    (data / "quick" if case.kind is series.SERIES else data / "ant").joinpath(
        f"broken{min(case.kind.suffixes)}"
    ).write_bytes(b"\x00\x01 words")
    dataset, report = open_dataset(data)
    assert dataset.modality == report.modality == case.kind.name
    assert dataset.kind is case.kind is modality_of([item.path for item in dataset.items])
    assert len(dataset.items) == 20 and len(report.left_out) == 1
    require_usable(report)
    told = json.loads(json.dumps(report.to_dict()))
    measures = case.kind.measure(case.kind.open(read_bytes(dataset.file(0)), None, {}))
    for name, number in measures.numbers.items():
        assert told[name]["min"] <= number <= told[name]["max"]
    for name in measures.kinds:
        assert sum(told[f"{name}s"].values()) == 20
    split = make_split(dataset, seed=0)
    assert len(split.val) == 6 and not set(split.val) & set(split.train)
    assert open_dataset(data)[0] == dataset, "what is remembered differs"
    assert Amount.of(split, report).item_work == pytest.approx(
        case.kind.work({n: told[n]["median"] for n in measures.numbers})
    )


def test_what_is_no_item_is_refused_before_it_is_decoded(case: Case, data: Path) -> None:
    content = read_bytes(files_of(data)[0])
    work = case.kind.work(case.kind.measure(case.kind.open(content, None, {})).numbers)
    with pytest.raises(DataError):
        case.kind.open(b"\x00\x01 words", None, {})
    for too_little in (work / 100, 0):  # what is a little too large may be read at a fraction
        with pytest.raises(DataError):
            case.kind.open(content, too_little, {})
        with pytest.raises(DataError):
            case.kind.examine(content, too_little)


def test_views_depend_on_seed_epoch_and_position_alone(case: Case, data: Path) -> None:
    files = files_of(data)
    preprocessing = backbones().get(case.backbone).preprocessing.at(case.size)
    measured = Items(case.kind, files).evaluation_batch(preprocessing)
    assert torch.equal(Items(case.kind, files[3:5]).evaluation_batch(preprocessing), measured[3:5])
    assert len(Items(case.kind, []).evaluation_batch(preprocessing)) == 0
    for augmentation in case.kind.augmentations:
        views = TrainingViews(Items(case.kind, files), preprocessing, augmentation, seed=1)
        before = torch.get_rng_state()
        drawn = views.batch(range(6), epoch=2)
        assert torch.equal(torch.get_rng_state(), before), "random numbers were drawn"
        assert drawn.shape == measured[:6].shape and drawn.dtype == measured.dtype
        assert torch.equal(views.batch([5, 1], epoch=2), drawn[[5, 1]])
        if augmentation.name == "none":
            assert torch.equal(drawn, measured[:6])
        else:
            assert not torch.equal(views.batch(range(6), epoch=3), drawn)


def test_an_item_is_decoded_once(case: Case, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = case.kind.load_tensors()
    preprocessing = backbones().get(case.backbone).preprocessing.at(case.size)
    augmentation = case.kind.augmentations.get("standard")
    form = tensors.training_form(preprocessing, augmentation)
    assert json.dumps(dataclasses.astuple(form)) and form.nbytes > 0  # type: ignore[call-overload]
    dataset, _ = open_dataset(data)
    files, digests = dataset.files(range(20)), dataset.digests(range(20))
    fresh = TrainingViews(Items(case.kind, files), preprocessing, augmentation, 0)
    TrainingViews(Items(case.kind, files, digests), preprocessing, augmentation, 0)
    monkeypatch.setattr(tensors, "to_array", lambda *_: pytest.fail("decoded again"))
    kept = TrainingViews(Items(case.kind, files, digests), preprocessing, augmentation, 0)
    assert torch.equal(kept.batch(range(20), 1), fresh.batch(range(20), 1))


def test_equal_bytes_have_equal_measures_and_a_file_of_one_part_is_its_part(
    case: Case, data: Path
) -> None:
    for file in files_of(data)[::7]:
        content = read_bytes(file)
        told = case.kind.examine(content, None)
        header = case.kind.measure(case.kind.open(content, None, {}))
        assert told == case.kind.examine(content, case.kind.work(told.numbers))
        assert (told.numbers, told.kinds) == (header.numbers, header.kinds)
        assert json.loads(json.dumps(to_plain(told))) == to_plain(told)
        assert told.parts == 1 and not told.labels_only
        [part] = case.kind.split_parts(content)
        assert case.kind.examine(part, None).numbers == told.numbers
    assert case.kind.calibrate([]) == case.kind.calibrate([told]) == {}
    with pytest.raises(DataError):
        case.kind.examine(b"\x00\x01 words", None)


def test_a_whole_set_decides_how_its_items_are_decoded(
    case: Case, data: Path, tmp_path: Path
) -> None:
    case.strengthen(data, 16)
    case.strengthen(case.make(tmp_path / "test", 3), 3)
    dataset, _ = open_dataset(data)
    measures = [case.kind.examine(read_bytes(file), None) for file in files_of(data)]
    assert dataset.calibration and dataset.calibration == case.kind.calibrate(measures)
    assert open_dataset(tmp_path / "test")[0].calibration not in ({}, dataset.calibration)
    config = case.config(data, test=str(tmp_path / "test"), strategy="from_scratch")
    assert isinstance(list(train(config, tmp_path / "run"))[-1], RunEnded)
    record = RunRecord.load(tmp_path / "run")
    assert record.calibration == dataset.calibration
    asked = [data / p.path for p in record.val] + [tmp_path / "test" / p.path for p in record.test]
    answers = predict_files(tmp_path / "run", asked).predictions
    for said, answer in zip((*record.val, *record.test), answers, strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(said.probabilities, abs=1e-5)


def test_items_of_another_calibration_are_kept_apart(case: Case, data: Path) -> None:
    preprocessing = backbones().get(case.backbone).preprocessing.at(case.size)
    case.strengthen(data, 16)
    dataset, _ = open_dataset(data)

    def views(of: DatasetSpec, kept: bool) -> torch.Tensor:
        digests = of.digests(range(4)) if kept else None
        items = Items(case.kind, of.files(range(4)), digests, calibration=of.calibration)
        return items.evaluation_batch(preprocessing)

    other = dataclasses.replace(dataset, calibration=dict(case.kind.before_calibration))
    for one in (dataset, other, dataset):
        assert torch.equal(views(one, True), views(one, False))
    assert not torch.equal(views(dataset, True), views(other, True))
    assert not set(dataset.digests(range(4))) & set(other.digests(range(4)))


def test_a_record_from_before_calibration_answers_as_it_did(
    case: Case, data: Path, tmp_path: Path
) -> None:
    case.strengthen(data, 16)
    list(train(case.config(data, strategy="from_scratch"), tmp_path / "run"))
    file = tmp_path / "run" / RECORD
    values = json.loads(file.read_text())
    asked = files_of(data)[:1]
    answers = []
    for calibration in (None, dict(case.kind.before_calibration)):
        file.write_text(json.dumps(values | {"calibration": calibration}))
        answers += predict_files(tmp_path / "run", asked).predictions
    del values["calibration"]
    file.write_text(json.dumps(values))
    assert predict_files(tmp_path / "run", asked).predictions == answers[:1] == answers[1:]


def test_the_network_takes_raw_batches(case: Case) -> None:
    backbone = build_backbone(case.backbone, pretrained=False, input_size=case.size).eval()
    preprocessing = backbones().get(case.backbone).preprocessing.at(case.size)
    batch = case.kind.load_tensors().made_up_batch(4, preprocessing)
    before, stages = batch.clone(), len(backbone.stage_names)
    with torch.inference_mode():
        whole = backbone(batch)
        assert whole.shape == (4, backbone.num_features) and torch.equal(batch, before)
        x = batch
        for position, stage in enumerate(backbones().get(case.backbone).stages):
            x = backbone.run(x, position, position + 1)
            shape = backbones().get(case.backbone).output_shape(stage, case.size)
            assert x.shape[1:] == shape
        assert torch.equal(backbone.pool(x), whole)
        quick = folded(backbone, batch, 0, stages)
        assert quick is not backbone, "nothing was folded"
        torch.testing.assert_close(quick(batch), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("strategy", ["feature_extraction", "fine_tune", "from_scratch"])
def test_kept_features_change_no_number(
    case: Case, data: Path, tmp_path: Path, strategy: str
) -> None:
    config = case.config(data, strategy=strategy, trainable="last:1", augment="standard")
    runs = {}
    for name, run in (("kept", config), ("plain", config.replace(cache=False))):
        events = list(train(run, tmp_path / name))
        assert isinstance(events[-1], RunEnded)
        runs[name] = RunRecord.load(tmp_path / name)
        kept = any(isinstance(event, PrefixCached) for event in events)
        assert kept == (name == "kept" and strategy == "feature_extraction") or kept
    one, other = runs["kept"], runs["plain"]
    for a, b in zip(one.history, other.history, strict=True):
        assert a.train_loss == pytest.approx(b.train_loss, rel=1e-3)
    for p, q in zip(one.val, other.val, strict=True):
        assert p.probabilities == pytest.approx(q.probabilities, abs=1e-3)


def test_runs_are_compared_and_answer_for_new_files(case: Case, data: Path, tmp_path: Path) -> None:
    records = []
    for strategy in ("feature_extraction", "from_scratch"):
        config = case.config(data, strategy=strategy, epochs=6)
        ended = list(train(config, tmp_path / strategy))[-1]
        assert isinstance(ended, RunEnded)
        assert ended.summary["input_size"] == ended.summary["image_size"] == case.size
        records.append(RunRecord.load(tmp_path / strategy))
    comparison = compare(records)
    assert len(comparison.tests) == 1 and "strategy" in comparison.differences
    record = records[1]
    assert record.environment["decode"] == json.loads(json.dumps(dict(case.kind.settings)))
    files = [data / p.path for p in record.val]
    answers = predict_files(tmp_path / "from_scratch", files).predictions
    for said, answer in zip(record.val, answers, strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(said.probabilities, abs=1e-5)
    again = list(train(case.config(data, strategy="from_scratch", epochs=6), tmp_path / "again"))
    assert isinstance(again[-1], RunEnded)
    one, two = (load_file(tmp_path / name / WEIGHTS) for name in ("from_scratch", "again"))
    assert all(torch.equal(one[key], two[key]) for key in one), "the same seed, other numbers"


def test_data_of_another_kind_are_refused_by_naming_networks_that_fit(
    case: Case, data: Path, tmp_path: Path
) -> None:
    config = case.config(data).replace(backbone=case.other, input_size=64)
    with pytest.raises(DataError, match=rf"these are {case.kind.plural}\.") as refused:
        list(train(config, tmp_path / "run"))
    assert case.backbone in str(refused.value) and case.other not in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_its_cost_is_measured_and_estimated(
    case: Case, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LARGEST": 4, "SMALLEST": 4, "REPEATS": 1, "PATIENCE": 0.0}.items():
        monkeypatch.setattr(measure, name, value)
    monkeypatch.setattr(benchmarks, "ITEMS", 2)
    costs = measure.measure_costs(ProfileKey(case.backbone, case.size, "cpu", "fp32", 1))
    assert set(costs.views) == set(case.kind.augmentations.names())
    assert costs.decode.of(1.0, 1) > 0
    dataset, report = open_dataset(data)
    amount = Amount.of(make_split(dataset, seed=0), report)
    for strategy in ("feature_extraction", "fine_tune"):
        told = estimate_cost(case.config(data, strategy=strategy), costs, amount)
        assert told.total_seconds > 0 and told.memory_bytes > 0
    spec = backbones().get(case.backbone)
    assert spec.scale(2 * spec.input_size) == 2**case.kind.growth


def test_a_comparison_has_one_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {
        "resnet_mini": {"fp32": 1.0, "bf16": 0.5},
        "vit_mini": {"fp32": 1.0, "bf16": 0.95},
    }
    asked: list[str] = []

    def step(device: str, backbone: str, size: int) -> dict[str, float]:
        asked.append(backbone)
        return seconds[backbone]

    monkeypatch.setattr("tl_core.precision.measure_step", step)
    one, other = ("resnet_mini", 96), ("vit_mini", 96)
    assert resolve_precision("auto", "cpu", 2, [one]) == "bf16"
    assert resolve_precision("auto", "cpu", 2, [one, other]) == "fp32"
    assert resolve_precision("auto", "cpu", 2, [other, one, one]) == "fp32"
    assert resolve_precision("bf16", "cpu", 2, [other]) == "bf16"
    assert asked == ["resnet_mini", "vit_mini"], "it is measured once a network"


def test_an_upload_is_kept_no_larger_than_useful(case: Case, data: Path, tmp_path: Path) -> None:
    tensors = case.kind.load_tensors()
    [large] = tensors.make_up(data / min(p.name for p in data.iterdir()), 1, 4000)
    source = tmp_path / "sent" / "upload"
    source.parent.mkdir()
    with zipfile.ZipFile(source, "w") as archive:
        for file in files_of(data):
            archive.write(file, file.relative_to(data).as_posix())
    request = Request("items", "mine", source, tmp_path / "kept", UploadLimits(), 10**9)
    taken = KINDS["items"](request, Reporter(io.StringIO()))
    dataset, report = open_dataset(tmp_path / "kept")
    assert taken["items"] == len(dataset.items) == 21
    assert dataset.kind is case.kind and report.shrunk == 1 and case.kind.kept_as
    kept = sum(file.stat().st_size for file in dataset.files(range(21)))
    assert kept < sum(file.stat().st_size for file in files_of(data))
    assert all(preview_of([file]).stat().st_size for file in dataset.files(range(21)))
    asked = case.kind.rewrite(large.read_bytes(), 50)
    assert case.kind.examine(asked.content, None).numbers
    assert asked.picture


def test_it_can_be_shown(case: Case, data: Path) -> None:
    file, *more = files_of(data)[:4]
    assert case.kind.preview([read_bytes(file)])
    assert case.kind.preview([read_bytes(one) for one in (file, *more)])
    preprocessing = backbones().get(case.backbone).preprocessing.at(case.size)
    for name in ("none", "standard"):
        augmentation = case.kind.augmentations.get(name)
        views = augmented_views(case.kind, file, preprocessing, augmentation)
        assert len(views) == VIEWS and (len(set(views)) == 1) == (name == "none")


@pytest.mark.parametrize("size", [0, 1])
def test_made_up_items_are_items(case: Case, tmp_path: Path, size: int) -> None:
    tensors = case.kind.load_tensors()
    files = tensors.make_up(tmp_path, 2, tensors.MADE_UP_SIZES[size])
    assert {file.suffix for file in files} <= case.kind.suffixes
    preprocessing = backbones().get(case.backbone).preprocessing.at(case.size)
    real = Items(case.kind, files).evaluation_batch(preprocessing)
    made_up = tensors.made_up_batch(2, preprocessing)
    assert real.shape == made_up.shape and real.dtype == made_up.dtype
    assert np.isfinite(real.float().numpy()).all()
    assert to_plain(case.kind.measure(case.kind.open(read_bytes(files[0]), None, {})))
