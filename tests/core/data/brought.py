"""Sets as people bring them, built small: what they hold, and what they have to be read as.

Each is called as one of the development files is; the same values hold for both.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from tests.photos import make_photo

Files = dict[str, bytes]

pillow_heif.register_heif_opener()

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"

_CHEST = (("train", 12), ("test", 5), ("val", 4))


@dataclass(frozen=True)
class Right:
    """The right value of a set.

    Attributes
    ----------
    splits
        Photos by split and class.
    left_out, passed_over
        Numbers of files.
    undecided
        The readings between which a person has to decide.
    """

    splits: Mapping[str, Mapping[str, int]]
    left_out: int = 0
    passed_over: int = 0
    undecided: tuple[str, ...] = ()
    empty_folders: tuple[str, ...] = ()
    encoding: str = ""


@dataclass(frozen=True)
class Case:
    """A set and its right value; None where it is refused."""

    files: Callable[[], Files]
    right: Right | None
    names: str = "utf-8"
    folders: tuple[str, ...] = field(default=())


def photo(label: int, seed: int, kind: str = "JPEG", size: tuple[int, int] = (48, 36)) -> bytes:
    """Return a picture of a class as a file."""
    return encoded(make_photo(label, size=size, seed=seed), kind)


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    """Return a picture as a file of a kind."""
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def folder(path: str, number: int, label: int = -1, kind: str = "JPEG", suffix: str = "") -> Files:
    """Return a folder of different pictures; without a label that of its name."""
    label = label if label >= 0 else zlib.crc32(path.rpartition("/")[2].encode()) % 97
    suffix = suffix or {"JPEG": ".jpg", "PPM": ".ppm"}.get(kind, f".{kind.lower()}")
    start = zlib.crc32(path.encode()) % 10_000
    return {f"{path}/{i}{suffix}": photo(label, start + i, kind) for i in range(number)}


def write(files: Mapping[str, bytes], root: Path, folders: tuple[str, ...] = ()) -> Path:
    """Write a set as a folder."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    for path in folders:
        (root / path).mkdir(parents=True)
    return root


def packed(
    files: Mapping[str, bytes], target: Path, folders: tuple[str, ...] = (), names: str = "utf-8"
) -> Path:
    """Write a set as a zip, its names as Windows writes them where an encoding is given."""
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in {**files, **{f"{path}/": b"" for path in folders}}.items():
            archive.writestr(_Entry(path, names), content)
    return target


class _Entry(zipfile.ZipInfo):
    """An entry whose name is written in an encoding, without the mark of UTF-8."""

    def __init__(self, path: str, names: str) -> None:
        super().__init__(path)
        self._names = names
        self.create_system = 0 if names != "utf-8" else 3

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        flag = 0x800 if self._names == "utf-8" else 0
        return self.filename.encode(self._names), self.flag_bits & ~0x800 | flag


def _mask(seed: int) -> bytes:
    shape = np.zeros((36, 48), np.uint8)
    shape[8 : 20 + seed % 8, 10:30] = 255
    return encoded(Image.fromarray(shape), "PNG")


def _chest() -> Files:
    once: Files = {}
    for split, number in _CHEST:
        for name in ("NORMAL", "SICK"):
            once |= folder(f"{split}/{name}", number)
    twice = {f"chest/{path}": content for path, content in once.items()}
    macs = {
        f"chest/__MACOSX/chest/{path.rpartition('/')[0]}/._{path.rpartition('/')[2]}": b"\0\5\x16\7"
        for path in once
    }
    return {f"chest/{path}": content for path, content in {**once, **twice, **macs}.items()}


def _pairs() -> Files:
    files: Files = {}
    for label, name in enumerate(("ant", "bee")):
        for i in range(10):
            image = make_photo(label, size=(96, 72), seed=i)
            files |= {
                f"{name}/IMG_{i:04}.HEIC": encoded(image, "HEIF", quality=80),
                f"{name}/IMG_{i:04}.JPG": encoded(image, "JPEG", quality=90),
                f"{name}/IMG_{i:04}.MOV": b"\0\0\0\x14ftypqt  " + bytes(100),
                f"{name}/IMG_{i:04}.AAE": b"<?xml version='1.0'?><plist/>",
            }
    return files


def _breeds() -> Files:
    files: Files = {}
    for name in ("n01-Beagle", "n02-Pug"):
        files |= folder(f"Images/{name}", 12)
        files |= {f"Annotation/{name}/n0_{i}": b"<annotation/>" for i in range(12)}
    return files


