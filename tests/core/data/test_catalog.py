"""Sets that are known by name: bundled ones from a folder of samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.photos import make_photo_folder
from tl_core.data import catalog, open_dataset
from tl_core.data.catalog import bundled_sets, find, locate
from tl_core.errors import DataError, UserError


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "samples"
    for seed, domain in enumerate(("dusk", "market", "studio")):
        make_photo_folder(folder / "produce" / domain, ("apple", "pear"), 4, seed=seed)
    (folder / "produce" / "README.md").write_text("How it was made.")
    monkeypatch.setattr(catalog, "SAMPLES", folder)
    return folder


def test_every_folder_of_samples_is_a_set(samples: Path) -> None:
    names = [entry.name for entry in bundled_sets()]
    assert names == ["produce/market", "produce/dusk", "produce/studio"]
    pictures = bundled_sets()[0].pictures(3)
    assert [picture.parent.name for picture in pictures] == ["apple", "pear"]


def test_a_bundled_set_opens_by_name(samples: Path) -> None:
    dataset, report = open_dataset("produce/studio")
    assert dataset.name == "produce/studio"
    assert dataset.classes == ("apple", "pear") and len(dataset.items) == 8
    assert dataset.fingerprint == open_dataset(samples / "produce" / "studio")[0].fingerprint
    assert not report.problems


def test_an_existing_path_comes_first(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo_folder(tmp_path / "here" / "produce" / "market", ("ant", "bee"), 3)
    monkeypatch.chdir(tmp_path / "here")
    assert open_dataset("produce/market")[0].classes == ("ant", "bee")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("produce/marked", ["'produce/marked'", "Did you mean 'produce/market'", "flowers102"]),
        ("flower102", ["Did you mean 'flowers102'"]),
        ("produce", ["several", "produce/dusk, produce/studio"]),
        ("/nowhere/at/all", ["/nowhere/at/all", "Check the path"]),
        ("", ["''"]),
        ("x" * 5000, ["no set of photos"]),
        ("a\0b", ["no set of photos"]),
    ],
)
def test_an_unknown_name_is_told_with_what_there_is(
    name: str, parts: list[str], samples: Path
) -> None:
    with pytest.raises(UserError) as caught:
        open_dataset(name)
    for part in parts:
        assert part in str(caught.value)


def test_a_public_set_that_is_not_here_says_how_to_get_it(samples: Path) -> None:
    assert find("flowers102") is None
    with pytest.raises(DataError) as caught:
        locate("flowers102")
    for part in ("Oxford 102 Flowers", "345 MB", "prefetch-data flowers102", "produce/market"):
        assert part in str(caught.value)


def test_without_samples_nothing_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "SAMPLES", tmp_path / "none")
    assert bundled_sets() == []
    with pytest.raises(DataError, match="your own photos"):
        locate("cifar10")
