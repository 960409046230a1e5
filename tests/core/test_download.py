"""Downloads that go on where they ended, from a server on this machine."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server
from tl_core import download as module
from tl_core.download import DownloadError, download

FILE = bytes(range(256)) * 400
DIGEST = f"sha256:{hashlib.sha256(FILE).hexdigest()}"
HALF = len(FILE) // 2


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    server.files["file.bin"] = FILE
    yield server
    server.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.bin"


def fetch(server: Server, path: Path) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    download(
        f"{server.url}/file.bin",
        path,
        digest=DIGEST,
        size=1,
        progress=lambda done, total, _: seen.append((done, total)),
    )
    return seen


def put_part(path: Path, content: bytes) -> Path:
    part = path.with_name(f".{path.name}.part")
    part.parent.mkdir()
    part.write_bytes(content)
    return part


def only_the_file_is_there(path: Path) -> bool:
    names = {file.name for file in path.parent.iterdir() if file.suffix != ".lock"}
    return names == {path.name} and path.read_bytes() == FILE


def test_after_a_cut_only_the_rest_is_asked_for(server: Server, path: Path) -> None:
    server.cut = HALF
    with pytest.raises(DownloadError, match="cut at 50%"):
        fetch(server, path)
    assert not path.exists()
    seen = fetch(server, path)
    assert server.ranges == [None, HALF]
    assert seen[0][0] > HALF and seen[-1] == (len(FILE), len(FILE))
    assert only_the_file_is_there(path)


def test_several_cuts_add_up(server: Server, path: Path) -> None:
    for _ in range(2):
        server.cut = 1000
        with pytest.raises(DownloadError, match="cut"):
            fetch(server, path)
    fetch(server, path)
    assert server.ranges == [None, 1000, 2000] and only_the_file_is_there(path)


def test_a_server_without_ranges_sends_it_all_again(server: Server, path: Path) -> None:
    server.knows_ranges = False
    put_part(path, FILE[:HALF])
    seen = fetch(server, path)
    assert server.ranges == [HALF] and seen[-1] == (len(FILE), len(FILE))
    assert only_the_file_is_there(path)


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        pytest.param(b"?" * HALF, [HALF, None], id="of another file"),
        pytest.param(FILE + b"?", [len(FILE) + 1, None], id="longer than the file"),
        pytest.param(FILE, [len(FILE)], id="whole already"),
        pytest.param(b"", [None], id="empty"),
    ],
)
def test_what_a_part_may_hold(
    content: bytes, asked: list[int | None], server: Server, path: Path
) -> None:
    put_part(path, content)
    fetch(server, path)
    assert server.ranges == asked and only_the_file_is_there(path)


def test_a_changed_file_is_refused_and_its_part_thrown_away(server: Server, path: Path) -> None:
    part = put_part(path, FILE[:HALF])
    server.files["file.bin"] = FILE[:-1] + b"?"
    with pytest.raises(DownloadError, match="another file"):
        fetch(server, path)
    assert server.ranges == [HALF, None], "it was not asked for from the beginning, once"
    assert not part.exists() and not path.exists()


def test_a_part_outlives_a_server_that_is_out_of_reach(server: Server, path: Path) -> None:
    part = put_part(path, FILE[:HALF])
    with pytest.raises(DownloadError, match="refused"):
        download("http://127.0.0.1:9/file.bin", path, digest=DIGEST, size=1)
    assert part.read_bytes() == FILE[:HALF]
    fetch(server, path)
    assert server.ranges == [HALF]


def test_a_killed_program_leaves_a_part_that_is_used(server: Server, path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tl_core.download import download\n"
        "download(sys.argv[1], Path(sys.argv[2]), digest=sys.argv[3], size=1,"
        " progress=lambda *_: os._exit(9))"
    )
    command = [sys.executable, "-c", code, f"{server.url}/file.bin", str(path), DIGEST]
    server.files["file.bin"] = whole = FILE * 20
    command[-1] = f"sha256:{hashlib.sha256(whole).hexdigest()}"
    root = Path(__file__).parents[2]
    assert subprocess.run(command, cwd=root, check=False).returncode == 9
    have = path.with_name(f".{path.name}.part").stat().st_size
    assert 0 < have < len(whole) and not path.exists()
    download(f"{server.url}/file.bin", path, digest=command[-1], size=1)
    assert path.read_bytes() == whole and server.ranges == [None, have]


def test_a_full_disk_is_given_back(server: Server, path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DownloadError, match="No space left"):
        download(f"{server.url}/file.bin", path, digest=DIGEST, size=1, progress=full)
    assert not path.with_name(f".{path.name}.part").exists()


def test_several_who_ask_at_once_get_one_download(server: Server, path: Path) -> None:
    threads = [threading.Thread(target=fetch, args=(server, path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == ["file.bin"] and only_the_file_is_there(path)


def test_a_silent_server_is_given_up_on_while_it_sends(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    server.cut, server.silent = HALF, True
    with pytest.raises(DownloadError, match="timed out"):
        fetch(server, path)
