"""What shows the same is grouped: by bytes, by signature, and by names of copies."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tl_core.data.copies.names import copied_name, number_in
from tl_core.data.copies.report import NearCopies, near_copies, warn_of_near_copies
from tl_core.data.copies.twins import (
    CROWD,
    NEAR,
    NEAR_BY_NAME,
    NEAR_BY_NUMBER,
    SHARED,
    TONE,
    find_twins,
    group_keys,
)
from tl_core.data.spec import DatasetSpec, Item
from tl_core.modalities import MODALITIES
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.signature import signature

SHARED_DATA = Path(__file__).parents[4] / "shared" / "data"


def sig(seed: int, *flipped: int, tone: int = 128) -> str:
    """Return a made-up signature: random bits of shape, of which some are flipped."""
    shape = bytearray(random.Random(seed).randbytes(32))
    for bit in flipped:
        shape[bit // 8] ^= 1 << bit % 8
    return shape.hex() + bytes([tone] * 32).hex()


def sha(content: object) -> str:
    return hashlib.sha256(str(content).encode()).hexdigest()


def groups_of(*items: tuple[str, object, str]) -> list[tuple[str, ...]]:
    """Return the groups of (path, content, signature), as paths."""
    paths = [path for path, _, _ in items]
    found = find_twins(paths, [sha(content) for _, content, _ in items], [s for _, _, s in items])
    return [tuple(paths[i] for i in group) for group in found.groups]


def test_nothing_and_strangers_make_no_groups() -> None:
    assert find_twins([], [], []) == ([], ())
    assert groups_of(*((f"a/{n}.jpg", n, sig(n)) for n in range(50))) == []
    assert groups_of(*((f"a/{n}.jpg", n, "") for n in range(50))) == []


def test_identical_bytes_are_the_same_whatever_they_show() -> None:
    assert groups_of(("a/1.jpg", 1, ""), ("b/2.jpg", 2, ""), ("b/1.jpg", 1, "")) == [
        ("a/1.jpg", "b/1.jpg")
    ]


def test_near_signatures_are_the_same_whatever_they_are_called() -> None:
    near, far = range(NEAR), range(NEAR + 1)
    assert groups_of(("a/x.jpg", 1, sig(1)), ("b/y.png", 2, sig(1, *near))) == [
        ("a/x.jpg", "b/y.png")
    ]
    assert groups_of(("a/x.jpg", 1, sig(1)), ("b/y.png", 2, sig(1, *far))) == []


def test_what_differs_in_tone_is_not_the_same() -> None:
    tones = [(TONE, True), (TONE + 1, False)]
    for more, same in tones:
        found = groups_of(("a/x.jpg", 1, sig(1)), ("a/x.png", 2, sig(1, tone=128 - more)))
        assert bool(found) == same


def test_names_of_copies_in_one_folder_allow_for_more() -> None:
    other = sig(1, *range(NEAR_BY_NAME))
    farther = sig(1, *range(NEAR_BY_NAME + 1))
    assert groups_of(("a/x.jpg", 1, sig(1)), ("a/x-edited.jpg", 2, other))
    assert not groups_of(("a/x.jpg", 1, sig(1)), ("b/x-edited.jpg", 2, other))
    assert not groups_of(("a/x.jpg", 1, sig(1)), ("a/y.jpg", 2, other))
    assert not groups_of(("a/x.jpg", 1, sig(1)), ("a/x-edited.jpg", 2, farther))


def test_numbers_that_follow_one_another_allow_for_a_little_more() -> None:
    other = sig(1, *range(NEAR_BY_NUMBER))
    farther = sig(1, *range(NEAR_BY_NUMBER + 1))
    assert groups_of(("a/IMG_0999.jpg", 1, sig(1)), ("a/IMG_1000.HEIC", 2, other))
    assert not groups_of(("a/IMG_0999.jpg", 1, sig(1)), ("a/IMG_1001.jpg", 2, other))
    assert not groups_of(("a/IMG_0999.jpg", 1, sig(1)), ("b/IMG_1000.jpg", 2, other))
    assert not groups_of(("a/IMG_0999.jpg", 1, sig(1)), ("a/DSC_1000.jpg", 2, other))
    assert not groups_of(("a/IMG_0999.jpg", 1, sig(1)), ("a/IMG_1000.jpg", 2, farther))


def test_a_name_that_many_share_says_nothing() -> None:
    """A thousand files that Windows renamed at once are "ant (1).jpg" and so on."""
    for count, grouped in ((SHARED, True), (SHARED + 1, False)):
        items = [(f"a/ant ({n}).jpg", n, sig(1, *range(20 * n, 20 * n + 20))) for n in range(count)]
        assert bool(groups_of(*items)) == grouped


def test_copies_of_a_copy_belong_together() -> None:
    first, second = sig(1, *range(NEAR)), sig(1, *range(2 * NEAR))
    items = [("a/1.jpg", 1, sig(1)), ("a/2.jpg", 2, first), ("a/3.jpg", 3, second)]
    items.append(("b/4.jpg", 3, second))
    assert groups_of(*items) == [("a/1.jpg", "a/2.jpg", "a/3.jpg", "b/4.jpg")]


def test_a_chain_leads_nowhere() -> None:
    """Each is near to the next, as frames of a film are; the ends have nothing in common."""
    items = [(f"a/{n}.jpg", n, sig(1, *range(8 * n))) for n in range(32)]
    found = groups_of(*items)
    assert len(found) > 2
    for group in found:
        numbers = [int(path[2:-4]) for path in group]
        assert 8 * (max(numbers) - min(numbers)) <= NEAR_BY_NAME


def test_a_crowd_is_no_group_of_copies() -> None:
    alike = [(f"a/{n}.jpg", n, sig(1, n)) for n in range(CROWD + 2)]
    others = [("b/x.jpg", "x", sig(2)), ("b/y.jpg", "y", sig(2, 5)), ("c/0.jpg", 0, sig(1, 0))]
    paths, contents, signatures = zip(*alike, *others, strict=True)
    found = find_twins(paths, [sha(content) for content in contents], signatures)
    assert [[paths[i] for i in group] for group in found.groups] == [
        ["a/0.jpg", "c/0.jpg"],
        ["b/x.jpg", "b/y.jpg"],
    ]
    assert len(found.crowd) == len(alike) + 1
    assert find_twins(paths[2:], [sha(c) for c in contents[2:]], signatures[2:]).crowd == ()


@pytest.mark.parametrize("text", ["", "0", "zz" * 64, "0" * 127, "0" * 130, "é" * 128, "A" * 128])
def test_whatever_is_no_signature_tells_nothing(text: str) -> None:
    assert groups_of(("a/1.jpg", 1, text), ("a/1.png", 2, text)) == []


@st.composite
def sets(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Draw a few pictures with near and less near copies, under names that agree or not."""
    items = []
    for number in range(draw(st.integers(0, 25))):
        picture = draw(st.integers(0, 3))
        flipped = draw(st.sets(st.integers(0, 255), max_size=30))
        text = draw(st.sampled_from([sig(picture, *flipped), sig(picture, *flipped), ""]))
        kind = draw(st.sampled_from(["jpg", "heic", "png"]))
        name = draw(st.sampled_from(["x", "x (1)", "x-edited", f"{number}"]))
        items.append((f"{draw(st.sampled_from('ab'))}/{name}.{kind}", sha(text), text))
    return items


