"""Public sets: archives in the publishers' formats, made here, from a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import io
import pickle
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import scipy.io

from tests.photos import make_photo
from tl_core import download
from tl_core.compat import torchvision
from tl_core.data import open_dataset, public
from tl_core.data.catalog import PUBLIC, PublicSet, find
from tl_core.data.public import prefetch_data, remote_files
from tl_core.errors import DataError
from tl_core.execution.inline import InlineExecutor
from tl_core.execution.worker import run_job
from tl_core.runs.store import Store
from tl_core.training.events import PreparationAdvanced, from_dict

datasets = torchvision.datasets
Files = dict[str, bytes]


def jpeg(label: int, seed: int) -> bytes:
    stream = io.BytesIO()
    make_photo(label, seed=seed).save(stream, "JPEG")
    return stream.getvalue()


def tar(files: Files) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def zipped(files: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


class Server:
    """Serves ``files`` by the last part of their address; remembers what was asked for."""

    def __init__(self) -> None:
        self.files: Files = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                server.asked.append(name)
                if name not in server.files:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(server.files[name])))
                self.end_headers()
                self.wfile.write(server.files[name])

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


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


# ------------------------------------------------------------ each publisher's format, in small


def serve_hymenoptera(server: Server, patch: pytest.MonkeyPatch) -> None:
    files = {
        f"hymenoptera_data/{split}/{name}/{number}.jpg": jpeg(label, number + 10 * len(split))
        for split, count in (("train", 3), ("val", 2))
        for label, name in enumerate(("ants", "bees"))
        for number in range(count)
    }
    files["hymenoptera_data/train/ants/imageNotFound.gif"] = b"GIF89a"
    content = zipped(files)
    server.files["hymenoptera_data.zip"] = content
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    patch.setattr(public, "_HYMENOPTERA", (f"{server.url}/hymenoptera_data.zip", digest))


def serve_flowers(server: Server, patch: pytest.MonkeyPatch) -> None:
    photos = {f"jpg/image_{i:05}.jpg": jpeg(i % 2, i) for i in range(1, 13)}
    labels, sets = io.BytesIO(), io.BytesIO()
    scipy.io.savemat(labels, {"labels": np.array([[i % 2 + 1 for i in range(1, 13)]])})
    ids = {"trnid": [1, 2, 3, 4], "valid": [5, 6, 7, 8], "tstid": [9, 10, 11, 12]}
    scipy.io.savemat(sets, {name: np.array([numbers]) for name, numbers in ids.items()})
    contents = {"image": tar(photos), "label": labels.getvalue(), "setid": sets.getvalue()}
    source = datasets.Flowers102
    names = {key: name for key, (name, _) in source._file_dict.items()}
    server.files |= {names[key]: content for key, content in contents.items()}
    patch.setattr(source, "_download_url_prefix", f"{server.url}/flowers/")
    patch.setattr(source, "_file_dict", {k: (names[k], md5(c)) for k, c in contents.items()})


def serve_pets(server: Server, patch: pytest.MonkeyPatch) -> None:
    kinds = ("Abyssinian", "great_pyrenees")
    photos, lists = {}, {"trainval": "", "test": ""}
    for split, count in (("trainval", 3), ("test", 2)):
        for label, kind in enumerate(kinds):
            for number in range(count):
                name = f"{kind}_{split}{number}"
                photos[f"images/{name}.jpg"] = jpeg(label, number + 10 * count)
                lists[split] += f"{name} {label + 1} {label + 1} 1\n"
    notes = {f"annotations/{split}.txt": text.encode() for split, text in lists.items()}
    server.files |= {"images.tar.gz": tar(photos), "annotations.tar.gz": tar(notes)}
    resources = [(f"{server.url}/{name}", md5(content)) for name, content in server.files.items()]
    patch.setattr(datasets.OxfordIIITPet, "_RESOURCES", resources)


def serve_eurosat(server: Server, patch: pytest.MonkeyPatch) -> None:
    content = zipped(
        {
            f"2750/{name}/{name}_{number}.jpg": jpeg(label, number)
            for label, name in enumerate(("Forest", "River"))
            for number in range(3)
        }
    )
    server.files["EuroSAT.zip"] = content
    patch.setattr(public, "_EUROSAT", (f"{server.url}/EuroSAT.zip", f"md5:{md5(content)}"))

    def extract(self: Any) -> None:
        base = Path(self._base_folder)
        datasets.utils.download_and_extract_archive(
            "https://example.invalid/EuroSAT.zip", str(base), md5=md5(content)
        )

    patch.setattr(datasets.EuroSAT, "download", extract)


def serve_cifar(server: Server, patch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)

    def batch(count: int) -> bytes:
        data = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
        return pickle.dumps({"data": data, "labels": [i % 2 for i in range(count)]})

    source, folder = datasets.CIFAR10, datasets.CIFAR10.base_folder
    inside = {name: batch(4) for name, _ in source.train_list + source.test_list}
    inside["batches.meta"] = pickle.dumps({"label_names": ["airplane", "automobile"]})
    content = tar({f"{folder}/{name}": data for name, data in inside.items()})
    server.files[source.filename] = content
    patch.setattr(source, "url", f"{server.url}/{source.filename}")
    patch.setattr(source, "tgz_md5", md5(content))
    for attribute in ("train_list", "test_list"):
        names = [name for name, _ in getattr(source, attribute)]
        patch.setattr(source, attribute, [[name, md5(inside[name])] for name in names])
    patch.setattr(source, "meta", {**source.meta, "md5": md5(inside["batches.meta"])})


def serve_fashion(server: Server, patch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    source, resources = datasets.FashionMNIST, []
    for name, _ in source.resources:
        count = 20 if name.startswith("train") else 10
        if "images" in name:
            data = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        else:
            data = np.arange(count, dtype=np.uint8) % 10
        header = struct.pack(">HBB", 0, 8, data.ndim) + struct.pack(f">{data.ndim}I", *data.shape)
        server.files[name] = gzip.compress(header + data.tobytes())
        resources.append((name, md5(server.files[name])))
    patch.setattr(source, "resources", resources)
    patch.setattr(source, "mirrors", [f"{server.url}/fashion/"])


def serve_dtd(server: Server, patch: pytest.MonkeyPatch) -> None:
    files: Files = {}
    for split in ("train", "val", "test"):
        names = [f"{kind}/{kind}_{split}{n}.jpg" for kind in ("woven", "bubbly") for n in range(2)]
        files["dtd/labels/" + split + "1.txt"] = "\n".join(names).encode()
        files |= {f"dtd/images/{n}": jpeg(i, len(split) + i) for i, n in enumerate(names)}
    server.files["dtd.tar.gz"] = tar(files)
    patch.setattr(datasets.DTD, "_URL", f"{server.url}/dtd.tar.gz")
    patch.setattr(datasets.DTD, "_MD5", md5(server.files["dtd.tar.gz"]))


CASES: list[tuple[str, Callable[[Server, pytest.MonkeyPatch], None], set[str], dict[str, int]]] = [
    ("hymenoptera", serve_hymenoptera, {"ants", "bees"}, {"train": 6, "val": 4}),
    (
        "flowers102",
        serve_flowers,
        {"pink primrose", "hard-leaved pocket orchid"},
        {"train": 4, "val": 4, "test": 4},
    ),
    ("pets", serve_pets, {"Abyssinian", "Great Pyrenees"}, {"train": 6, "test": 4}),
    ("eurosat", serve_eurosat, {"Forest", "River"}, {"all": 6}),
    ("cifar10", serve_cifar, {"airplane", "automobile"}, {"train": 20, "test": 4}),
    (
        "fashion_mnist",
        serve_fashion,
        {name.replace("/", "-") for name in datasets.FashionMNIST.classes},
        {"train": 20, "test": 10},
    ),
    ("dtd", serve_dtd, {"woven", "bubbly"}, {"train": 4, "val": 4, "test": 4}),
]


@pytest.mark.parametrize(("name", "serve", "classes", "counts"), CASES, ids=[c[0] for c in CASES])
def test_a_set_comes_here_and_opens_by_name(
    name: str,
    serve: Callable[[Server, pytest.MonkeyPatch], None],
    classes: set[str],
    counts: dict[str, int],
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve(server, monkeypatch)
    seen: list[tuple[int, int, str]] = []
    folder = prefetch_data(PUBLIC.get(name), lambda *report: seen.append(report))
    dataset, report = open_dataset(name)
    assert dataset.name == name and dataset.root == folder == find(name)
    assert set(dataset.classes) == classes
    assert {split: sum(of.values()) for split, of in report.splits.items()} == counts
    assert {what for _, _, what in seen} == {"MB", "pictures"}
    assert [entry.name for entry in folder.parent.iterdir() if entry.suffix != ".lock"] == [name]
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


def listing(entry: PublicSet) -> list[str]:
    return [path.name for path in entry.folder.parent.iterdir() if path.suffix != ".lock"]


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
    assert not entry.here and listing(entry) == []
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
    assert listing(entry) == []


def test_an_archive_that_is_none_is_told_in_a_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["dtd.tar.gz"] = b"no archive at all"
    monkeypatch.setattr(datasets.DTD, "_URL", f"{server.url}/dtd.tar.gz")
    monkeypatch.setattr(datasets.DTD, "_MD5", md5(b"no archive at all"))
    with pytest.raises(DataError, match="could not be read"):
        prefetch_data(PUBLIC.get("dtd"))
    assert listing(PUBLIC.get("dtd")) == []


def test_what_a_killed_attempt_left_is_cleared(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_dtd(server, monkeypatch)
    entry = PUBLIC.get("dtd")
    half = entry.folder.parent / ".dtd.part" / "dtd" / "dtd" / "labels"
    half.mkdir(parents=True)
    assert prefetch_data(entry).is_dir() and listing(entry) == ["dtd"]


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
    assert listing(PUBLIC.get("dtd")) == []


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
