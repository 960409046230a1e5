"""Public sets: archives in the publishers' formats, made here, from a server on this machine."""

from __future__ import annotations

import inspect
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.core.data import publishers
from tests.core.data.publishers import datasets, md5, serve_cifar, serve_dtd
from tests.server import Server
from tl_core import download
from tl_core.data import open_dataset
from tl_core.data.catalog import PUBLIC, PublicSet, find
from tl_core.data.public import prefetch_data, remote_files
from tl_core.errors import DataError
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.worker import run_job
from tl_core.store.database import Store
from tl_core.training.events import PreparationAdvanced, from_dict

Serve = Callable[[Server, pytest.MonkeyPatch], None]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("torchvision's own downloader was used")

    monkeypatch.setattr(datasets.utils, "_urlretrieve", refuse)
    monkeypatch.setattr(datasets.utils, "_get_redirect_url", refuse)
    server = Server()
    yield server
    server.close()


CASES: dict[str, tuple[Serve, set[str], dict[str, int]]] = {
    "hymenoptera": (publishers.serve_hymenoptera, {"ants", "bees"}, {"train": 6, "val": 4}),
    "flowers102": (
        publishers.serve_flowers,
        {"pink primrose", "hard-leaved pocket orchid"},
        {"train": 4, "val": 4, "test": 4},
    ),
    "pets": (publishers.serve_pets, {"Abyssinian", "Great Pyrenees"}, {"train": 6, "test": 4}),
    "eurosat": (publishers.serve_eurosat, {"Forest", "River"}, {"all": 6}),
    "cifar10": (serve_cifar, {"airplane", "automobile"}, {"train": 20, "test": 4}),
    "fashion_mnist": (
        publishers.serve_fashion,
        {name.replace("/", "-") for name in datasets.FashionMNIST.classes},
        {"train": 20, "test": 10},
    ),
    "dtd": (serve_dtd, {"woven", "bubbly"}, {"train": 4, "val": 4, "test": 4}),
    "stl10": (publishers.serve_stl, {"airplane", "bird"}, {"train": 6, "test": 4}),
    "food101": (publishers.serve_food, {"apple_pie", "waffles"}, {"train": 6, "test": 4}),
}


def listing(entry: PublicSet) -> list[str]:
    return [path.name for path in entry.folder.parent.iterdir() if path.suffix != ".lock"]


def files(entry: PublicSet) -> list[str]:
    below = entry.folder.parent.rglob("*")
    return [path.name for path in below if path.is_file() and path.suffix != ".lock"]


