"""What this project writes for itself and reads back."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from tests.fuzz.base import answered, everything_in, holds_for
from tests.fuzz.material import changed_json, mutated
from tests.fuzz.photos import photo as whole_photo
from tl_core import cache as arrays
from tl_core import precision
from tl_core.cost.profile import CostProfile, Line, ProfileKey, StageCost
from tl_core.data.manifest import MANIFEST
from tl_core.data.read_as import ReadAs
from tl_core.data.scan import scan
from tl_core.home import home
from tl_core.modalities.photo import PHOTO

_LINE = Line(1.0, 1.0)
_PROFILE = CostProfile(
    "cpu", "fp32", (StageCost(_LINE, _LINE, _LINE, _LINE, 1.0, 1, 1, 1),), _LINE, _LINE,
    {"none": 1.0}, 1.0, 1.0, 1, 1.0, 1.0, False,
)  # fmt: skip

_READINGS = (ReadAs(), ReadAs("names", "all", "cp850"), ReadAs("csv", zip_names="utf-8"))


def _kept() -> st.SearchStrategy[tuple[str, bytes]]:
    from tl_core.codec import to_plain

    manifest = {
        "name": "set",
        "files": {"ant/0.jpg": "files/0"},
        "skipped": {"x": "y"},
        "passed_over": {"hidden files": 2},
        "empty_folders": ["cat"],
        "pages": {"ant/0.jpg": ["files/1"]},
        "raw_names": {"ant/0.jpg": "836e2f302e6a7067"},
        "encoding": "cp932",
        "encodings": {"cp932": ["x"], "cp850": ["y"]},
        "layout": "classes",
        "shrunk": 0,
    }
    measures = {"numbers": {"width": 1}, "kinds": {"mode": "L"}}
    scanned = {
        "modality": "photo",
        "settings": dict(PHOTO.settings),
        "contents": {"0" * 64: {"measures": measures, "reason": None}},
    }
    values = {
        MANIFEST: manifest,
        ".tl_scan.json": scanned,
        "machine": {"here/resnet_mini at 32": {"precision": "fp32", "fp32_step_seconds": 1.0}},
        "profile": to_plain(_PROFILE),
        "arrays": {"dtype": "<f4", "shapes": [[2, 2]], "repeat": 2, "seconds": 1.0},
    }
    return st.one_of(
        st.tuples(st.just(name), mutated(changed_json(value), 1)) for name, value in values.items()
    )


@holds_for("What was kept for later is read, or is as good as none.", st.deferred(_kept), 300)
def kept(file: tuple[str, bytes], folder: Path) -> None:
    """Read a file back that this project writes for itself."""
    name, data = file
    with mock.patch.dict(os.environ, {"TL_HOME": str(folder / "home")}):
        if name in (MANIFEST, ".tl_scan.json"):
            upload = folder / "set"
            (upload / "files").mkdir(parents=True)
            for number in range(2):
                (upload / "files" / str(number)).write_bytes(whole_photo("JPEG", seed=number))
            manifest = {"name": "set", "files": {}, "skipped": {}, "shrunk": 0}
            manifest["files"] = {"ant/0.jpg": "files/0", "bee/0.jpg": "files/1"}
            (upload / MANIFEST).write_text(json.dumps(manifest))
            (upload / name).write_bytes(data)
            for how in _READINGS:
                answered(lambda how=how: scan(upload, how))
            assert {path.partition("/")[0] for path in everything_in(folder)} <= {"set", "home"}
        elif name == "machine":
            (home() / "machine.json").write_bytes(data)
            precision._known(home() / "machine.json")
        elif name == "profile":
            key = ProfileKey("resnet_mini", 32, "cpu", "fp32", 1)
            key.file.parent.mkdir(parents=True)
            key.file.write_bytes(data)
            CostProfile.load(key)
        else:
            arrays.clear()
            place = home() / "cache" / "arrays"
            (place / "key.json").write_bytes(data)
            np.ones(8, "<f4").tofile(place / "key.bin")
            if (found := arrays.find("key")) is not None:
                for array in list(found)[:100]:
                    array.sum()
    shutil.rmtree(folder / "home", ignore_errors=True)
