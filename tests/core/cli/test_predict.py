"""``predict`` answers for every photo that it is given, and names all else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.photos import make_photo
from tests.runs import make_run
from tl_core import cli
from tl_core.cli import commands
from tl_core.prefix import inference_batch
from tl_core.runs import restore
from tl_core.runs.restore import Predicted, predict_files


class Said(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def answered(self) -> list[str]:
        return [Path(answer["file"]).name for answer in self.json["predictions"]]

    @property
    def left_out(self) -> dict[str, str]:
        return {Path(entry["file"]).name: entry["reason"] for entry in self.json["left_out"]}


Ask = Callable[..., Said]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def ask(run: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def tell(*arguments: object, run_dir: Path = run) -> Said:
        status = cli.main(["predict", str(run_dir), *map(str, arguments)])
        return Said(status, *capsys.readouterr())

    return tell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of many kinds at two depths, and what lies about beside them."""
    top = tmp_path / "folder"
    (top / "deeper" / ".cache").mkdir(parents=True)
    for number, name in enumerate(("b.jpg", "deeper/a.png", "c.jfif", "no suffix")):
        kind = "PNG" if name.endswith("png") else "JPEG"
        make_photo(number % 2, seed=number).save(top / name, kind)
    (top / "notes.txt").write_text("three photos")
    for hidden in (".DS_Store", "Thumbs.db", "deeper/.cache/a.jpg"):
        shutil.copy(top / "b.jpg", top / hidden)
    return top


def test_answers_for_what_can_be_read_and_names_the_rest(ask: Ask, folder: Path) -> None:
    files = [folder / name for name in ("b.jpg", "notes.txt", "gone.jpg", "c.jfif", "b.jpg")]
    said = ask(*files, "--json")
    assert said.status == 1 and said.json.keys() >= {"run_dir", "predictions", "left_out"}
    assert said.answered == ["b.jpg", "c.jfif", "b.jpg"]
    assert [Path(entry["file"]) for entry in said.json["left_out"]] == files[1:3]
    assert "is a text" in said.left_out["notes.txt"]
    assert "cannot be read" in said.left_out["gone.jpg"]
    assert not any(name in reason for name, reason in said.left_out.items())


def test_people_read_answers_on_stdout_and_the_rest_on_stderr(ask: Ask, folder: Path) -> None:
    said = ask(folder)
    assert said.status == 1
    assert [line.partition(": ")[0] for line in said.out.splitlines()] == [
        str(folder / name) for name in ("b.jpg", "c.jfif", "deeper/a.png", "no suffix")
    ]
    left_out, *passed_over = said.err.splitlines()
    assert left_out.startswith(f"tl_core: left out: {folder / 'notes.txt'}: is a text")
    assert sorted(passed_over) == [
        f"tl_core: passed over: 1 {rule}"
        for rule in ("files of Windows", "files of macOS", "hidden files")
    ]


def test_all_of_a_folder_is_answered_left_out_or_counted(ask: Ask, folder: Path) -> None:
    said = ask(folder, "--json")
    assert said.answered == ["b.jpg", "c.jfif", "a.png", "no suffix"]
    assert list(said.left_out) == ["notes.txt"]
    passed_over = sum(said.json["passed_over"].values())
    brought = sum(len(files) for _, _, files in os.walk(folder))
    assert passed_over == 3 and brought == len(said.answered) + len(said.left_out) + passed_over


def test_nothing_left_out_leaves_with_0(ask: Ask, folder: Path) -> None:
    (folder / "notes.txt").unlink()
    said = ask(folder, folder / "b.jpg", "--json")
    assert said.status == 0 and said.answered[-1] == "b.jpg" and len(said.answered) == 5
    assert said.json["left_out"] == []
    assert ask(folder / ".DS_Store").status == 0  # whoever names a hidden file means it


@pytest.mark.parametrize("beside", ["nothing", "hidden"])
def test_a_folder_without_a_photo_is_named(beside: str, ask: Ask, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    if beside == "hidden":
        (empty / ".DS_Store").touch()
    said = ask(empty, "--json")
    assert said.status == 1 and said.answered == []
    assert said.left_out["empty"].startswith("the folder holds nothing")
    assert ("passed over" in said.left_out["empty"]) == (beside == "hidden")


def test_nothing_that_can_be_read_leaves_with_1_and_a_wrong_run_with_2(
    ask: Ask, folder: Path
) -> None:
    said = ask(folder / "notes.txt", "--json")
    assert said.status == 1 and said.answered == [] and list(said.left_out) == ["notes.txt"]
    wrong = ask(folder / "b.jpg", run_dir=folder)
    assert wrong.status == 2 and wrong.out == "" and str(folder) in wrong.err


def test_one_file_more_changes_no_other_answer(run: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.jpg" for number in range(inference_batch("cpu") + 3)]
    for number, file in enumerate(files):
        make_photo(number % 2, seed=number).save(file)
    together = predict_files(run, [*files, tmp_path / "gone.jpg"])
    assert [Path(a["file"]) for a in together.predictions] == files
    for file, answer in zip(files, together.predictions, strict=True):
        [alone] = predict_files(run, [file]).predictions
        assert alone["class"] == answer["class"]
        assert alone["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-5)
    assert predict_files(run, []) == Predicted([], [])


def test_thousands_are_held_a_few_at_a_time(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(0).save(tmp_path / "photo.jpg")
    sizes, told = [], []
    predict = restore.predict

    def note(classifier: Any, batch: Any, device: str) -> Any:
        sizes.append(len(batch))
        return predict(classifier, batch, device)

    monkeypatch.setattr(restore, "predict", note)
    answers = predict_files(
        run, [tmp_path / "photo.jpg"] * 50, lambda done, total, what: told.append((done, total))
    )
    assert len(answers.predictions) == sum(sizes) == 50 and max(sizes) <= inference_batch("cpu")
    assert told[-1] == (50, 50) and len(told) == len(sizes)


def test_of_many_it_is_shown_how_far_it_has_come(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "predict:" not in ask(folder / "b.jpg").err
    monkeypatch.setattr(commands, "MANY_FILES", 1)
    assert "predict: 2/2 photos" in ask(folder / "b.jpg", folder / "c.jfif").err