@pytest.mark.parametrize("name", PUBLIC.names())
def test_a_set_comes_here_and_opens_by_name(
    name: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, classes, counts = CASES[name]
    serve(server, monkeypatch)
    seen: list[tuple[int, int, str]] = []
    folder = prefetch_data(PUBLIC.get(name), lambda *report: seen.append(report))
    dataset, report = open_dataset(name)
    assert dataset.name == name and dataset.root == folder == find(name)
    assert set(dataset.classes) == classes
    assert {split: sum(of.values()) for split, of in report.splits.items()} == counts
    assert {what for _, _, what in seen} == {"MB", "pictures"}
    assert listing(PUBLIC.get(name)) == [name]
    asked = len(server.asked)
    assert prefetch_data(PUBLIC.get(name)) == folder
    assert len(server.asked) == asked, "a set that is here was asked for again"


def test_photos_are_kept_as_they_were_published(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_dtd(server, monkeypatch)
    folder = prefetch_data(PUBLIC.get("dtd"))
    with tarfile.open(fileobj=io.BytesIO(server.files["dtd.tar.gz"])) as archive:
        original = archive.extractfile("dtd/images/woven/woven_val1.jpg")
        assert original is not None
        assert (folder / "val" / "woven" / "woven_val1.jpg").read_bytes() == original.read()


def test_large_sets_are_thinned_evenly(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_cifar(server, monkeypatch)
    entry = PUBLIC.get("cifar10")
    small = type(entry)(**{**vars(entry), "per_class": 4})
    folder = prefetch_data(small)
    kept = {split: len(list((folder / split).rglob("*.png"))) for split in ("train", "test")}
    assert kept == {"train": 8, "test": 2}
    numbers = sorted(int(file.stem) for file in (folder / "train" / "airplane").iterdir())
    assert numbers[0] < 10 <= numbers[-1], "only one end of the set was kept"


# ------------------------------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-50], lambda c: c[:-1] + b"?", lambda c: b"<html>"]
)
def test_a_damaged_download_leaves_nothing_and_can_be_repeated(
    damage: Callable[[bytes], bytes], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_dtd(server, monkeypatch)
    entry, whole = PUBLIC.get("dtd"), server.files["dtd.tar.gz"]
    server.files["dtd.tar.gz"] = damage(whole)
    with pytest.raises(DataError, match="incomplete or another file"):
        prefetch_data(entry)
    assert not entry.here and files(entry) == []
    server.files["dtd.tar.gz"] = whole
    assert prefetch_data(entry).is_dir()


def test_without_network_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PATIENCE", 2.0)
    monkeypatch.setattr(datasets.DTD, "_URL", "http://127.0.0.1:9/dtd.tar.gz")
    entry = PUBLIC.get("dtd")
    with pytest.raises(DataError) as caught:
        prefetch_data(entry)
    for part in ("Describable Textures", "625 MB", "refused", "tl_core prefetch-data dtd", "use"):
        assert part in str(caught.value)
    assert files(entry) == []


def test_an_archive_that_is_none_is_told_in_a_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["dtd.tar.gz"] = b"no archive at all"
    monkeypatch.setattr(datasets.DTD, "_URL", f"{server.url}/dtd.tar.gz")
    monkeypatch.setattr(datasets.DTD, "_MD5", md5(b"no archive at all"))
    with pytest.raises(DataError, match="could not be read"):
        prefetch_data(PUBLIC.get("dtd"))
    assert listing(PUBLIC.get("dtd")) == []


def test_a_killed_attempt_does_not_stand_in_the_way(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_dtd(server, monkeypatch)
    entry, [(_, _, place)] = PUBLIC.get("dtd"), remote_files(PUBLIC.get("dtd"))
    half_unpacked = entry.folder.parent / ".dtd.part" / "dtd" / "dtd" / "labels"
    half_unpacked.mkdir(parents=True)
    half_downloaded = entry.folder.parent / ".dtd.download" / place.with_name(f".{place.name}.part")
    half_downloaded.parent.mkdir(parents=True)
    half_downloaded.write_bytes(server.files["dtd.tar.gz"][:200])
    assert prefetch_data(entry).is_dir()
    assert server.ranges == [200] and listing(entry) == ["dtd"]


def test_a_cut_download_goes_on_with_the_next_attempt(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishers.serve_pets(server, monkeypatch)
    entry, length = PUBLIC.get("pets"), len(server.files["images.tar.gz"])
    server.cut = length // 2
    with pytest.raises(DataError, match=r"cut at \d+%.*prefetch-data pets"):
        prefetch_data(entry)
    assert not entry.here
    assert prefetch_data(entry).is_dir() and listing(entry) == ["pets"]
    assert server.asked == ["images.tar.gz", "images.tar.gz", "annotations.tar.gz"]
    assert server.ranges == [None, length // 2, None]


def test_several_who_ask_at_once_get_one_download(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_dtd(server, monkeypatch)
    threads = [threading.Thread(target=prefetch_data, args=(PUBLIC.get("dtd"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == ["dtd.tar.gz"] and PUBLIC.get("dtd").here


# ----------------------------------------------------------------------- on a server, in a class


def test_a_job_brings_a_set_and_tells_how_far_it_is(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_dtd(server, monkeypatch)
    executor = InlineExecutor()
    identifier = executor.submit("prefetch_data", {"name": "dtd"}, owner="ada")
    job = executor.store.job(identifier)
    told = [from_dict(event) for _, event in executor.store.events(identifier)]
    executor.store.close()
    assert job is not None and job.status == "finished" and PUBLIC.get("dtd").here
    assert told and all(isinstance(event, PreparationAdvanced) for event in told)


def test_a_job_without_network_fails_with_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.DTD, "_URL", "http://127.0.0.1:9/dtd.tar.gz")
    executor = InlineExecutor()
    job = executor.store.job(executor.submit("prefetch_data", {"name": "dtd"}, owner="ada"))
    executor.store.close()
    assert job is not None and job.status == "failed"
    assert "prefetch-data dtd" in (job.reason or "")


def test_a_job_is_stopped_on_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_dtd(server, monkeypatch)
    store = Store()
    identifier = store.add_job("prefetch_data", {"name": "dtd"}, owner="ada")
    store.start(identifier)
    store.request(identifier, "cancel")
    run_job(store.url, identifier)
    job = store.job(identifier)
    store.close()
    assert job is not None and job.status == "cancelled"
    assert not PUBLIC.get("dtd").here
    assert prefetch_data(PUBLIC.get("dtd")).is_dir()


# --------------------------------------------------------------------------------------- facts


@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_the_catalogue_agrees_with_torchvision(entry: PublicSet) -> None:
    source = getattr(datasets, entry.loader)
    for url, digest, place in remote_files(entry):
        assert url.startswith(f"{entry.host}/")
        assert urlsplit(url).scheme == "https" or digest, "an open line and nothing to check"
        algorithm, _, value = digest.partition(":")
        assert len(value) == {"md5": 32, "sha256": 64}[algorithm]
        assert not place.is_absolute() and ".." not in place.parts
    classes = getattr(source, "classes", None)
    assert classes is None or len(classes) == entry.classes
    assert entry.splits and set(entry.splits) <= {"", "train", "val", "test"}
    if entry.loader != "ImageFolder":
        allowed = inspect.signature(source.__init__).parameters
        assert all(set(arguments) <= set(allowed) for arguments in entry.splits.values())
    assert entry.license and entry.text.endswith(".") and entry.page.startswith("https://")


def test_the_facts_without_an_attribute_stand_in_torchvisions_code() -> None:
    code = inspect.getsource(datasets.EuroSAT.download)
    [(url, digest, _)] = remote_files(PUBLIC.get("eurosat"))
    assert url in code and digest.removeprefix("md5:") in code
