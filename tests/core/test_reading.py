from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tl_core import reading
from tl_core.reading import TooLarge, Unreadable, read_file, read_json


def test_an_ordinary_file_is_read_up_to_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_file(file, 5) == b"12345"
    with pytest.raises(TooLarge, match="MB are read"):
        read_file(file, 4)


def test_of_a_file_that_is_too_large_no_byte_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(reading.os, "read", lambda *_: pytest.fail("read"))
    with pytest.raises(TooLarge, match="has 1100 GB"):
        read_file(tmp_path / "hole", 10)


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(Unreadable, match="is no ordinary file"):
            read_file(tmp_path / name, 10)
    with pytest.raises(Unreadable, match="cannot be read: Is a directory"):
        read_file(tmp_path, 10)
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        read_file(tmp_path / "gone", 10)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"{'a': 1}", "no JSON"),
        (b"NaN", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"9" * 5000, "no JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"files": {"ant/0.jpg": "\\ud800"}}', "half of a character"),
        (b'["\\udfff"]', "half of a character"),
    ],
)
def test_what_is_no_json_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Unreadable, match=said):
        read_json(tmp_path / "file", 10**6)


def test_lists_that_fill_the_memory_are_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_PARTS", 10)
    monkeypatch.setattr(reading.json, "loads", lambda *_, **__: pytest.fail("read"))
    (tmp_path / "file").write_bytes(b"[" + b"{}," * 10 + b"1]")
    with pytest.raises(Unreadable, match="more than 10 lists and dictionaries"):
        read_json(tmp_path / "file", 10**6)


def test_characters_that_are_escaped_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps(["\N{ANT}", "ü", "\n"]))
    assert read_json(tmp_path / "file", 100) == ["\N{ANT}", "ü", "\n"]
