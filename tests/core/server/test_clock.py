"""A wall clock that jumps makes nothing older than it is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tl_core.server.clock import DOUBT_SECONDS, Clock
from tl_core.store.database import Store

HOUR, DAY = 3600.0, 24 * 3600.0
NOON = 1_800_000_000.0


@dataclass
class Machine:
    """Its two clocks, and the server on it."""

    store: Store
    wall: float = NOON
    steady: float = 1000.0
    boot: str = "first"

    def clock(self) -> Clock:
        return Clock(self.store, lambda: self.wall, lambda: self.steady, self.boot)

    def pass_time(self, seconds: float) -> None:
        """Let time pass with a look at the clock each hour, as the cleanup does each minute."""
        while seconds > 0:
            step = min(HOUR, seconds)
            self.wall, self.steady, seconds = self.wall + step, self.steady + step, seconds - step
            self.look()

    def jump(self, seconds: float) -> None:
        self.wall += seconds
        self.look()

    def look(self) -> None:
        self.clock().tick()

    def old(self, then: float, seconds: float = DAY) -> bool:
        """Tell whether what was made then is older than that."""
        clock = self.clock()
        old = then < clock.ago(seconds)
        assert old == (clock.until(then, seconds) == 0), "screen and clean-up disagree"
        return old


@pytest.fixture
def machine(store: Store) -> Machine:
    machine = Machine(store)
    machine.look()
    return machine


def test_without_jumps_it_is_the_wall_clock(machine: Machine) -> None:
    machine.pass_time(DAY - 60)
    assert not machine.old(NOON)
    machine.pass_time(120)
    assert machine.old(NOON) and machine.clock().ago(HOUR) == machine.wall - HOUR


def test_after_a_jump_all_live_as_long_as_they_would_have(machine: Machine) -> None:
    machine.pass_time(HOUR)
    machine.jump(DAY)
    assert not machine.old(NOON)
    assert machine.clock().until(NOON, DAY) == pytest.approx(23 * HOUR)
    later = machine.wall
    machine.pass_time(22 * HOUR)
    assert not machine.old(NOON)
    machine.pass_time(1.5 * HOUR)
    assert machine.old(NOON) and not machine.old(later)
    machine.pass_time(HOUR)
    assert machine.old(later), "what came after the jump lives no longer than anything"


def test_a_jump_that_is_undone_leaves_nothing_behind(machine: Machine) -> None:
    machine.jump(DAY)
    machine.pass_time(HOUR)
    machine.jump(-DAY)
    assert machine.wall == NOON + HOUR and not machine.old(NOON)
    machine.pass_time(23.5 * HOUR)
    assert machine.old(NOON)


def test_a_jump_that_is_half_undone_makes_nothing_older(machine: Machine) -> None:
    machine.jump(DAY)
    machine.jump(-DAY / 2)
    machine.pass_time(23 * HOUR)
    assert not machine.old(NOON)
    machine.pass_time(2 * HOUR)
    assert machine.old(NOON)


def test_a_jump_back_keeps_everything(machine: Machine) -> None:
    machine.jump(-DAY)
    machine.pass_time(DAY)
    assert not machine.old(NOON)
    machine.pass_time(DAY + HOUR)
    assert machine.old(NOON)


def test_two_jumps_count_both(machine: Machine) -> None:
    machine.jump(DAY)
    machine.pass_time(HOUR)
    machine.jump(3 * DAY)
    machine.pass_time(22 * HOUR)
    assert not machine.old(NOON)
    machine.pass_time(2 * HOUR)
    assert machine.old(NOON)


def test_a_restart_of_the_server_hides_no_jump(machine: Machine) -> None:
    machine.wall += DAY  # while the server was down, the machine was not
    machine.steady += 600
    machine.look()
    assert not machine.old(NOON)


def test_sleep_is_no_jump(machine: Machine) -> None:
    machine.wall, machine.steady = machine.wall + 2 * DAY, machine.steady + 2 * DAY
    machine.look()
    assert machine.old(NOON)


def test_after_a_weekend_off_the_clock_is_believed_after_a_while(machine: Machine) -> None:
    machine.wall, machine.steady, machine.boot = NOON + 2 * DAY, 5.0, "second"
    machine.look()
    assert not machine.old(NOON), "removed at once"
    machine.pass_time(DOUBT_SECONDS / 2)
    assert not machine.old(NOON)
    machine.pass_time(DOUBT_SECONDS)
    assert machine.old(NOON)


def test_a_machine_that_wakes_with_a_wrong_clock(machine: Machine) -> None:
    machine.wall, machine.steady, machine.boot = NOON + 400 * DAY, 5.0, "second"
    machine.look()
    machine.pass_time(600)
    machine.jump(-400 * DAY)  # the network has told the time
    assert not machine.old(NOON)
    machine.pass_time(DAY)
    assert machine.old(NOON)


def test_the_same_machine_with_the_real_clocks(store: Store) -> None:
    clock = Clock(store)
    clock.tick()
    clock.tick()
    assert store.setting("clock")["jumps"] == []