def _names() -> Files:
    files = {
        f"train/{n}.{i}.jpg": photo(k, i) for k, n in enumerate(("cat", "dog")) for i in range(12)
    }
    return files | {f"test1/{i}.jpg": photo(i % 2, 50 + i) for i in range(1, 7)}


def _masks() -> Files:
    files: Files = {}
    for label, name in enumerate(("COVID", "Normal")):
        for i in range(12):
            files[f"Radio/{name}/images/{name}-{i}.png"] = photo(label, i, "PNG")
            files[f"Radio/{name}/masks/{name}-{i}.png"] = _mask(i)
    return files


def _pages() -> Files:
    files: Files = {}
    for label, name in enumerate(("ant", "bee")):
        for i in range(2):
            pages = [make_photo(label, size=(48, 36), seed=10 * i + page) for page in range(4)]
            content = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
            files[f"{name}/stack{i}.tif"] = content
    return files


def _large() -> Files:
    files = folder("ant", 6, 0) | folder("bee", 6, 1)
    large = Image.new("RGB", (12_000, 9_000), (90, 120, 60))
    large.paste(make_photo(0, size=(1200, 900)).resize((8000, 6000)), (1000, 1000))
    return files | {"ant/20240501_101112.jpg": encoded(large, "JPEG", quality=40)}


def _table() -> Files:
    files: Files = {"README.dataset.txt": b"\n"}
    number = 0
    for split, photos in (("train", 12), ("valid", 4), ("test", 3)):
        rows = ["filename, mug, pen"]
        for _ in range(photos):
            name, label = f"IMG_{number:04}_jpg.rf.{number:08x}.jpg", number % 2
            files[f"{split}/{name}"] = photo(label, number)
            rows.append(f"{name}, {1 - label}, {label}")
            number += 1
        files[f"{split}/_classes.csv"] = "\n".join(rows).encode()
    return files


def _odd() -> Files:
    good = {"odd.ppm": "PPM", "odd.avif": "AVIF", "gray.pgm": "PPM", "avif_named.jpg": "AVIF"}
    odd = {f"odd.{kind.lower()}": kind for kind in ("ICO", "TGA", "PDF", "PCX", "EPS")}
    odd["odd.jp2"] = "JPEG2000"
    files = folder("ant", 12, 0) | folder("bee", 12, 1)
    for number, (name, kind) in enumerate({**good, **odd}.items()):
        shown = make_photo(0, size=(48, 36), seed=901 + number)
        files[f"ant/{name}"] = encoded(shown.convert("L") if name == "gray.pgm" else shown, kind)
    files |= {
        "ant/movie.mp4": b"\0\0\0\x18ftypisom" + bytes(220),
        "ant/live.mov": b"\0\0\0\x14ftypqt  " + bytes(200),
        "ant/drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        "ant/empty.jpg": b"",
        "ant/page.jpg": b"<!DOCTYPE html><html><body>404</body></html>",
        "ant/lfs.jpg": LFS_POINTER,
        "ant/scan.dcm": bytes(128) + b"DICM" + bytes(100),
        "ant/x.jxl": b"\xff\x0a" + bytes(50),
        "ant/y.psd": b"8BPS\0\1" + bytes(100),
    }  # fmt: skip
    return files


def _twice() -> Files:
    names = ("Pepper_healthy", "Potato_blight", "Tomato_mosaic")
    once = {path: content for name in names for path, content in folder(name, 8).items()}
    return {f"PlantVillage/{path}": c for path, c in once.items()} | {
        f"PlantVillage/PlantVillage/{path}": c for path, c in once.items()
    }


def _twelve_bits() -> Files:
    files: Files = {}
    for label, name in enumerate(("healthy", "ill")):
        for i in range(12):
            grey = np.asarray(make_photo(label, size=(48, 36), seed=i).convert("L"), np.uint16)
            files[f"{name}/{i}.png"] = encoded(Image.fromarray(grey * 16), "PNG")
    return files


def _office() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/media/image1.png", photo(0, 1, "PNG"))
    return stream.getvalue()


def _boxes() -> Files:
    files: Files = {"data.yaml": b"names: [mug, pen]\n"}
    for split, numbers in (("train", range(12)), ("valid", range(12, 16))):
        for i in numbers:
            files[f"{split}/images/{i}.jpg"] = photo(i % 2, i)
            files[f"{split}/labels/{i}.txt"] = b"0 0.5 0.5 0.1 0.1\n"
    return files


def _classes(*folders_: tuple[str, int], kind: str = "JPEG", suffix: str = "") -> Files:
    return {
        path: content
        for label, (name, number) in enumerate(folders_)
        for path, content in folder(name, number, label, kind, suffix).items()
    }


