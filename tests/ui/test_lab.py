"""What the screens' tests rest on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.jobs import quick, told
from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab
from tl_core.execution import run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.training.record import RunRecord


def test_a_copied_run_is_the_trained_one_in_a_folder_of_its_own(lab: Lab, tmp_path: Path) -> None:
    photos = lab.own(make_photo_folder(tmp_path / "set", per_class=7, seed=3))
    same = lab.own(make_photo_folder(tmp_path / "same", per_class=7, seed=3))
    trained, copied = lab.run(quick(photos)), lab.run(quick(same))
    assert {job.id for job in lab.store.jobs(owner=OWNER, status="finished")} == {trained, copied}
    executor = InlineExecutor(lab.store)
    events = json.dumps(told(executor, trained)).replace(str(photos), str(same))
    events = events.replace(str(run_folder(trained)), str(run_folder(copied)))
    assert json.dumps(told(executor, copied)) == events
    one, other = (RunRecord.load(run_folder(run)) for run in (trained, copied))
    assert other.config == one.config.replace(data=str(same)) != one.config
    assert (other.val, other.history, other.seconds) == (one.val, one.history, one.seconds)
    assert {p.name for p in run_folder(copied).iterdir()} == {
        p.name for p in run_folder(trained).iterdir()
    }


def test_other_photos_or_settings_are_trained(lab: Lab, tmp_path: Path) -> None:
    others = lab.own(make_photo_folder(tmp_path / "set", per_class=10, seed=5))
    configs = (quick(lab.photos), quick(others), quick(lab.photos, seed=1))
    records = [RunRecord.load(run_folder(lab.run(config))) for config in configs]
    assert len({record.fingerprint for record in records}) == 2
    assert len({record.history[0].train_loss for record in records}) == 3
