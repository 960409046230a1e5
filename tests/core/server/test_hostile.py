"""Uploads of every bad kind, through the process that opens them."""

import io
import json
import multiprocessing
import os
import resource
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.photos import make_photo
from tl_core.data import open_dataset
from tl_core.data.limits import MB
from tl_core.data.staging import StagingFolder
from tl_core.errors import ArchiveError, ConfigError
from tl_core.home import home
from tl_core.modalities import MODALITIES, Kept
from tl_core.modalities.photo import PHOTO
from tl_core.modalities.photo.decode import decode
from tl_core.server import checking, upload_spool, upload_worker
from tl_core.server.limits import UploadLimits
from tl_core.server.previews import preview_of
from tl_core.server.upload_items import keep_items
from tl_core.server.upload_spool import UploadSpool, spool_folder

ROOMY = 10**9


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def photo(seed: int = 0, size: tuple[int, int] = (40, 30)) -> bytes:
    return encoded(make_photo(seed % 2, seed=seed, size=size))


GOOD = {f"{name}/{i}.jpg": photo(i) for name in ("ant", "bee") for i in range(2)}


def zipped(entries: dict[str, bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    stream.seek(0)
    return stream


def take(
    stream: io.BytesIO, limits: UploadLimits | None = None, room: int = ROOMY, **more: Any
) -> dict[str, Any]:
    with UploadSpool("photos", limits or UploadLimits()) as upload:
        upload.write(stream)
        return upload.check("items", home() / "uploads" / "target", room, **more)


def refusal(stream: io.BytesIO, limits: UploadLimits | None = None, room: int = ROOMY) -> str:
    """Send something, expect a refusal that leaves nothing, and return its one sentence."""
    with pytest.raises(ArchiveError) as caught:
        take(stream, limits, room)
    assert_nothing_left()
    message = str(caught.value)
    assert "\n" not in message and "Traceback" not in message
    return message


def assert_nothing_left() -> None:
    assert not (home() / "uploads" / "target").exists()
    assert [path for path in spool_folder().iterdir() if path.suffix != ".lock"] == []


def pixel_bomb(width: int, height: int) -> bytes:
    """Return a PNG that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


def symlink() -> io.BytesIO:
    link = zipfile.ZipInfo("ant/link.jpg")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = zipped(GOOD)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    stream.seek(0)
    return stream


def overlapping() -> io.BytesIO:
    """Return a zip whose entries all share the content of one (as in Fifield's zip bomb)."""
    content = bytearray(zipped({"ant/0.jpg": bytes(30 * MB)}).getvalue())
    directory = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = bytes(content[directory:end])
    entries = b"".join(entry.replace(b"ant/0.jpg", b"ant/%d.jpg" % (i % 10)) for i in range(500))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 500, 500, len(entries), directory, 0)
    return io.BytesIO(bytes(content[:directory]) + entries + tail)


REFUSED: dict[str, tuple[Callable[[], io.BytesIO], str]] = {
    "zip slip": (lambda: zipped({**GOOD, "../../evil.jpg": photo()}), "leads out"),
    "absolute name": (lambda: zipped({**GOOD, "/etc/evil.jpg": photo()}), "leads out"),
    "link": (symlink, "link"),
    "nested zip": (lambda: zipped({**GOOD, "ant/0.jpg.x": zipped(GOOD).read()}), "another archive"),
    "zip bomb": (lambda: zipped({f"ant/{i}.jpg": bytes(40 * MB) for i in range(4)}), "unpacks to"),
    "overlapping entries": (overlapping, "unpacks to more"),
    "no zip": (lambda: io.BytesIO(b"garbage"), "no zip"),
    "empty": (io.BytesIO, "no zip"),
    "32,000 levels": (lambda: zipped({**GOOD, "d/" * 32_000 + "0.jpg": photo()}), "64,005 char"),
    "17 levels": (lambda: zipped({**GOOD, "d/" * 17 + "0.jpg": photo()}), "17 folders deep"),
    "photos in no folder": (lambda: zipped({"0.jpg": photo()}), "no class folder"),
    "no photo at all": (lambda: zipped({"ant/a.txt": b"words", "bee/b": b"w"}), "None of the 2"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_in_one_sentence_and_nothing_stays(
    make: Callable[[], io.BytesIO], reason: str
) -> None:
    assert reason in refusal(make(), UploadLimits(total_bytes=100 * MB))


def test_a_hundred_thousand_entries_are_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(100_000):
            archive.writestr(zipfile.ZipInfo(f"a/{number}.jpg"), b"")
    stream.seek(0)
    message = refusal(stream)
    assert "table of contents" in message or "more than 20000 files" in message


def test_each_cap_is_named() -> None:
    assert "at most 3 can be taken in at once" in refusal(zipped(GOOD), UploadLimits(items=3))
    message = refusal(zipped(GOOD), UploadLimits(classes=1))
    assert (
        "it holds 2 classes, and at most 1 can be taken in" in message and "Leave some" in message
    )
    assert "only 0.0 MB are left" in refusal(zipped(GOOD), room=1000)
    message = refusal(
        zipped({**GOOD, "ant/noise.bin": os.urandom(2 * MB)}), UploadLimits(sent_bytes=MB)
    )
    assert "larger than 1 MB" in message


def test_bad_pictures_are_left_out_by_name() -> None:
    files = {
        **GOOD,
        "ant/huge.png": pixel_bomb(60_000, 60_000),
        "ant/line.png": pixel_bomb(100_000, 3),
        "ant/cut.jpg": photo()[:300],
        "bee/words.jpg": b"words",
        "bee/program.png": b"\x7fELF" + bytes(100),
        "bee/picture.svg": b"<svg onload='alert(1)'/>",
        "bee/really_a_png.jpg": encoded(make_photo(1), "PNG"),
        "bee/notes.txt": b"words",
        "../".strip("./") + "readme.md": b"words",
        "bee/large.png": encoded(Image.new("L", (900, 900)), "PNG"),
    }
    limits = UploadLimits(item_work={"photo": 0.8})
    assert take(zipped(files), limits)["items"] == 5
    target = home() / "uploads" / "target"
    spec, report = open_dataset(target)
    assert {p.path for p in spec.items} == set(GOOD) | {"bee/really_a_png.jpg"}
    assert len(report.left_out) == 9
    assert "million" in report.left_out["bee/large.png"]
    assert "too large" in report.left_out["ant/huge.png"]
    assert "readme.md" in report.left_out
    assert len(list((target / "files").iterdir())) == 5  # nothing else stays on disk


def test_all_malformed_files_are_read_or_named(malformed: Path) -> None:
    bad = {
        f"ant/{path.relative_to(malformed)}": path.read_bytes()
        for path in malformed.rglob("*")
        if path.is_file()
    }
    taken = take(zipped({**GOOD, **bad}))
    spec, report = open_dataset(home() / "uploads" / "target")
    assert {p.path for p in spec.items} | set(report.left_out) == set(GOOD) | set(bad)
    assert taken["items"] == len(spec.items) > len(GOOD)
    for index in range(len(spec.items)):
        decode(spec.file(index))


def test_photos_are_shrunk_and_lose_what_is_no_picture() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A Secret Camera"
    exif[0x0112] = 6  # stored lying on its side
    wide = encoded(make_photo(0, size=(1600, 800)), exif=exif)
    small = {
        "ant/s.jpg": encoded(make_photo(0), exif=exif),
        "ant/s.png": encoded(make_photo(0), "PNG", exif=exif),
        "ant/s.webp": encoded(make_photo(0), "WEBP", exif=exif),
        "ant/s.tif": encoded(make_photo(0), "TIFF", exif=exif),
        "ant/c.jpg": encoded(make_photo(0), comment=b"Secret"),
    }
    large = {"ant/wide.jpg": wide, "bee/strip.png": pixel_strip()}
    taken = take(zipped({**GOOD, **small, **large}))
    spec, report = open_dataset(home() / "uploads" / "target")
    stored = {p.path: spec.file(i) for i, p in enumerate(spec.items)}
    with Image.open(stored["ant/wide.jpg"]) as image:
        assert image.size == (640, 1280) and not image.getexif()
    for name in ("ant/wide.jpg", *small):
        assert b"Secret" not in stored[name].read_bytes(), name
    assert all(b"Secret" in content for content in (wide, *small.values()))
    with Image.open(stored["ant/s.jpg"]) as image:
        assert image.size == (60, 80)  # stands upright
    with Image.open(stored["bee/strip.png"]) as image:
        assert image.width * image.height <= 4_010_000
    assert report.shrunk == 2
    assert stored["ant/0.jpg"].read_bytes() == GOOD["ant/0.jpg"]
    previews = [preview_of([path]) for path in stored.values()]
    assert taken["bytes"] == sum(p.stat().st_size for p in (*stored.values(), *previews))


def pixel_strip() -> bytes:
    return encoded(Image.new("1", (20_000, 600)), "PNG")


# ----------------------------------------------------------------------- the process that is lost


def test_too_much_memory_costs_a_photo_not_the_server() -> None:
    large = encoded(Image.new("RGBA", (7000, 7000)), "PNG")
    taken = take(zipped({**GOOD, "ant/large.png": large}), UploadLimits(memory=420 * MB))
    assert taken["items"] == 4
    _, report = open_dataset(home() / "uploads" / "target")
    assert "too large" in report.left_out["ant/large.png"]


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    message = refusal(zipped(GOOD), UploadLimits(seconds=1))
    assert "longer than 1 seconds" in message


def test_a_process_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_checker(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "memory" in refusal(zipped(GOOD))


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_checker(monkeypatch, "raise RuntimeError")
    assert "log" in refusal(zipped(GOOD))
    assert "RuntimeError" in (home() / "logs" / "uploads.log").read_text()


def replace_checker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(checking, "COMMAND", ("-c", f"input()\n{code}"))


def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_checker(monkeypatch, "import time; time.sleep(60)")


def test_whoever_stops_waiting_leaves_nothing() -> None:
    class Stop(Exception):
        pass

    def report(done: int, total: int, what: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        take(zipped(GOOD), report=report)
    assert_nothing_left()


def test_uploads_take_turns() -> None:
    said: list[str] = []
    held = upload_spool.FileLock(spool_folder() / "turn-0.lock")
    held.acquire()

    def report(done: int, total: int, what: str) -> None:
        said.append(what)
        if "come next" in what:
            held.release()

    assert take(zipped(GOOD), UploadLimits(at_once=1), report=report)["items"] == 4
    assert "come next" in said[0] and "photos checked" in said


def test_whoever_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_spool, "PATIENCE_SECONDS", 0)
    assert "busy" in refusal(zipped(GOOD))


def test_what_was_checked_is_not_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    take(zipped(GOOD))
    monkeypatch.setattr(sys.modules["tl_core.data.facts"], "_examine", None)
    spec, _ = open_dataset(home() / "uploads" / "target")
    assert len(spec.items) == 4


def test_a_source_is_given_back_before_the_check() -> None:
    stream = zipped(GOOD)
    closed = []
    take(stream, report=lambda *_: closed.append(stream.closed))
    assert closed and all(closed)


def test_the_checker_sees_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_INSTRUCTOR_CODE", "secret")
    replace_checker(
        monkeypatch, "import os, json; print(json.dumps({'refused': str(dict(os.environ))}))"
    )
    assert "secret" not in refusal(zipped(GOOD))


def test_the_checker_loads_neither_torch_nor_streamlit(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_checker(
        monkeypatch,
        "import sys, json, tl_core.server.upload_worker\n"
        "heavy = {'torch', 'streamlit', 'pandas', 'sqlalchemy'} & set(sys.modules)\n"
        "print(json.dumps({'outcome': {'heavy': sorted(heavy)}}))",
    )
    assert take(zipped(GOOD)) == {"heavy": []}


def test_the_checker_limits_itself() -> None:
    limits = UploadLimits(memory=300 * MB, seconds=20, cpu_seconds=7)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_confined, args=(limits, theirs))
    process.start()
    assert ours.recv() == [300 * MB, 7]
    process.join()


def _confined(limits: UploadLimits, answer: Any) -> None:
    upload_worker.confine(limits)
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU)
    answer.send([resource.getrlimit(kind)[0] for kind in kinds])


def test_too_much_computing_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_checker(
        monkeypatch,
        "from tl_core.server.upload_worker import UploadLimits, confine\n"
        "confine(UploadLimits(cpu_seconds=1))\n"
        "while True: pass",
    )
    said = refusal(zipped(GOOD), UploadLimits(cpu_seconds=1))
    assert "more than 1 seconds of computing" in said and "fewer photos" in said


def test_this_process_grows_by_nothing_much() -> None:
    bomb = encoded(Image.fromarray(np.zeros((5000, 5000, 3), np.uint8)), "PNG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    take(zipped({**GOOD, "ant/large.png": bomb}))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 5000 * 5000 * 3  # decoded here, it would have grown by this much


# -------------------------------------------------------------------------------- folders, photos


def files(names: Iterator[str]) -> list[tuple[str, io.BytesIO]]:
    return [(name, io.BytesIO(photo(i))) for i, name in enumerate(names)]


NAMES = (
    "</script><script>alert(1)", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    ":red[x]", "$x$", "a\x00b\x1b[31m", "\u202egpj.exe", "n" * 300, "Ant", "ant", "CON",
    "dot.", "space ", "🦋🐝", "a..b", "{a|b} {b}", "%s %(x)s", "\udcff",
)  # fmt: skip


def test_a_folder_goes_the_same_way_whatever_its_names() -> None:
    names = (f"set/{name.replace('/', '')}/{i}.jpg" for name in NAMES for i in range(2))
    with UploadSpool("set", UploadLimits()) as upload:
        upload.pack(files(names))
        taken = upload.check("items", home() / "uploads" / "target", ROOMY)
    spec, _ = open_dataset(home() / "uploads" / "target")
    assert taken["items"] == 2 * len(NAMES) and len(spec.classes) == len(NAMES)
    for index in range(len(spec.items)):
        assert spec.file(index).parent == home() / "uploads" / "target" / "files"
    assert json.loads(json.dumps(spec.classes))


def test_a_folder_that_leads_out_is_refused() -> None:
    with (
        UploadSpool("set", UploadLimits()) as upload,
        pytest.raises(ArchiveError, match="leads out"),
    ):
        upload.pack(files(iter(["../ant/0.jpg"])))
        upload.check("items", home() / "uploads" / "target", ROOMY)
    assert_nothing_left()


@pytest.mark.parametrize("path", ["d/" * 17 + "0.jpg", "d" * 999 + "/0.jpg", "\u0323\u0307" * 600])
def test_a_folder_with_a_path_too_long_is_refused_before_it_is_read(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    normalize = unicodedata.normalize
    monkeypatch.setattr(
        unicodedata, "normalize", lambda form, t: read.append(len(t)) or normalize(form, t)
    )
    with (
        UploadSpool("set", UploadLimits()) as upload,
        pytest.raises(ArchiveError, match=r"at most .* can be taken in: ") as caught,
    ):
        upload.pack([(path, io.BytesIO(photo())) for path in ("set/ant/0.jpg", path)])
    assert max(read) <= 100 and len(str(caught.value)) < 250


def test_a_folder_with_too_many_files_is_refused() -> None:
    limits = UploadLimits(entries=2)
    with (
        UploadSpool("set", limits) as upload,
        pytest.raises(ArchiveError, match="more than 2 files"),
    ):
        upload.pack(files(iter(["a/0.jpg", "a/1.jpg", "a/2.jpg"])))
    assert_nothing_left()


def test_one_photo_to_ask_about() -> None:
    target = home() / "questions" / "1.png"
    with UploadSpool("cat.jpg", UploadLimits()) as upload:
        upload.write(io.BytesIO(encoded(make_photo(0, size=(1000, 2000)))))
        upload.check("question", target, ROOMY)
    with Image.open(target) as image:
        assert (image.format, image.size) == ("PNG", (640, 1280))
    with UploadSpool("cat.jpg", UploadLimits()) as upload:
        upload.write(io.BytesIO(b"words"))
        with pytest.raises(ArchiveError, match="is a text, not a photo"):
            upload.check("question", home() / "questions" / "2.png", ROOMY)
    assert {path.name for path in (home() / "questions").iterdir()} == {"1.png", "1.picture"}


# ---------------------------------------------------------------------------------------- limits


def test_limits_come_from_the_environment() -> None:
    limits = UploadLimits.from_environment({"TL_DATA_HOURS": " 2 ", "TL_LEARNER_MB": "5"})
    assert (limits.hours, limits.learner_bytes) == (2, 5 * MB)
    assert limits.items == UploadLimits().items


@pytest.mark.parametrize("text", ["-1", "0", "many", "1.5", "٣"])
def test_a_limit_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match=r"TL_DATA_HOURS is .* such as 24"):
        UploadLimits.from_environment({"TL_DATA_HOURS": text})


def test_the_server_never_fills_its_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = UploadLimits(server_bytes=10 * MB, disk_floor=MB)
    assert limits.server_room(4 * MB) == 6 * MB
    assert limits.server_room(40 * MB) == 0
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("", (), {"free": 8 * MB}))
    assert limits.server_room(0) == 4 * MB
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("", (), {"free": 1.5 * MB}))
    assert limits.server_room(0) == MB // 2


def test_a_photo_called_a_table_is_taken_in_like_any_other() -> None:
    """It is counted, made smaller, and keeps no place: its content tells what it is."""
    image, place = make_photo(0, size=(40, 30)), Image.Exif()
    place[0x010E] = "52.5200 N"
    named = {f"ant/{i}.csv": encoded(image, exif=place) for i in range(3)}
    assert "at most 2" in refusal(zipped(named), UploadLimits(items=2))
    take(zipped(GOOD | named | {"labels.csv": b"file,label\n"}))
    kept = [file.read_bytes() for file in (home() / "uploads" / "target" / "files").iterdir()]
    assert len(kept) == 8 and not any(b"52.5200" in content for content in kept)


def test_pages_without_their_file_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later page takes more memory than there is, so the file is left out with all its pages."""
    stack = [make_photo(0, size=(40, 30), seed=i) for i in range(3)]
    content = encoded(stack[0], "TIFF", save_all=True, append_images=stack[1:])
    made: list[Kept] = []

    def shrink(data: bytes, most: float) -> Kept:
        if len(made) == 2:
            raise MemoryError
        made.append(PHOTO.shrink(data, most))
        return made[-1]

    monkeypatch.setitem(MODALITIES._items, PHOTO.name, replace(PHOTO, shrink=shrink))
    with StagingFolder(tmp_path, "set") as staging:
        staging.store("ant/stack.tif", io.BytesIO(content))
        keep_items(staging, UploadLimits())
        assert "too large" in staging.brought.left_out["ant/stack.tif"]
        assert not list((staging.folder / "files").iterdir())
