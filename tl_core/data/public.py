"""Bring a public set here: download what torchvision reads, keep class folders of pictures.

torchvision knows where each set is, its checksums and its format. The files are downloaded with
this project's patience (torchvision's own downloader may wait for ever), torchvision checks and
unpacks them, and what remains are folders that ``open_dataset`` reads like any other.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from tl_core.data.catalog import PublicSet, alternative
from tl_core.download import DownloadError, download, plainly
from tl_core.errors import DataError
from tl_core.steps import Progress

"""Called with how much is done, the total, and of what."""

_HYMENOPTERA = (
    "https://download.pytorch.org/tutorial/hymenoptera_data.zip",
    "sha256:fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209",
)  # the digest is that of PyTorch's own build of its tutorials

_EUROSAT = (
    "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
    "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
    "md5:c8fa014336c82ac7804f0398fcb19387",
)  # stands in the code of torchvision's class, which has no attribute for it

_WANTED: dict[str, Callable[[Any], list[tuple[str, str, str]]]] = {
    "ImageFolder": lambda _: [(*_HYMENOPTERA, "")],
    "EuroSAT": lambda _: [(*_EUROSAT, "eurosat")],
    "Flowers102": lambda source: [
        (source._download_url_prefix + file, f"md5:{md5}", "flowers-102")
        for file, md5 in source._file_dict.values()
    ],
    "OxfordIIITPet": lambda source: [
        (url, f"md5:{md5}", "oxford-iiit-pet") for url, md5 in source._RESOURCES
    ],
    "FashionMNIST": lambda source: [
        (source.mirrors[0] + file, f"md5:{md5}", "FashionMNIST/raw")
        for file, md5 in source.resources
    ],
    "DTD": lambda source: [(source._URL, f"md5:{source._MD5}", "dtd")],
    "Food101": lambda source: [(source._URL, f"md5:{source._MD5}", "")],
    "CIFAR10": lambda source: [(source.url, f"md5:{source.tgz_md5}", "")],
    "STL10": lambda source: [(source.url, f"md5:{source.tgz_md5}", "")],
}
"""For each class its files: address, digest, and the folder where the class looks for them."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


def prefetch_data(entry: PublicSet, report: Progress | None = None) -> Path:
    """Bring a public set onto this machine for everyone, unless it is here.

    The folder appears complete or not at all; of several programs that ask at the same time one
    works and the others wait for it. A download that was cut goes on where it ended; unpacking
    begins afresh, and what an earlier attempt left of it is removed.

    Parameters
    ----------
    entry
        Which set.
    report
        Told about the megabytes downloaded and then the pictures kept.

    Returns
    -------
    Path
        A folder for ``open_dataset``.

    Raises
    ------
    DataError
        Without a connection, within seconds; or if what arrives is not the promised set.
    """
    root = entry.folder.parent
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f".{entry.name}.lock"):
        if entry.here:
            return entry.folder
        arriving, work = root / f".{entry.name}.download", root / f".{entry.name}.part"
        shutil.rmtree(work, ignore_errors=True)
        try:
            _fetch(entry, arriving, report or _silent)
            arriving.rename(work)
            _keep(entry, work, work / "kept", report or _silent)
            (work / "kept").rename(entry.folder)
        except (DownloadError, OSError) as error:
            reason = plainly(error) if isinstance(error, OSError) else str(error)
            raise _unavailable(entry, reason) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return entry.folder


def remote_files(entry: PublicSet) -> list[tuple[str, str, Path]]:
    """Return address, digest and place below the root of each file that torchvision reads."""
    wanted = _WANTED[entry.loader](_source(entry))
    return [(url, digest, Path(folder, PurePosixPath(url).name)) for url, digest, folder in wanted]


def _source(entry: PublicSet) -> Any:
    from tl_core.compat import torchvision

    return getattr(torchvision.datasets, entry.loader)


def _fetch(entry: PublicSet, root: Path, report: Progress) -> None:
    before = 0

    def progress(done: int, *_: Any) -> None:
        report((before + done) >> 20, max(before + done, entry.bytes) >> 20, "MB")

    for url, digest, place in remote_files(entry):
        download(url, root / place, digest=digest, size=entry.bytes, progress=progress)
        before += (root / place).stat().st_size


def _keep(entry: PublicSet, root: Path, target: Path, report: Progress) -> None:
    """Copy the pictures that are kept into folders of splits and classes."""
    for split, arguments in entry.splits.items():
        limit = entry.per_class if split in ("", "train") else entry.per_class // 4
        dataset = _read(entry, root, arguments)
        files, labels = _files(dataset), _labels(dataset)
        folders = [target / split / _folder_name(name) for name in dataset.classes]
        for folder in folders:
            folder.mkdir(parents=True)
        chosen = list(_spread(labels, limit))
        for done, index in enumerate(chosen, 1):
            if files:
                shutil.copyfile(files[index], folders[labels[index]] / files[index].name)
            else:
                dataset[index][0].save(folders[labels[index]] / f"{index:06}.png")
            report(done, len(chosen), "pictures")


def _read(entry: PublicSet, root: Path, arguments: Any) -> Any:
    """Unpack, the first time, and read one split with torchvision."""
    source = _source(entry)
    try:
        if entry.loader != "ImageFolder":
            return source(root, download=True, **arguments)
        folder = root / arguments["root"]
        if not folder.is_dir():
            _extract(root / remote_files(entry)[0][2])
        return source(folder)
    except OSError:
        raise
    except Exception as error:  # readers raise many kinds for a file that is not what it seems
        raise DataError(
            f"{entry.title} was downloaded, but could not be read: {type(error).__name__}: {error}."
        ) from error


def _extract(archive: Path) -> None:
    from tl_core.compat import torchvision

    torchvision.datasets.utils.extract_archive(archive)


def _files(dataset: Any) -> list[Path]:
    """Return the picture files of a set; none where the pictures lie in arrays."""
    if hasattr(dataset, "samples"):
        return [Path(path) for path, _ in dataset.samples]
    return list(getattr(dataset, "_image_files", getattr(dataset, "_images", [])))


def _labels(dataset: Any) -> list[int]:
    names = ("targets", "labels", "_labels")
    return [int(v) for v in next(getattr(dataset, n) for n in names if hasattr(dataset, n))]


def _spread(labels: list[int], limit: int) -> Iterator[int]:
    """Yield at most ``limit`` indices of each label, spread evenly over the set."""
    total, seen = Counter(labels), Counter[int]()
    for index, label in enumerate(labels):
        place, count = seen[label], total[label]
        seen[label] += 1
        if count <= limit or (place + 1) * limit // count > place * limit // count:
            yield index


def _folder_name(name: str) -> str:
    """Return a class's name without what a file system forbids."""
    return _FORBIDDEN.sub("-", name).strip("-. ")


def _silent(done: int, total: int, what: str) -> None:
    pass


def _unavailable(entry: PublicSet, reason: str) -> DataError:
    return DataError(
        f"{entry.title} ({entry.size}) could not be brought here from {entry.host}: {reason}. With "
        f"a connection, run: python -m tl_core prefetch-data {entry.name}. {alternative()}"
    )