@settings(max_examples=60, deadline=None)
@given(items=sets(), order=st.randoms(use_true_random=False))
def test_groups_keep_their_promises(
    items: list[tuple[str, str, str]], order: random.Random
) -> None:
    paths, shas, texts = ([item[k] for item in items] for k in range(3))
    found = find_twins(paths, shas, texts)
    members = [i for group in found.groups for i in group]
    assert len(members) == len(set(members)), "in two groups"
    assert found.groups == sorted(found.groups)
    assert all(len(group) > 1 and list(group) == sorted(group) for group in found.groups)
    keys = group_keys(shas, found.groups)
    for i, digest in enumerate(shas):
        for j in range(i):
            if digest == shas[j]:
                assert keys[i] == keys[j] != ""
            if keys[i] == keys[j] != "" and digest != shas[j]:
                a, b = (np.frombuffer(bytes.fromhex(texts[k][:64]), np.uint8) for k in (i, j))
                assert np.bitwise_count(a ^ b).sum() <= NEAR_BY_NAME
    shuffled = order.sample(range(len(items)), len(items))
    again = find_twins(*([column[i] for i in shuffled] for column in (paths, shas, texts)))
    assert {frozenset(shuffled[i] for i in group) for group in again.groups} == {
        frozenset(group) for group in found.groups
    }