def _all(**classes: int) -> dict[str, dict[str, int]]:
    return {"all": classes}


CASES: dict[str, Case] = {
    "chest_nested": Case(
        _chest,
        Right(
            {split: {"NORMAL": n, "SICK": n} for split, n in _CHEST},
            passed_over=84,
        ),
    ),
    "classes_one_level_deeper": Case(
        lambda: _classes(
            ("fruit/apple", 10), ("fruit/banana", 10),
            ("vegetable/carrot", 10), ("vegetable/leek", 10),
        ),
        Right(_all(apple=10, banana=10, carrot=10, leek=10), undecided=("inner", "classes")),
    ),
    "colon_in_names": Case(
        lambda: _classes(("A:B", 8), ("C:D", 8)), Right({"all": {"A:B": 8, "C:D": 8}})
    ),
    "empty_class": Case(
        lambda: _classes(("cat", 12), ("dog", 12)),
        Right(_all(cat=12, dog=12), empty_folders=("bird",)),
        folders=("bird",),
    ),
    "heic_and_jpg_pairs": Case(_pairs, Right(_all(ant=20, bee=20), left_out=20, passed_over=20)),
    "images_folder_holds_classes": Case(
        _breeds, Right({"all": {"n01-Beagle": 12, "n02-Pug": 12}}, left_out=24)
    ),
    "labels_in_file_names": Case(_names, Right({"train": {"cat": 12, "dog": 12}}, left_out=6)),
    "masks_beside": Case(_masks, Right(_all(COVID=12, Normal=12), left_out=24)),
    "multi_page_tiff": Case(_pages, Right(_all(ant=2, bee=2))),
    "phone_108mp": Case(_large, Right(_all(ant=7, bee=6))),
    "roboflow_csv_labels": Case(
        _table,
        Right(
            {
                "train": {"mug": 6, "pen": 6},
                "val": {"mug": 2, "pen": 2},
                "test": {"mug": 2, "pen": 1},
            },
            left_out=4,
        ),
    ),
    "s-avif": Case(
        lambda: _classes(("ant", 10), ("bee", 10), kind="AVIF"), Right(_all(ant=10, bee=10))
    ),
    "s-odd-formats": Case(_odd, Right(_all(ant=16, bee=12), left_out=15)),
    "s-pgm-faces": Case(
        lambda: _classes(("s1", 10), ("s2", 10), ("s3", 10), kind="PPM", suffix=".pgm"),
        Right(_all(s1=10, s2=10, s3=10)),
    ),
    "set_inside_itself": Case(
        _twice, Right(_all(Pepper_healthy=8, Potato_blight=8, Tomato_mosaic=8), passed_over=24)
    ),
    "split_named_training_set": Case(
        lambda: _classes(
            ("dataset/training_set/cats", 12), ("dataset/training_set/dogs", 12),
            ("dataset/test_set/cats", 5), ("dataset/test_set/dogs", 5),
            ("dataset/single_prediction", 2),
        ),
        Right({"train": {"cats": 12, "dogs": 12}, "test": {"cats": 5, "dogs": 5}}, left_out=2),
    ),
    "spreadsheet_inside": Case(
        lambda: {
            **_classes(("shells/cockle", 12), ("shells/mussel", 12)),
            "shells/labels.xlsx": _office(),
        },
        Right(_all(cockle=12, mussel=12), left_out=1),
    ),
    "twelve_bit_png": Case(_twelve_bits, Right(_all(healthy=12, ill=12))),
    "yolo_layout": Case(_boxes, None),
    "zip_names_cp850": Case(
        lambda: _classes(("maçã", 8), ("limão", 8), ("pêssego", 8)),
        Right({"all": {"limão": 8, "maçã": 8, "pêssego": 8}}, encoding="cp850"),
        names="cp850",
    ),
    "zip_names_cp866": Case(
        lambda: _classes(("кошки", 10), ("собаки", 10)),
        Right({"all": {"кошки": 10, "собаки": 10}}, encoding="cp866"),
        names="cp866",
    ),
    "zip_names_gbk": Case(
        lambda: _classes(("猫", 10), ("犬", 10)),
        Right({"all": {"犬": 10, "猫": 10}}, encoding="gbk"),
        names="gbk",
    ),
    "zip_names_shift_jis": Case(
        lambda: _classes(("写真/表札", 10), ("写真/表紙", 10)),
        Right({"all": {"表札": 10, "表紙": 10}}, encoding="cp932"),
        names="cp932",
    ),
}  # fmt: skip
"""By the name of the development file."""
