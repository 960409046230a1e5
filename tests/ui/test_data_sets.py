"""The Data screen's sets: bundled cards, public ones here, coming, or out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest

import ui.data.public_sets
from tests.photos import make_photo_folder
from tests.ui.lab import OWNER, Lab, rerun, texts
from tl_core.data import catalog
from tl_core.data.catalog import PUBLIC
from tl_core.server import visitors
from tl_core.server.fetching import let_learners_fetch


@pytest.fixture
def samples(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, domain in enumerate(("market", "studio")):
        folder = tmp_path / "samples" / "produce" / domain
        make_photo_folder(folder, ("apple", "pear", "plum"), 4, seed=seed)
    monkeypatch.setattr(catalog, "SAMPLES", tmp_path / "samples")


@pytest.fixture
def hosts(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The servers that answer; none, as without a network."""
    answering: set[str] = set()
    monkeypatch.setattr(ui.data.public_sets, "reachable", lambda urls: answering & set(urls))
    return answering


def open_list(lab: Lab):  # type: ignore[no-untyped-def]
    app = lab.open("data")
    app.toggle(key="public_sets").set_value(True)
    return rerun(app)


@pytest.mark.usefixtures("samples")
def test_one_click_takes_a_bundled_set(lab: Lab) -> None:
    app = lab.open("data")
    assert len(app.get("image")) == 2, "no pictures on the cards"
    app.button(key="use_produce/market").click()
    rerun(app)
    assert app.subheader[0].value == "produce/market"
    assert [metric.value for metric in app.metric][:2] == ["12", "3"]
    assert app.button(key="use_produce/market").disabled
    assert not app.button(key="use_produce/studio").disabled
    assert lab.store.workspace(OWNER)["data"] == "produce/market"
    assert lab.open("data").subheader[0].value == "produce/market"  # a reload


@pytest.mark.usefixtures("samples")
def test_a_bundled_set_serves_the_other_screens(lab: Lab) -> None:
    lab.store.save_workspace(OWNER, {"data": "produce/market", "data_name": "produce/market"})
    assert "12 photos, 3 classes" in texts(lab.open("train"))


def test_without_samples_there_are_no_cards(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "SAMPLES", tmp_path / "none")
    app = lab.open("data")
    assert "Ready to use" not in texts(app) and "Your own photos" in texts(app)


def test_nothing_asks_the_internet_before_the_list_is_opened(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui.data.public_sets, "reachable", lambda _: pytest.fail("asked"))
    lab.open("data")


def test_without_network_every_set_is_listed_as_out_of_reach(lab: Lab, hosts: set[str]) -> None:
    app = open_list(lab)
    for entry in PUBLIC:
        button = app.button(key=f"get_{entry.name}")
        assert button.disabled and button.label == "Out of reach now"
        assert entry.title in texts(app) and entry.size in texts(app)
    assert "prefetch-data NAME" in app.info[0].value


def test_a_set_within_reach_is_downloaded_once_for_everyone(lab: Lab, hosts: set[str]) -> None:
    hosts |= {entry.host for entry in PUBLIC}
    app = open_list(lab)
    assert list(app.info) == []
    app.button(key="get_eurosat").click()
    rerun(app)
    [job] = lab.store.jobs(kind="prefetch_data")
    assert job.payload == {"name": "eurosat"}
    assert "Waiting for its turn" in texts(app)
    lab.store.start(job.id)
    event = {"event": "PreparationAdvanced", "what": "MB", "done": 30, "total": 90}
    lab.store.append(job.id, 1, [event])
    assert "30 of 90 MB" in texts(rerun(app))
    app.button(key=f"stop_{job.id}").click()
    rerun(app)
    assert lab.store.jobs(kind="prefetch_data")[0].request == "cancel"
    other = lab.open("data", owner="f" * 32)
    other.toggle(key="public_sets").set_value(True)
    rerun(other)
    keys = {button.key for button in other.button}
    assert not keys & {"get_eurosat", f"stop_{job.id}"}, "a stranger may start or stop it"


def test_where_there_is_an_instructor_they_allow_downloads(
    lab: Lab, hosts: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TL_INSTRUCTOR_CODE", "a code that nobody guesses")
    monkeypatch.setenv("TL_ROOMS_ONLY", "0")
    visitors.led_by_instructor(True)
    hosts |= {entry.host for entry in PUBLIC}
    app = open_list(lab)
    assert all(app.button(key=f"get_{entry.name}").disabled for entry in PUBLIC)
    assert "your instructor brings public sets" in app.info[0].value
    let_learners_fetch(lab.store, True)
    rerun(app)
    assert not app.info and not app.button(key="get_eurosat").disabled


def test_a_failed_download_says_why_and_can_be_repeated(lab: Lab, hosts: set[str]) -> None:
    hosts |= {entry.host for entry in PUBLIC}
    job = lab.store.add_job("prefetch_data", {"name": "dtd"}, owner=OWNER)
    lab.store.end(job, "failed", "No space left on device.")
    app = open_list(lab)
    assert "No space left on device" in texts(app)
    assert not app.button(key="get_dtd").disabled


def test_a_set_that_is_here_opens_with_one_click(lab: Lab, hosts: set[str]) -> None:
    make_photo_folder(PUBLIC.get("pets").folder, ("cat", "dog"), 5)
    app = open_list(lab)
    app.button(key="use_pets").click()
    rerun(app)
    assert app.subheader[0].value == r"Oxford\-IIIT Pets"
    assert [metric.value for metric in app.metric][:2] == ["10", "2"]
