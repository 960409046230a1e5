"""Files that browsers send: only those that were asked for, within a budget, never in memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

import ui.guard.incoming
from tests.ui.guard.asgi import Answer, ask, ok
from tl_core.data.limits import MB
from tl_core.errors import DataError
from tl_core.server.upload_spool import spool_folder
from tl_core.server.uploads import Uploads
from tl_core.store.database import Store
from ui.guard.arrival import NotTaken, OnDisk
from ui.guard.incoming import Incoming
from ui.guard.limits import GuardLimits
from ui.guard.receiving import Receiving
from ui.shared.file_upload import Arriving, refusal

XSRF = generate_xsrf_token_string()


def small(**limits: int) -> Incoming:
    few: dict[str, Any] = {"tab_files": 3, "waiting_files": 5, "tab_bytes": 1000}
    return Incoming(GuardLimits(**{**few, "waiting_bytes": 1500, **limits}))


def address(incoming: Incoming, session: str = "s") -> str:
    return incoming.get_upload_urls(session, ["a.zip"])[0].upload_url


def form(content: bytes, name: str = "a.zip", boundary: str = "xyz") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n'
    end = f"\r\n--{boundary}--\r\n"
    return f"{head}Content-Type: application/zip\r\n\r\n".encode() + content + end.encode()


def put(incoming: Incoming, url: str, *body: bytes | None, **headers: str) -> Answer:
    sent = {
        "Content-Type": "multipart/form-data; boundary=xyz",
        "X-Xsrftoken": XSRF,
        "Cookie": f"_streamlit_xsrf={XSRF}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    pieces: Iterable[Any] = body or [form(b"content")]
    return ask(Receiving(ok, incoming, incoming.note), url, "PUT", sent, pieces)


def on_disk() -> list[Path]:
    return [path for path in spool_folder().iterdir() if path.is_file()]


# -------------------------------------------------------------------------------- what is taken in


def test_a_file_that_a_page_asked_for_comes_in_to_the_disk() -> None:
    incoming = small()
    url = address(incoming)
    whole = form(b"content" * 20)
    answer = put(incoming, url, *(whole[i : i + 7] for i in range(0, len(whole), 7)))
    assert answer.status == 204, answer.body
    file_id = url.rpartition("/")[2]
    [record] = incoming.get_files("s", [file_id, "other"])
    assert (record.name, record.type, len(record.data)) == ("a.zip", "application/zip", 140)
    with incoming.open("s", file_id) as file:
        assert file.read() == b"content" * 20
    assert incoming.get_files("other session", [file_id]) == []
    assert incoming.get_stats() == {}


def test_a_widget_returns_a_file_without_its_bytes_and_arriving_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    incoming = small()
    url = address(incoming)
    put(incoming, url)
    file_id = url.rpartition("/")[2]
    file = UploadedFile(incoming.get_files("s", [file_id])[0], FileURLs())
    assert file.size == 7 and file.getvalue() == b""

    class Context:
        uploaded_file_mgr, session_id = incoming, "s"

    monkeypatch.setattr("ui.shared.file_upload.get_script_run_ctx", Context)
    arriving = Arriving(file)
    assert [arriving.read(4), arriving.read(4), arriving.read(4)] == [b"cont", b"ent", b""]
    arriving.close()
    assert on_disk() == [] and incoming.get_files("s", [file_id]) == []
    with pytest.raises(Exception, match="Send it once more"):
        Arriving(file).read(1)


def test_no_screen_reads_a_file_but_by_arriving() -> None:
    for folder in ("ui", "pages"):
        for path in (Path(__file__).parents[3] / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "file_uploader(" in text or "camera_input(" in text:
                assert "Arriving(" in text and ".getvalue(" not in text, path


@pytest.mark.parametrize("path", ["/_stcore/upload_file/s/made-up", "/lab/_stcore/upload_file/s/x"])
def test_a_made_up_address_takes_nothing(path: str) -> None:
    incoming = small()
    address(incoming)
    answer = put(incoming, path, form(b"x" * 100))
    assert answer.status == 404 and answer.headers["connection"] == "close"
    assert on_disk() == []


def test_an_address_is_good_for_one_file_of_its_own_session() -> None:
    incoming = small()
    url = address(incoming)
    assert put(incoming, url).status == 204
    assert incoming.get_files("t", [url.rpartition("/")[2]]) == []
    assert put(incoming, url).status == 404
    assert len(on_disk()) == 1


def test_a_page_of_another_origin_cannot_send() -> None:
    incoming = small()
    assert put(incoming, address(incoming), X_Xsrftoken="2|aa|bb|1").status == 403
    assert (
        ask(Receiving(ok, incoming, incoming.note), "/_stcore/upload_file/s/x", "DELETE").body
        == b"ok"
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ([form(b"content")], "text/plain"),
        ([form(b"content")], "multipart/form-data"),
        ([b"garbage"], None),
        ([form(b"a")[:-6] + b"\r\n" + form(b"b")], None),
        ([b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--xyz--\r\n'], None),
        ([form(b"content", name="x" * 2000)], None),
        ([b"x" * 2**15 + form(b"content")], None),
        ([form(b"content"), *[b"x" * 2**12] * 5], None),
        ([form(b"content")[:-30]], None),
        ([form(b"content")[:-30], None], None),
    ],
    ids=[
        "no form",
        "no boundary",
        "garbage",
        "two",
        "field",
        "long name",
        "prefix",
        "rest",
        "cut off",
        "left",
    ],
)
def test_what_is_not_one_whole_file_leaves_nothing(body: list[bytes], kind: str | None) -> None:
    incoming = small()
    headers = {"Content_Type": kind} if kind else {}
    assert put(incoming, address(incoming), *body, **headers).status == 400
    assert on_disk() == [] and incoming._room() == 1500


# ------------------------------------------------------------------------------------------ budget


def test_a_tab_sends_so_much_and_no_more() -> None:
    incoming = small()
    assert put(incoming, address(incoming), form(b"x" * 1000)).status == 204
    assert put(incoming, address(incoming), form(b"x")).status == 413
    assert len(on_disk()) == 1


def test_a_file_that_is_announced_as_too_large_is_refused_unread() -> None:
    incoming = small()
    answer = put(incoming, address(incoming), Content_Length="20000")
    assert answer.status == 413 and on_disk() == []
    assert b"larger than" in answer.body


def test_files_that_are_not_all_there_are_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = small()
    urls = [info.upload_url for info in incoming.get_upload_urls("s", ["x"] * 3)]
    for url in urls:
        put(incoming, url, form(b"x" * 600))
    assert len(on_disk()) == 1

    class Context:
        uploaded_file_mgr, session_id = incoming, "s"

    monkeypatch.setattr("ui.shared.file_upload.get_script_run_ctx", Context)
    [record] = incoming.get_files("s", [urls[0].rpartition("/")[2]])
    with pytest.raises(DataError, match=r"larger than .*send fewer"):
        Arriving(UploadedFile(record, FileURLs())).read(1)
    incoming.remove_file("s", record.file_id)
    address(incoming)  # the next try
    assert refusal() is None


def test_all_tabs_together_have_a_budget() -> None:
    incoming = small()
    assert put(incoming, address(incoming, "a"), form(b"x" * 1000)).status == 204
    assert put(incoming, address(incoming, "b"), form(b"x" * 501)).status == 507
    assert put(incoming, address(incoming, "b"), form(b"x" * 500)).status == 204
    assert "as many files as it can" in str(incoming.refusal("c", 1))
    incoming.remove_session_files("a")
    assert incoming.refusal("c", 1) is None


def test_addresses_are_few_and_a_quiet_tab_gives_them_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    incoming = small()
    assert "at most 3 can be sent" in str(incoming.refusal("a", 4))
    incoming.get_upload_urls("a", ["x"] * 3)
    assert "last files are still" in str(incoming.refusal("a", 1))
    incoming.get_upload_urls("b", ["x"] * 2)
    assert "as many files as it can" in str(incoming.refusal("c", 1))
    assert incoming.get_upload_urls("c", ["x"]) == []
    monkeypatch.setattr(ui.guard.incoming, "QUIET_SECONDS", -1.0)
    assert incoming.refusal("c", 3) is None


def test_who_left_while_they_sent_may_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = small()
    urls = [info.upload_url for info in incoming.get_upload_urls("a", ["x"] * 3)]
    put(incoming, urls[0])
    put(incoming, urls[1])
    assert incoming.refusal("a", 3) is not None and len(on_disk()) == 2
    monkeypatch.setattr(ui.guard.incoming, "PAUSE_SECONDS", -1.0)
    assert incoming.refusal("a", 3) is None and on_disk() == [] and incoming._room() == 1500


def test_a_learner_sends_a_folder_of_as_many_files_as_an_upload_may_have() -> None:
    incoming = Incoming(GuardLimits.from_environment({}))
    ids = [info.file_id for info in incoming.get_upload_urls("s", ["x"] * 5000)]
    assert len(set(ids)) == 5000
    for one in ids[:20]:
        incoming.begin(one).keep("x", "image/jpeg")
    assert len(incoming.get_files("s", ids)) == 20


def test_limits_are_those_of_one_upload_and_may_be_set() -> None:
    limits = GuardLimits.from_environment(
        {"TL_UPLOAD_MB": "7", "TL_UPLOAD_PHOTOS": "8", "TL_INCOMING_MB": "9", "TL_TABS": "10"}
    )
    assert (limits.tab_bytes, limits.tab_files) == (14 * MB, 8)
    assert (limits.waiting_bytes, limits.tabs) == (9 * MB, 10)


# --------------------------------------------------------------------------------------------- end


def test_files_go_with_their_session_also_those_that_are_on_their_way() -> None:
    incoming = small()
    put(incoming, address(incoming))
    arriving = incoming.begin(address(incoming).rpartition("/")[2])
    arriving.write(b"half")
    incoming.remove_session_files("s")
    assert len(on_disk()) == 1
    with pytest.raises(NotTaken):
        arriving.write(b"more")
    arriving.drop()
    assert on_disk() == [] and incoming._room() == 1500

    ready = incoming.begin(address(incoming).rpartition("/")[2])
    incoming.remove_session_files("s")
    ready.keep("late.zip", "application/zip")
    assert on_disk() == []


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = small()
    arriving = incoming.begin(address(incoming).rpartition("/")[2])
    arriving._file.close()
    arriving._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    with pytest.raises(NotTaken, match="disk is full"):
        arriving.write(b"x")
    arriving.drop()
    assert on_disk() == []


def test_what_a_crash_left_is_swept_away(store: Store) -> None:
    incoming = small()
    put(incoming, address(incoming))
    [left] = on_disk()
    os.utime(left, (time.time() - 4000,) * 2)
    Uploads(store).clean_up()
    assert on_disk() == []


def test_the_place_of_the_bytes_has_their_number() -> None:
    place = OnDisk(Path("x"), 5)
    assert len(place) == 5 and bytes(place) == b""
