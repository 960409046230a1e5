"""What makes whole things broken or hostile: changes of bytes and of JSON, and nasty names."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

# ------------------------------------------------------------------------------------------ bytes

_INTERESTING = (
    b"", b"\0", b"\xff", b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff" * 8, b"\n", b"<b>",
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xd8", b"\xff\xd9", b"IHDR", b"IDAT",
)  # fmt: skip


def mutated(whole: st.SearchStrategy[bytes], most: int = 6) -> st.SearchStrategy[bytes]:
    """Change bytes: overwrite, insert, remove, repeat, cut off; at the start and end oftener."""
    place = st.one_of(st.floats(0, 1), st.floats(0, 0.1), st.floats(0.9, 1))
    piece = st.one_of(st.sampled_from(_INTERESTING), st.binary(max_size=8))
    how = st.sampled_from(("overwrite", "overwrite", "insert", "remove", "repeat", "cut"))
    changes = st.lists(st.tuples(how, place, piece, st.integers(1, 64)), max_size=most)
    return st.builds(_change_bytes, whole, changes)


def _change_bytes(data: bytes, changes: list[tuple[str, float, bytes, int]]) -> bytes:
    for how, place, piece, length in changes:
        at = int(place * len(data))
        rest = {
            "overwrite": piece + data[at + len(piece) :],
            "insert": piece + data[at:],
            "remove": data[at + length :],
            "repeat": data[at : at + length] + data[at:],
            "cut": b"",
        }
        data = data[:at] + rest[how]
    return data


# ------------------------------------------------------------------------------------------- JSON

# "<deep 30>" becomes 30 lists inside one another, which Python could not write itself.
WEIRD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            1,
            2,
            2**31,
            2**63,
            10**30,
            10**400,
            -(10**400),
            0.5,
            -0.0,
            float("inf"),
            float("nan"),
            1e308,
            "",
            "x",
            "x" * 5000,
            "\0",
            "../..",
            "/etc/passwd",
            "\ud800",
            "\n",
            "none",
            "all",
            "last:9",
            "last:²",
            "resnet18",
            "vit_b_16",
            "hybrid",
            "finished",
            "failed",
            [],
            {},
            [[]],
            [None],
            {"": None},
            {"x": {"x": {}}},
            ["ant"] * 3,
        ]
    ),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=6,
    ),
    st.integers(30, 3000).map(lambda depth: f"<deep {depth}>"),
)


def changed_json(whole: Any) -> st.SearchStrategy[bytes]:
    """Change values deep inside JSON: replace, remove, repeat, add."""
    how = st.sampled_from(("replace", "replace", "replace", "remove", "repeat", "add"))
    changes = st.lists(st.tuples(how, st.integers(0, 500), WEIRD), max_size=3)
    return st.builds(lambda made: _change_json(whole, made), changes)


def _change_json(whole: Any, changes: list[tuple[str, int, Any]]) -> bytes:
    holder = [copy.deepcopy(whole)]
    for how, number, value in changes:
        places = list(_places(holder))
        (parent, key), value = places[number % len(places)], copy.deepcopy(value)
        if how == "remove" and parent is not holder:
            del parent[key]
        elif how == "repeat" and isinstance(parent, list) and parent is not holder:
            parent.insert(key, copy.deepcopy(parent[key]))
        elif how == "add" and isinstance(parent, dict):
            parent[str(value)[:40]] = value
        else:
            parent[key] = value
    text = json.dumps(holder[0])
    while (start := text.find('"<deep ')) >= 0:
        end = text.index('>"', start) + 2
        depth = int(text[start + 7 : end - 2])
        text = text[:start] + "[" * depth + "]" * depth + text[end:]
    return text.encode()


def _places(parent: Any) -> Any:
    for key in parent if isinstance(parent, dict) else range(len(parent)):
        yield parent, key
        if isinstance(parent[key], dict | list):
            yield from _places(parent[key])


# ------------------------------------------------------------------------------------------ names

NAMES = st.one_of(
    st.sampled_from(
        (
            "ant/0.jpg",
            "bee/0.jpg",
            "train/ant/0.jpg",
            "val/bee/1.jpg",
            "Train/x/y/z.png",
            "0.jpg",
            "../x.jpg",
            "a/../b.jpg",
            "/etc/passwd",
            "C:\\x.jpg",
            "\\\\server\\x",
            "./a/b.jpg",
            "a//b.jpg",
            "CON/NUL.jpg",
            "<b>/x.jpg",
            "a\nb/c.jpg",
            "\u202eant/0.jpg",
            ".hidden/a.jpg",
            "__MACOSX/a.jpg",
            "ant/Thumbs.db",
            "e\u0301/1.jpg",
            "\u00e9/1.jpg",
            "ANT/0.jpg",
            "ant/",
            "ant",
            "",
            ".",
            "..",
            "/",
            "a" * 300 + "/b.jpg",
            "a/" * 40 + "b.jpg",
            "ant/.tl_upload.json",
            ".tl_upload.json",
            "files/000000",
            "ant/0.zip",
            "ant/0 (2).jpg",
            "ant/0.JPG",
            "~/x.jpg",
        )
    ),
    st.lists(st.text(max_size=6), min_size=1, max_size=4).map("/".join),
)