@pytest.mark.parametrize(
    "names",
    [
        ("IMG_0001.HEIC", "IMG_0001.JPG", "img_0001.jpeg", "IMG_E0001.JPG", "IMG_0001 (1).jpg"),
        ("ant.jpg", "ant (2).jpg", "ant - Copy.jpg", "ant - Kopie (3).jpg", "ant — копия.jpg"),
        ("bee.jpg", "bee-edited.jpg", "bee-edited (1).jpg", "bee-bearbeitet.jpg", "bee copy 2.png"),
        ("x.jpg", "x_small.jpg", "x-150x150.jpg", "x_thumb.png", "x@2x.png", "x.heic.jpg"),
        (
            "00000IMG_00000_BURST20240501101112123_COVER.jpg",
            "00001IMG_00001_BURST20240501101112123.jpg",
        ),
        ("20240501_101112.jpg", "20240501_101112_001.jpg", "IMG_20240501_101112~2.jpg"),
        (f"a_jpg.rf.{'0' * 32}.jpg", f"a_jpg.rf.{'f' * 32}.jpg"),
        ("PXL_20240501_101112123.jpg", "PXL_20240501_101112123.PORTRAIT-02.ORIGINAL.jpg"),
    ],
)
def test_copies_share_a_name(names: tuple[str, ...]) -> None:
    assert len({copied_name(f"train/ant/{name}") for name in names}) == 1
    assert len({copied_name(f"{n}/{name}") for n, name in enumerate(names)}) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        ("IMG_0001.JPG", "IMG_0002.JPG"),
        ("ant_001.jpg", "ant_002.jpg"),
        ("cat.0.jpg", "cat.1.jpg"),
        ("1.5.png", "2.5.png"),
        ("(1).jpg", "(2).jpg"),
        ("copy.jpg", "small.jpg"),
        ("img_burst20240501101112.jpg", "img_burst20240501101113.jpg"),
    ],
)
def test_numbers_count_different_photos(names: tuple[str, ...]) -> None:
    assert len({copied_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("img_0012", ("img_*", 12)),
        ("cat.9", ("cat.*", 9)),
        ("20240501_101112", ("20240501_*", 101112)),
        ("7", ("*", 7)),
        ("a1b22c", ("a1b*c", 22)),
        ("ant", None),
        ("", None),
        ("1234567890", None),
        ("٣", None),
        ("9" * 300, None),
    ],
)
def test_a_number_in_a_name(name: str, counted: tuple[str, int] | None) -> None:
    assert number_in(name) == counted


def data(*items: tuple[str, object, str, str | None]) -> DatasetSpec:
    """Make a data set of (path, content, group, split); the class is the last folder."""
    classes = tuple(sorted({path.split("/")[-2] for path, *_ in items}))
    return DatasetSpec(
        Path("x"),
        "x",
        "photo",
        classes,
        tuple(
            Item(path, classes.index(path.split("/")[-2]), split, sha(content), path, group)
            for path, content, group, split in items
        ),
        "x",
    )


