"""What pages need of stored files is made by the checking process, once, and found again."""

from __future__ import annotations

import io
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.photos import make_photo, make_photo_folder, zip_folder
from tl_core.data import facts as facts_module
from tl_core.data.catalog import bundled_sets
from tl_core.data.checked import KEPT
from tl_core.data.facts import facts_file
from tl_core.data.read_as import ReadAs
from tl_core.errors import ArchiveError, DataError
from tl_core.home import home
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode
from tl_core.server import checking, shown, upload_spool
from tl_core.server.checking import Checker
from tl_core.server.limits import UploadLimits
from tl_core.server.previews import picture_of, previews_folder
from tl_core.server.remedies import rename_class
from tl_core.server.shown import open_checked, previews
from tl_core.server.upload_spool import UploadSpool
from tl_core.server.uploads import Upload, Uploads, shots_folder
from tl_core.store.database import Store

ANNA = "a" * 32


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the processes that are started: what each was asked for."""
    kinds: list[str] = []
    ask = Checker.ask

    def count(self: Checker, request: Any, report: Any = None) -> Any:
        kinds.append(request.kind)
        return ask(self, request, report)

    monkeypatch.setattr(Checker, "ask", count)
    return kinds


@pytest.fixture
def nothing_is_decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tl_core.modalities.photo.codec", None)
    monkeypatch.setattr("PIL.Image.open", lambda *_, **__: pytest.fail("opened"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_photo_folder(tmp_path / "set", per_class=3)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_one_process_makes_all_and_none_what_is_there(
    folder: Path, started: list[str], nothing_is_decoded_here: None
) -> None:
    groups = [[file] for file in files_of(folder)] + [files_of(folder)[:4]]
    first = previews(groups)
    assert started == ["previews"] and None not in first and len(set(first)) == len(groups)
    assert previews(groups) == first and started == ["previews"]
    assert all(picture is not None and picture.parent == previews_folder() for picture in first)


def test_previews_are_square_jpegs_and_four_make_a_sheet(folder: Path) -> None:
    [one, sheet] = previews([files_of(folder)[:1], files_of(folder)[:4]])
    assert one is not None and decode(one).size == (180, 180)
    assert sheet is not None and decode(sheet).size == (360, 360)


def test_a_changed_file_gets_another(folder: Path) -> None:
    file = files_of(folder)[0]
    [before] = previews([[file]])
    make_photo(1, seed=99).save(file, "JPEG")
    os.utime(file, (1, 1))
    [after] = previews([[file]])
    assert before and after and before.read_bytes() != after.read_bytes()


def test_what_cannot_be_shown_is_told_and_not_tried_again(folder: Path, started: list[str]) -> None:
    good, bad, gone = files_of(folder)[:3]
    bad.write_bytes(b"words")
    gone.unlink()
    for _ in range(2):
        [one, two, three] = previews([[good], [bad], [gone]])
        assert one is not None and two is None and three is None
    assert started == ["previews"]


def test_what_a_process_is_lost_over_stops_no_other(
    folder: Path, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly, *others = files_of(folder)
    code = (
        "import os, sys\n"
        "from tl_core.server import upload_worker as worker\n"
        "read = worker.read_bytes\n"
        f"worker.read_bytes = lambda file: os._exit(9) if str(file) == {str(deadly)!r} "
        "else read(file)\n"
        "worker.main()"
    )
    monkeypatch.setattr(checking, "COMMAND", ("-c", code))
    groups = [[file] for file in (deadly, *others)]
    assert previews(groups) == [None] * len(groups)
    [lost, *found] = previews(groups)
    assert lost is None and None not in found and len(started) == 2


def test_many_who_ask_at_once_get_what_one_process_made(folder: Path, started: list[str]) -> None:
    groups = [[file] for file in files_of(folder)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: previews(groups), range(4)))
    assert started == ["previews"] and None not in found[0]
    assert all(one == found[0] for one in found)


def test_whoever_waits_for_others_too_long_sees_none_yet(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "PREVIEW_SECONDS", 0)
    with shown.FileLock(upload_spool.spool_folder() / "previews.lock"):
        assert previews([files_of(folder)[:1]]) == [None]


# ---------------------------------------------------------------------------------------- uploads


@pytest.fixture
def upload(store: Store, folder: Path, tmp_path: Path) -> Upload:
    archive = zip_folder(folder, tmp_path / "set.zip")
    with archive.open("rb") as stream:
        return Uploads(store).take_zip(ANNA, stream, "set.zip")


def stored(upload: Upload) -> list[list[Path]]:
    dataset, _ = open_checked(str(upload.path))
    return [[file] for file in dataset.files(range(len(dataset.items)))]


def test_an_upload_brings_its_previews_along(
    upload: Upload, started: list[str], nothing_is_decoded_here: None
) -> None:
    found = previews(stored(upload))
    assert started == [] and None not in found
    assert all(picture is not None and upload.path in picture.parents for picture in found)
    kept = [file for [file] in stored(upload)] + [picture for picture in found if picture]
    assert upload.bytes == sum(path.stat().st_size for path in kept)


def test_a_remedy_takes_the_previews_along(
    upload: Upload, store: Store, started: list[str], nothing_is_decoded_here: None
) -> None:
    name = next(iter(open_checked(str(upload.path))[0].classes))
    mended = rename_class(Uploads(store), ANNA, str(upload.path), name, "wasp")
    found = previews(stored(mended))
    assert started == ["scan"] and None not in found  # the new set is read, and nothing drawn
    assert all(picture is not None and mended.path in picture.parents for picture in found)


def test_an_upload_of_an_older_version_is_looked_at_once(
    upload: Upload, started: list[str], nothing_is_decoded_here: None
) -> None:
    shutil.rmtree(upload.path / "previews")
    for kept in (facts_file(upload.path), upload.path / KEPT):
        kept.unlink()
    assert None not in previews(stored(upload))
    assert None not in previews(stored(upload))
    assert started == ["scan", "previews"]


def test_a_bundled_set_is_checked_in_a_process_of_its_own(
    started: list[str], nothing_is_decoded_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_module, "_examine", None)
    name = bundled_sets()[0].name
    dataset, report = open_checked(name)
    assert len(dataset.items) > 100 and not report.problems
    open_checked(name)
    assert started == ["scan"]


def test_whoever_waits_for_a_check_too_long_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    monkeypatch.setattr(UploadSpool, "look", lambda *_, **__: None)
    with pytest.raises(DataError, match="still being checked"):
        open_checked(str(folder))


def test_a_folder_without_a_photo_is_refused_without_decoding(
    tmp_path: Path, nothing_is_decoded_here: None
) -> None:
    (tmp_path / "set" / "ant").mkdir(parents=True)
    (tmp_path / "set" / "ant" / "1.jpg").write_bytes(b"words")
    with pytest.raises(DataError, match="None of the 1 files"):
        open_checked(str(tmp_path / "set"))


def test_another_reading_is_made_by_a_process_once_also_where_it_leads_nowhere(
    upload: Upload, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["tl_core.data.scan"], "list_files", None)  # nothing, here
    for _ in range(3):
        assert open_checked(str(upload.path), ReadAs("classes"))[1].layout.layout == "classes"
    assert started == ["scan"]
    for _ in range(3):
        with pytest.raises(DataError, match="belong to no class"):
            open_checked(str(upload.path), ReadAs("csv"))
    assert started == ["scan", "scan"]


# ------------------------------------------------------------------------------------------ shots


def take_shot(store: Store, content: bytes, limits: UploadLimits | None = None) -> Path:
    return Uploads(store, limits).take_shot(ANNA, PHOTO, io.BytesIO(content), "Shot 1")


def photo() -> bytes:
    stream = io.BytesIO()
    make_photo(0).save(stream, "JPEG")
    return stream.getvalue()


def test_a_shot_is_kept_with_its_preview(store: Store) -> None:
    shot = take_shot(store, photo())
    assert shot.read_bytes() == photo() and decode(picture_of(shot)).size == (180, 180)
    assert shot.parent == shots_folder() / ANNA
    for file in (shot, picture_of(shot)):
        os.utime(file, (0, 0))
    Uploads(store).clean_up()
    assert list(shot.parent.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"words", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
)
def test_no_shot_leaves_nothing(store: Store, content: bytes) -> None:
    with pytest.raises(ArchiveError, match="not a picture"):
        take_shot(store, content)
    assert [path for path in shots_folder().rglob("*") if path.is_file()] == []


def test_a_shot_needs_room(store: Store) -> None:
    with pytest.raises(ArchiveError, match=r"only 0\.0 MB are left"):
        take_shot(store, photo(), UploadLimits(learner_bytes=100))
    assert [path for path in home().joinpath("shots").rglob("*") if path.is_file()] == []


def test_what_was_made_for_all_goes_after_a_day_without_use(store: Store, folder: Path) -> None:
    [picture] = previews([files_of(folder)[:1]])
    assert picture is not None
    os.utime(picture, (0, 0))
    Uploads(store).clean_up()
    assert not picture.exists()
