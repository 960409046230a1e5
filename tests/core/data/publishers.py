"""Archives in the formats of the publishers, in small, on a server of this machine.

Each ``serve_*`` puts a set's files there and points torchvision's addresses and digests to them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from tests.photos import make_photo
from tests.server import Server
from tl_core.compat import torchvision
from tl_core.data import public

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


def serve_stl(server: Server, patch: pytest.MonkeyPatch) -> None:
    rng, source = np.random.default_rng(0), datasets.STL10

    def pictures(count: int) -> bytes:
        return rng.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8).tobytes()

    inside = {
        "train_X.bin": pictures(6),
        "train_y.bin": bytes([1, 2, 1, 2, 1, 2]),
        "unlabeled_X.bin": pictures(1),
        "test_X.bin": pictures(4),
        "test_y.bin": bytes([2, 1, 2, 1]),
    }
    for attribute in ("train_list", "test_list"):
        names = [name for name, _ in getattr(source, attribute)]
        patch.setattr(source, attribute, [[name, md5(inside[name])] for name in names])
    inside[source.class_names_file] = b"airplane\nbird\n"
    content = tar({f"{source.base_folder}/{name}": data for name, data in inside.items()})
    server.files[source.filename] = content
    patch.setattr(source, "url", f"{server.url}/{source.filename}")
    patch.setattr(source, "tgz_md5", md5(content))


def serve_food(server: Server, patch: pytest.MonkeyPatch) -> None:
    kinds, files = ("apple_pie", "waffles"), {}
    for split, numbers in (("train", range(3)), ("test", range(3, 5))):
        paths = {kind: [f"{kind}/{number}" for number in numbers] for kind in kinds}
        every = [path for of in paths.values() for path in of]
        files[f"food-101/meta/{split}.json"] = json.dumps(paths).encode()
        files[f"food-101/meta/{split}.txt"] = "\n".join(every).encode()
        for seed, path in enumerate(every, 10 * len(split)):
            label = kinds.index(path.partition("/")[0])
            files[f"food-101/images/{path}.jpg"] = jpeg(label, seed)
    files["food-101/meta/classes.txt"] = "\n".join(kinds).encode()
    server.files["food-101.tar.gz"] = tar(files)
    patch.setattr(datasets.Food101, "_URL", f"{server.url}/food-101.tar.gz")
    patch.setattr(datasets.Food101, "_MD5", md5(server.files["food-101.tar.gz"]))
