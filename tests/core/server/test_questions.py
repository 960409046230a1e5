"""Several items that networks are asked about at once: each is kept, or named with its reason."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.photos import make_photo
from tl_core.data.limits import MB
from tl_core.errors import UserError
from tl_core.modalities.photo import PHOTO
from tl_core.server import checking
from tl_core.server.budget import Budget
from tl_core.server.checking import Checker
from tl_core.server.limits import UploadLimits
from tl_core.server.previews import picture_of
from tl_core.server.questions import MOST_ITEMS, Question, Questions
from tl_core.server.upload_spool import spool_folder
from tl_core.server.uploads import Uploads, questions_folder
from tl_core.store.database import Store

ANNA = "anna" * 8
DEADLY = b"deadly"
LOSES_ITSELF = (
    "import os\n"
    "from tl_core.server import upload_worker as worker\n"
    "take = worker.take_question\n"
    "def lose(request, reporter):\n"
    f"    if request.source.read_bytes() == {DEADLY!r}: os._exit(9)\n"
    "    return take(request, reporter)\n"
    "worker.KINDS['question'] = lose\n"
    "worker.main()"
)


@pytest.fixture
def store(own_home: Path) -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Checker]:
    """Return the checking processes that were started."""
    found: list[Checker] = []
    start = Checker.__enter__

    def note(checker: Checker) -> Checker:
        found.append(checker)
        return start(checker)

    monkeypatch.setattr(Checker, "__enter__", note)
    return found


def photo(seed: int = 0, kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    make_photo(seed % 2, seed=seed).save(stream, kind)
    return stream.getvalue()


def take(store: Store, *files: tuple[str, bytes], limits: UploadLimits | None = None) -> Question:
    sent = [(name, io.BytesIO(content)) for name, content in files]
    return Uploads(store, limits).take_question(ANNA, PHOTO, sent)


def names(question: Question) -> list[str]:
    return [name for name, _ in question.items]


def test_one_process_looks_at_all_and_names_what_is_none(
    store: Store, started: list[Checker]
) -> None:
    question = take(
        store,
        ("a.jpg", photo(0)), ("notes.txt", b"garbage"), ("folder\\no suffix", photo(1, "PNG")),
        ("a.jpg", photo(2)), ("", b""),
    )  # fmt: skip
    assert names(question) == ["a.jpg", "no suffix", "a.jpg"] and len(started) == 1
    assert [name for name, _ in question.left_out] == ["notes.txt", "_"]
    text, empty = (reason for _, reason in question.left_out)
    assert text.startswith("is a text, not a photo") and empty.startswith("is empty")
    files = [file for _, file in question.items]
    assert {*questions_folder().iterdir()} == {*files, *map(picture_of, files)}
    assert all(Uploads(store).may_ask_about(ANNA, str(file)) for file in files)
    size = sum(file.stat().st_size for file in questions_folder().iterdir())
    assert Budget(store).kept(ANNA).questions == size
    assert not list(spool_folder().glob("tmp*"))


def test_what_a_process_is_lost_over_is_named_and_the_others_are_taken(
    store: Store, started: list[Checker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "COMMAND", ("-c", LOSES_ITSELF))
    question = take(store, ("a", photo(0)), ("bad", DEADLY), ("b", photo(1)), ("c", photo(2)))
    assert names(question) == ["a", "b", "c"]
    assert question.left_out == [("bad", "it could not be checked; the server's log tells why.")]
    assert len(started) == 3  # it was tried once more by itself, then the rest


def test_all_together_may_take_as_long_as_one_upload(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "COMMAND", ("-c", "import time; time.sleep(60)"))
    question = take(store, *[(name, photo()) for name in "abc"], limits=UploadLimits(seconds=1))
    assert question.items == []
    reasons = [reason for _, reason in question.left_out]
    assert "longer than 1 seconds" in reasons[0] and "before it" in reasons[1] == reasons[2]


def test_too_many_are_refused_unread(store: Store, started: list[Checker]) -> None:
    with pytest.raises(UserError, match=rf"21 photos, and at most {MOST_ITEMS}"):
        take(store, *[(str(n), photo()) for n in range(MOST_ITEMS + 1)])
    assert started == [] and not questions_folder().exists()


def test_what_is_too_large_is_named_and_the_others_are_taken(store: Store) -> None:
    large, small = ("large.png", bytes(2 * MB)), ("small.jpg", photo())
    question = take(store, large, small, limits=UploadLimits(file_bytes=MB))
    assert names(question) == ["small.jpg"]
    assert question.left_out == [("large.png", "the file is larger than 1 MB: make it smaller.")]
    two = UploadLimits(file_bytes=4 * MB, sent_bytes=3 * MB)
    question = take(store, large, ("second.png", bytes(2 * MB)), small, limits=two)
    assert names(question) == ["small.jpg"]
    assert dict(question.left_out)["second.png"].startswith("all files together are larger")


def test_the_budget_holds_for_all_of_them_together(store: Store) -> None:
    take(store, ("a", photo()))
    size = Budget(store).kept(ANNA).questions
    room = UploadLimits(learner_bytes=3 * size + size // 2)
    question = take(store, *[(name, photo()) for name in "bcd"], limits=room)
    assert names(question) == ["b", "c"]
    [(name, reason)] = question.left_out
    assert name == "d" and reason.startswith("its photos need")
    assert Budget(store).kept(ANNA).questions == 3 * size


def test_where_it_fails_nothing_is_left(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    note, noted = Questions.note, []

    def fail(self: Questions, owner: str, file: Path, size: int) -> None:
        if noted:
            raise UserError("the disk is full")
        noted.append(file)
        note(self, owner, file, size)

    monkeypatch.setattr(Questions, "note", fail)
    with pytest.raises(UserError, match="the disk is full"):
        take(store, ("a", photo(0)), ("b", photo(1)), ("c", photo(2)))
    assert noted and list(questions_folder().iterdir()) == []
    assert Budget(store).kept(ANNA).questions == 0
