"""Sets of photos that are known by name: bundled ones, and public ones that can be downloaded.

Bundled sets lie in ``assets/samples/<group>/<domain>/<class>/`` and are called ``group/domain``.
Public ones are brought by :func:`tl_core.data.public.prefetch_data` once for the whole server.
Nothing here loads torch.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tl_core.errors import DataError, UserError
from tl_core.home import ASSETS, home
from tl_core.registry import Registry
from tl_core.words import bytes_text

SAMPLES = ASSETS / "samples"

_SCENES = {
    "studio": "Soft light and a plain ground: the easiest to learn from.",
    "market": "Busy grounds, neighbours and hard sun: what a phone would see.",
    "dusk": "Dim, warm and noisy: the same things when the light goes.",
    "sketch": "Line drawings: shape without colour and texture.",
}


@dataclass(frozen=True)
class BundledSet:
    """A set that comes with the project.

    Attributes
    ----------
    name
        ``group/domain``; sets of one group have the same classes.
    text
        One sentence for people; may be empty.
    folder
        Holds one folder for each class.
    """

    name: str
    text: str
    folder: Path

    def pictures(self, count: int) -> list[Path]:
        """Return one picture of each of the first ``count`` classes."""
        return list(_pictures(self.folder, count))


@dataclass(frozen=True)
class PublicSet:
    """A public set, and how torchvision reads it.

    Attributes
    ----------
    name, title, text
        The name for the command line, the title and one sentence for people.
    classes
        How many there are.
    bytes
        Size of the download.
    license
        Of the pictures, as the publishers state it.
    page
        Where the publishers describe the set.
    host
        The address of the server that has the files.
    loader
        Name of the class in ``torchvision.datasets``.
    splits
        For each folder to make (``train``, ``val``, ``test``, or empty for a set that is not split)
        the arguments that make the class read that part.
    per_class
        At most so many training pictures a class are kept, and a quarter for each other split: the
        larger sets would take a small server many minutes to check and measure.
    """

    name: str
    title: str
    text: str
    classes: int
    bytes: int
    license: str
    page: str
    host: str
    loader: str
    splits: Mapping[str, Mapping[str, Any]]
    per_class: int = 200

    @property
    def size(self) -> str:
        """The size of the download for people."""
        return bytes_text(self.bytes)

    @property
    def folder(self) -> Path:
        """Where the set lies, or will lie, on this machine."""
        return home() / "data" / "public" / self.name

    @property
    def here(self) -> bool:
        """Whether it is on this machine."""
        return self.folder.is_dir()


PUBLIC: Registry[PublicSet] = Registry("public data set")


def bundled_sets() -> list[BundledSet]:
    """Return the sets that come with the project, ``market`` first in its group."""
    return list(_sets_below(SAMPLES))


# What comes with the project stays as it is, and pages ask for it with every click.


@cache
def _sets_below(samples: Path) -> tuple[BundledSet, ...]:
    folders = [f for f in samples.glob("*/*") if any(inner.is_dir() for inner in f.glob("*"))]
    folders.sort(key=lambda f: (f.parent.name, f.name != "market", f.name))
    return tuple(
        BundledSet(f"{f.parent.name}/{f.name}", _SCENES.get(f.name, ""), f) for f in folders
    )


@cache
def _pictures(folder: Path, count: int) -> tuple[Path, ...]:
    classes = sorted(inner for inner in folder.iterdir() if inner.is_dir())
    firsts = [min(inner.glob("*.*"), default=None) for inner in classes[:count]]
    return tuple(picture for picture in firsts if picture is not None)


def find(data: str | Path) -> Path | None:
    """Return the path of data: an existing path, else the set of that name if it is here."""
    path = os.path.expanduser(data)
    if str(data) and os.path.exists(path):
        return Path(path)
    for bundled in bundled_sets():
        if bundled.name == str(data):
            return bundled.folder
    if str(data) in PUBLIC and PUBLIC.get(str(data)).here:
        return PUBLIC.get(str(data)).folder
    return None


def known_name(folder: Path) -> str | None:
    """Return the name of a set of this catalogue; None for any other folder."""
    sets = (*bundled_sets(), *PUBLIC)
    return next((entry.name for entry in sets if entry.folder == folder), None)


def locate(data: str | Path) -> Path:
    """Return the path of data, as :func:`find` does, or raise the reason why there is none.

    Raises
    ------
    DataError
        If it is a public set that is not on this machine.
    UserError
        If nothing of that name exists.
    """
    path = find(data)
    if path is not None:
        return path
    name = str(data)
    if name in PUBLIC:
        entry = PUBLIC.get(name)
        raise DataError(
            f"{entry.title} is not on this machine. With a connection, run: python -m tl_core "
            f"prefetch-data {name} ({entry.size}). {alternative()}"
        )
    known = [bundled.name for bundled in bundled_sets()] + PUBLIC.names()
    if group := [other for other in known if other.startswith(f"{name}/")]:
        raise UserError(f"{name!r} holds several sets; choose one of {', '.join(group)}.")
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else " Check the path."
    raise UserError(
        f"There is no folder, no zip and no set of photos called {name!r}.{hint} "
        f"Sets: {', '.join(known)}."
    )


def alternative() -> str:
    """Return a sentence that names data to learn from without a connection."""
    names = [bundled.name for bundled in bundled_sets()]
    return f"Without one, use the bundled set {names[0]}." if names else "Or use your own photos."


_TRAIN_TEST = {"train": {"train": True}, "test": {"train": False}}
_OFFICIAL = {split: {"split": split} for split in ("train", "val", "test")}
_ROBOTS = "https://www.robots.ox.ac.uk"

for _entry in (
    PublicSet(
        name="hymenoptera",
        title="Ants and bees",
        text="The set of PyTorch's transfer-learning tutorial.",
        classes=2,
        bytes=47_286_322,
        license="not stated; photos from ImageNet",
        page="https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html",
        host="https://download.pytorch.org",
        loader="ImageFolder",
        splits={split: {"root": f"hymenoptera_data/{split}"} for split in ("train", "val")},
        per_class=1000,
    ),
    PublicSet(
        name="flowers102",
        title="Oxford 102 Flowers",
        text="Flowers of Britain; ten training photos of each kind.",
        classes=102,
        bytes=344_878_000,
        license="not stated",
        page=f"{_ROBOTS}/~vgg/data/flowers/102/",
        host=_ROBOTS,
        loader="Flowers102",
        splits=_OFFICIAL,
    ),
    PublicSet(
        name="pets",
        title="Oxford-IIIT Pets",
        text="Breeds of cats and dogs; some differ only in their fur.",
        classes=37,
        bytes=811_092_049,
        license="CC BY-SA 4.0",
        page=f"{_ROBOTS}/~vgg/data/pets/",
        host=_ROBOTS,
        loader="OxfordIIITPet",
        splits={"train": {"split": "trainval"}, "test": {"split": "test"}},
    ),
    PublicSet(
        name="eurosat",
        title="EuroSAT",
        text="Fields, forests and towns from a satellite: far from ImageNet.",
        classes=10,
        bytes=94_280_567,
        license="MIT",
        page="https://github.com/phelber/EuroSAT",
        host="https://huggingface.co",
        loader="EuroSAT",
        splits={"": {}},
    ),
    PublicSet(
        name="dtd",
        title="Describable Textures",
        text="Textures named by an adjective, such as bubbly or woven.",
        classes=47,
        bytes=625_239_812,
        license="for research",
        page=f"{_ROBOTS}/~vgg/data/dtd/",
        host=_ROBOTS,
        loader="DTD",
        splits=_OFFICIAL,
    ),
    PublicSet(
        name="cifar10",
        title="CIFAR-10",
        text="Tiny pictures, 32 by 32, of animals and vehicles.",
        classes=10,
        bytes=170_498_071,
        license="not stated",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        host="https://www.cs.toronto.edu",
        loader="CIFAR10",
        splits=_TRAIN_TEST,
    ),
    PublicSet(
        name="fashion_mnist",
        title="Fashion-MNIST",
        text="Clothes in grey, 28 by 28, from a shop's catalogue.",
        classes=10,
        bytes=30_878_645,
        license="MIT",
        page="https://github.com/zalandoresearch/fashion-mnist",
        host="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        loader="FashionMNIST",
        splits=_TRAIN_TEST,
    ),
    PublicSet(
        name="stl10",
        title="STL-10",
        text="Animals and vehicles, 96 by 96; made for learning from few labels.",
        classes=10,
        bytes=2_640_397_119,
        license="not stated; photos from ImageNet",
        page="https://cs.stanford.edu/~acoates/stl10/",
        host="http://ai.stanford.edu",
        loader="STL10",
        splits={"train": {"split": "train"}, "test": {"split": "test"}},
    ),
    PublicSet(
        name="food101",
        title="Food-101",
        text="Dishes photographed by guests; some training labels are wrong.",
        classes=101,
        bytes=4_996_278_331,
        license="scientific fair use",
        page="https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        host="http://data.vision.ee.ethz.ch",
        loader="Food101",
        splits={"train": {"split": "train"}, "test": {"split": "test"}},
        per_class=60,
    ),
):
    PUBLIC.register(_entry.name, _entry)
