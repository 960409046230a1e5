"""What comes in from browsers: archives, photos, names of files, links, workspaces."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from PIL import Image

from tests.fuzz.base import LONGEST, answered, everything_in, holds_for
from tests.fuzz.material import NAMES, changed_json, mutated
from tests.fuzz.photos import MARKER, PHOTOS, PLANTED
from tests.fuzz.zips import ZIPS
from tl_core.codec import to_plain
from tl_core.data.archives.unpack import extract
from tl_core.data.layout import Seen, read_layout
from tl_core.data.limits import ArchiveLimits
from tl_core.data.scan import scan
from tl_core.data.staging import StagingFolder
from tl_core.errors import DataError
from tl_core.home import home
from tl_core.modalities.photo import PHOTO
from tl_core.server.limits import UploadLimits
from tl_core.server.upload_spool import UploadSpool
from ui.shared.state import AppState
from ui.train.link import PARTS, decode

LIMITS = ArchiveLimits(entries=20, file_bytes=60_000, total_bytes=100_000)


@holds_for("A zip becomes a folder of its own or nothing at all.", ZIPS, 400)
def archive(data: bytes, folder: Path) -> None:
    """Unpack bytes; then read what was unpacked."""
    unpacked = answered(lambda: extract(io.BytesIO(data), folder / "set", LIMITS, name="set"))
    if unpacked is None:
        assert everything_in(folder) == set()
        return
    assert {path.partition("/")[0] for path in everything_in(folder)} == {"set"}
    assert (
        sum(p.stat().st_size for p in unpacked.rglob("*") if p.is_file()) < 2 * LIMITS.total_bytes
    )
    assert all(not path.is_symlink() for path in unpacked.rglob("*"))
    answered(lambda: scan(unpacked))


@holds_for("A photo is decoded, made smaller and shown, or refused.", mutated(PHOTOS), 300)
def photo(data: bytes, folder: Path) -> None:
    """Do with bytes all that is done with photos."""
    item = answered(lambda: PHOTO.open(data, 1, {}))
    told = answered(lambda: PHOTO.examine(data, 1))
    if item is not None:
        header = answered(lambda: PHOTO.measure(item))
        assert told is None or (told.numbers, told.kinds) == (header.numbers, header.kinds)
    if told is not None:
        json.dumps(to_plain(told))
        assert told == PHOTO.examine(data, None)
        assert all(PHOTO.oddities({"a": told})) and told.parts >= 1
    for part in answered(lambda: list(PHOTO.split_parts(data))) or ():
        answered(lambda part=part: PHOTO.examine(part, None))
    answered(lambda: PHOTO.preview([data]))
    for made in (PHOTO.rewrite, PHOTO.shrink):
        if (kept := _content(answered(lambda made=made: made(data, 1)))) is not None:
            assert Image.open(io.BytesIO(kept)).format in ("PNG", "JPEG")
            again = PHOTO.examine(kept, 1)
            assert told is None or ("brightest" in again.traits) == ("brightest" in told.traits)


@holds_for("Of a place that is planted in a photo, nothing is kept.", PLANTED, 300)
def privacy(data: bytes, folder: Path) -> None:
    """Keep a photo and look for the place in it."""
    refused = False
    try:
        rewritten = _content(PHOTO.shrink(data, 1))
    except DataError:
        refused = True
    if not refused:
        kept = data if rewritten is None else rewritten
        assert MARKER not in kept
        told = Image.open(io.BytesIO(kept)).info
        assert MARKER.decode() not in str(told) and str(MARKER) not in str(told)
    if (asked := _content(answered(lambda: PHOTO.rewrite(data, 1)))) is not None:
        assert MARKER not in asked


def _content(made: Any) -> bytes | None:
    """Return the bytes of a file that was written anew; None where none was."""
    return getattr(made, "content", made)


@holds_for("Whatever files are called, each has a place, and none leaves its folder.",
           st.lists(NAMES, max_size=12), 300)  # fmt: skip
def listing(names: list[str], folder: Path) -> None:
    """Take in files of any names, and read what their folders say."""
    with StagingFolder(folder, "set", LIMITS) as staging:
        if answered(lambda: _stage(names, staging)) is None:
            return  # refused as a whole
        brought = staging.brought
        reading = read_layout([Seen(path) for path in (*brought.files, *brought.left_out)])
        over = [path for paths in reading.passed_over.values() for path in paths]
        known = [*reading.placed, *reading.left_out, *over]
        assert sorted(known) == sorted((*brought.files, *brought.left_out))
        assert all(place.label and "/" not in place.label for place in reading.placed.values())
        stored = {path for path in everything_in(staging.folder) if path.startswith("files/")}
        assert stored == set(brought.files.values())
        staging.commit(folder / "set")
    assert {path.partition("/")[0] for path in everything_in(folder)} == {"set"}
    answered(lambda: scan(folder / "set"))


def _stage(names: list[str], staging: StagingFolder) -> bool:
    for name in names:
        staging.store(staging.admit(name), io.BytesIO(b"x"))
    return True


_CELLS = st.one_of(
    st.sampled_from(
        ("0.jpg", "ant/0.jpg", "ANT\\\\0", "1", "0", "", "label", "filename", "cat", "dog",
         "a" * 300, '"', '""', '"x', "\0", "\ufeff", "1e999", "train/", "\n", "\r", "<b>")
    ),
    st.text(max_size=5),
)  # fmt: skip
_TABLES = st.builds(
    lambda rows, separator, end: end.join(separator.join(row) for row in rows),
    st.lists(st.lists(_CELLS, max_size=5), max_size=8),
    st.sampled_from((",", ";", "\t", "|", " ")),
    st.sampled_from(("\n", "\r\n", "\r")),
)


@holds_for("Whatever tables say, each file has a place, and a class is a name.",
           st.tuples(st.dictionaries(NAMES, _TABLES, max_size=3), st.lists(NAMES, max_size=8)),
           300)  # fmt: skip
def tables(given: tuple[dict[str, str], list[str]], folder: Path) -> None:
    """Read labels out of tables."""
    texts, names = given
    tidy = {"/".join(part for part in name.split("/") if part) for name in names} - {""}
    files = sorted({"0.jpg", "ant/0.jpg", "ant/1.jpg", "bee/2.jpg", *tidy})
    for choice in ("auto", "csv"):
        reading = read_layout([Seen(path) for path in files], choice=choice, tables=texts)
        over = [path for paths in reading.passed_over.values() for path in paths]
        assert sorted([*reading.placed, *reading.left_out, *over]) == files
        assert all(place.label for place in reading.placed.values())


@holds_for("The checking process answers, and leaves what it made or nothing.", ZIPS, 2)
def checker(data: bytes, folder: Path) -> None:
    """Send bytes through the process in which uploads are opened."""
    with mock.patch.dict(os.environ, {"TL_HOME": str(folder / "home")}):
        target = home() / "uploads" / "set"

        def check() -> dict[str, Any]:
            with UploadSpool("set", UploadLimits(entries=20, items=10, seconds=30)) as spool:
                spool.write(io.BytesIO(data))
                return spool.check("items", target, 10**9)

        kept = answered(check)
        assert target.exists() == (kept is not None)
        left = {path for path in everything_in(home() / "incoming") if not path.endswith(".lock")}
        assert left == set()
        log = home() / "logs" / "uploads.log"
        assert not log.read_text(), log.read_text()[-2000:]


# ---------------------------------------------------------------------------------------- links


@holds_for(
    "A link sets up what the controls allow, and tells what it left out.",
    st.dictionaries(
        st.sampled_from(PARTS),
        st.one_of(
            st.text(max_size=30),
            st.integers().map(str),
            st.floats().map(str),
            st.sampled_from(
                ("produce/market", "../..", "resnet18", "vit_b_16", "layer4", "none", "hybrid", "1",
                 "33", "100000", "fine_tune,hybrid", "sgd", "mlp", "x" * 9000, "\0", "9" * 5000)
            ),
        ),
    ),
    400,
)  # fmt: skip
def link(query: dict[str, str], folder: Path) -> None:
    """Open a link and set up what it says."""
    linked = decode(query)
    assert all(len(note) < LONGEST for note in linked.notes)
    state = AppState.from_dict(linked.given)
    json.dumps(state.to_dict())
    state.data = state.data or "produce/market"
    for strategy in state.strategies:
        answered(lambda strategy=strategy: state.configs([strategy]))


_STATE = AppState(data="x", thawed=("layer4",), settings={"epochs": 3, "lr": 0.1}).to_dict()


@holds_for("A workspace is read as far as it can be.", changed_json(_STATE), 400)
def workspace(data: bytes, folder: Path) -> None:
    """Read what a learner has set up."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return  # no database hands that out
    if isinstance(values, dict):
        state = AppState.from_dict(values)
        state.trainable  # noqa: B018 (it must be known)
        json.dumps(state.to_dict())
        state.data = "x"
        answered(lambda: state.configs(state.strategies))
