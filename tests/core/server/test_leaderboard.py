"""The ranking of a class, the load of the machine and the removal of runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.photos import make_photo_folder
from tl_core import memory
from tl_core.execution import run_folder
from tl_core.execution.inline import InlineExecutor
from tl_core.home import home
from tl_core.server import load
from tl_core.server.cleanup import remove_job
from tl_core.server.leaderboard import Outcome, outcome, rankings
from tl_core.store.database import Job, Store
from tl_core.training.config import make_config


def job(owner: str, position: int = 0) -> Job:
    name = f"{owner}{position}"
    return Job(
        name, position, "train", owner, None, "R", {}, "finished", "", None, 0, 0, 0
    )  # fmt: skip


def result(right: int, count: int = 100, photos: str = "p", shift: int = 0) -> Outcome:
    answers = [i < right for i in range(count)]
    return Outcome(tuple(answers[shift:] + answers[:shift]), photos, tested=False)


class TestRankings:
    def test_luck_shares_the_first_place(self) -> None:
        [ranking] = rankings(
            [(job("a"), result(90)), (job("b"), result(88)), (job("c"), result(40))]
        )
        assert [(e.job.owner, e.place) for e in ranking] == [("a", 1), ("b", 1), ("c", 3)]
        assert [e.level_with_first for e in ranking] == [True, True, False]

    def test_the_test_is_paired(self) -> None:
        """The same two accuracies: nested answers tell more than answers that cross."""
        nested = rankings([(job("a"), result(90)), (job("b"), result(80))])[0]
        crossed = rankings([(job("a"), result(90)), (job("b"), result(80, shift=50))])[0]
        assert not nested[1].level_with_first and crossed[1].level_with_first

    def test_many_learners_make_luck_more_likely(self) -> None:
        few = [(job("a"), result(90)), (job("b"), result(84))]
        many = few + [(job(f"x{n}"), result(83)) for n in range(30)]
        assert not rankings(few)[0][1].level_with_first
        assert rankings(many)[0][1].level_with_first

    def test_the_best_run_of_each_learner_counts_and_tries_are_told(self) -> None:
        runs = [(job("a", n), result(right)) for n, right in enumerate((50, 70, 70))]
        [ranking] = rankings([*runs, (job("b", 9), result(60))])
        assert [(e.job.id, e.tries) for e in ranking] == [("a1", 3), ("b9", 1)]

    def test_other_photos_are_another_ranking(self) -> None:
        one, other = result(9, 10), result(99, 100, photos="other")
        found = rankings([(job("a"), one), (job("b"), other), (job("c"), one)])
        assert [[e.job.owner for e in ranking] for ranking in found] == [["a", "c"], ["b"]]

    def test_nobody_has_finished(self) -> None:
        assert rankings([]) == []


class TestRuns:
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = Store()
        yield store
        store.close()

    def train(self, store: Store, data: Path, **choices: object) -> str:
        config = make_config(
            str(data), epochs=1, input_size=32, batch_size=8, precision="fp32", threads=1, **choices
        )
        return InlineExecutor(store).submit("train", config.to_dict(), owner="a")

    def test_equal_photos_have_equal_outcomes(self, store: Store, tmp_path: Path) -> None:
        data = make_photo_folder(tmp_path / "set", per_class=8)
        ids = [self.train(store, data, seed=seed) for seed in (0, 0, 1)]
        first, same, other_split = (outcome(run_folder(i)) for i in ids)
        assert first is not None and same is not None and other_split is not None
        assert first == same and first.photos != other_split.photos
        low, high = first.interval
        assert low <= first.accuracy <= high and not first.tested

    def test_a_removed_run_is_gone(self, store: Store, tmp_path: Path) -> None:
        run = self.train(store, make_photo_folder(tmp_path / "set", per_class=6))
        kept = store.add_job("train", {}, owner="a")
        assert run_folder(run).is_dir() and store.events(run)
        assert remove_job(store, run)
        assert store.job(run) is None and not store.events(run) and not run_folder(run).exists()
        assert not remove_job(store, run)
        assert not remove_job(store, kept), "an active job was removed"
        assert store.job(kept) is not None


class TestLoad:
    def test_this_machine(self) -> None:
        now = load.machine_load()
        assert now.cores >= 1
        assert now.memory is None or 0 < now.memory[0] < now.memory[1]

    def test_a_system_that_says_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
        monkeypatch.setattr(memory, "CGROUP", tmp_path / "none")
        monkeypatch.setenv("PATH", "")
        now = load.machine_load()
        assert (now.memory, now.gpus) == (None, ())

    def test_a_container_has_less_than_its_machine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, text in (
            ("memory.max", "1000"), ("memory.current", "700"),
            ("memory.stat", "anon 1\ninactive_file 200\n"),
        ):  # fmt: skip
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(memory, "CGROUP", tmp_path)
        assert load.machine_load().memory == (500, 1000)

    def test_a_graphics_card_that_does_not_tell_is_left_out(self) -> None:
        assert load._gpu("Card, 30, 2, 8") == load.Gpu("Card", 0.3, 2 * 2**20, 8 * 2**20)
        assert load._gpu("Card, [N/A], 1, 2") is None

    def test_the_disk_by_what_lies_there(self) -> None:
        for name, size in (("runs/a/weights", 100), ("data/b", 20), ("cache/c/d", 3), ("e", 7)):
            file = home() / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x" * size)
        (home() / "runs" / "loop").symlink_to(home())
        disk = load.disk_use()
        assert disk.parts["photos"] == 20 and disk.parts["cache"] == 3 and disk.other == 7
        assert 100 <= disk.parts["runs"] < 1000 and disk.free > 0
        shutil.rmtree(home())
        assert load.disk_use().parts["runs"] == 0