def warnings(spec: DatasetSpec, crowd: tuple[int, ...] = ()) -> list[str]:
    return list(warn_of_near_copies(near_copies(spec, crowd), MODALITIES.get("photo")))


def fillers(*splits: str | None) -> list[tuple[str, object, str, str | None]]:
    return [
        (f"{split or ''}/{name}/{n}.jpg", f"{split} {name} {n}", "", split)
        for split in splits
        for name in ("ant", "bee")
        for n in range(4)
    ]


def test_a_report_tells_of_copies_in_one_split() -> None:
    spec = data(*fillers(None), ("ant/x.heic", 1, "g", None), ("ant/x.jpg", 2, "g", None))
    assert near_copies(spec) == NearCopies(within_split=(("ant/x.heic", "ant/x.jpg"),))
    (sentence,) = warnings(spec)
    assert "2 photos seem to show the same" in sentence and "ant/x.heic, ant/x.jpg" in sentence
    assert "keeps them on one side" in sentence


def test_a_report_tells_of_copies_across_splits_and_classes() -> None:
    spec = data(
        *fillers("train", "val"),
        ("train/ant/x.heic", 1, "g", "train"),
        ("val/ant/x.jpg", 2, "g", "val"),
        ("train/ant/y.jpg", 3, "h", "train"),
        ("train/bee/y.jpg", 4, "h", "train"),
    )
    found = near_copies(spec)
    assert found.across_splits == (("train/ant/x.heic", "val/ant/x.jpg"),)
    assert found.across_classes == found.within_split == (("train/ant/y.jpg", "train/bee/y.jpg"),)
    classes, splits, _ = warnings(spec)
    assert "a label is probably wrong: train/ant/y.jpg, train/bee/y.jpg." in classes
    assert "tested on what it has learned from: train/ant/x.heic, val/ant/x.jpg." in splits


def test_a_report_leaves_identical_copies_to_others() -> None:
    spec = data(*fillers(None), ("ant/x.jpg", 1, sha(1), None), ("ant/y.jpg", 1, sha(1), None))
    assert near_copies(spec) == NearCopies() and warnings(spec) == []


def test_a_report_names_crowds_and_classes_that_are_parted() -> None:
    alike = [(f"wasp/{n}.jpg", n, "g", None) for n in range(4)]
    spec = data(*fillers(None), *alike)
    found = near_copies(spec, crowd=(0, 1))
    assert found.parted == ("wasp",) and found.crowd == ("/ant/0.jpg", "/ant/1.jpg")
    _, parted, crowd = warnings(spec, crowd=(0, 1))
    assert "only identical files on one side there: wasp." in parted
    assert crowd.startswith("2 photos look nearly like more than 30 others each")
    assert crowd.endswith("/ant/0.jpg, /ant/1.jpg.")


def signatures_of(files: list[Path]) -> tuple[list[str], list[str], list[str]]:
    return (
        [file.as_posix() for file in files],
        [hashlib.sha256(file.read_bytes()).hexdigest() for file in files],
        [signature(decode(file, shorter=64)) for file in files],
    )


def test_no_two_photos_of_a_real_set_are_taken_for_one() -> None:
    files = sorted((SHARED_DATA / "cats_dogs").glob("*/*"))[::3]
    if not files:
        pytest.skip("the shared photos are not here")
    assert find_twins(*signatures_of(files)) == ([], ())


def test_a_phones_pairs_are_found(tmp_path: Path) -> None:
    import zipfile

    archive = SHARED_DATA / "cases" / "heic_and_jpg_pairs.zip"
    if not archive.is_file():
        pytest.skip("the shared cases are not here")
    with zipfile.ZipFile(archive) as pairs:
        pairs.extractall(tmp_path)
    files = [f for f in sorted(tmp_path.rglob("*")) if f.suffix.lower() in (".heic", ".jpg")]
    found = find_twins(*signatures_of(files))
    assert len(found.groups) == 20 == len(files) // 2
    assert all(files[a].stem == files[b].stem for a, b in found.groups)
