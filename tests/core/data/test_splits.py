import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.work import is_linear, work_of
from tl_core.data import DatasetSpec, Item, make_split, splits
from tl_core.data.splits import parted_classes
from tl_core.errors import ConfigError, DataError


def dataset(*photos: tuple[int, str] | tuple[int, str, str | None]) -> DatasetSpec:
    """Make a data set of (label, content) or (label, content, split)."""
    entries = []
    for number, (label, content, *split) in enumerate(photos):
        path, sha256 = f"{label}/{number:04}.jpg", hashlib.sha256(content.encode()).hexdigest()
        entries.append(Item(path, label, split[0] if split else None, sha256, path))
    classes = tuple(f"class {i}" for i in range(1 + max(photo.label for photo in entries)))
    return DatasetSpec(Path("x"), "x", "photo", classes, tuple(entries), "x")


def random_dataset(seed: int) -> DatasetSpec:
    """Three classes with some copies, a few of them across classes."""
    rng = random.Random(seed)
    photos = [(label, f"{label} {i}") for label in range(3) for i in range(rng.randint(2, 30))]
    for _ in range(rng.randint(0, 15)):
        label, content = rng.choice(photos)
        photos.append((label if rng.random() < 0.7 else rng.randrange(3), content))
    return dataset(*photos)


def grouped(data: DatasetSpec, *groups: Sequence[int]) -> DatasetSpec:
    """Let some items show the same, though their contents differ."""
    items = list(data.items)
    for group in groups:
        key = min(items[i].sha256 for i in group)
        for i in group:
            items[i] = replace(items[i], group=key)
    return replace(data, items=tuple(items))


def random_groups(data: DatasetSpec, seed: int) -> DatasetSpec:
    """Let some items of a set show the same, few of them across classes; copies stay together."""
    rng = random.Random(seed)
    shows = {item.sha256: item.sha256 for item in data.items}
    for _ in range(rng.randint(0, 12)):
        one, other = rng.sample(data.items, 2)
        if one.label == other.label or rng.random() < 0.1:
            both = {shows[one.sha256], shows[other.sha256]}
            shows |= {sha: min(both) for sha, key in shows.items() if key in both}
    return replace(data, items=tuple(replace(i, group=shows[i.sha256]) for i in data.items))


def sides(split: splits.Split) -> dict[int, str]:
    return {i: "train" for i in split.train} | {i: "val" for i in split.val}


BEFORE_GROUPS = {
    0: (
        (3, 6, 14, 26, 33, 38, 43, 54, 57, 61, 71, 73, 76, 77, 78),
        (
            *(0, 1, 2, 7, 8, 16, 19, 21, 27, 28, 31, 34, 35, 40, 41, 45, 46, 47, 49, 50, 53, 55),
            *(56, 66, 72, 80),
        ),
    ),
    3: (
        (2, 3, 4, 6, 8, 12, 13, 21, 26, 33, 36, 43, 47, 48, 51),
        (0, 5, 7, 10, 14, 15, 16, 22, 24, 32, 34, 37, 38, 41, 44, 50),
    ),
    7: (
        (2, 3, 4, 9, 12, 13, 14, 15, 18, 19, 22, 30, 31, 32),
        (0, 1, 7, 8, 16, 17, 20, 23, 27, 28),
    ),
}
"""Splits by seed, as they came out before items knew what shows the same."""


@pytest.mark.parametrize("seed", BEFORE_GROUPS)
def test_sets_without_near_copies_are_split_as_ever(seed: int) -> None:
    data = random_dataset(seed)
    same = replace(data, items=tuple(replace(item, group=item.sha256) for item in data.items))
    for one in (data, same):
        split = make_split(one, seed=seed, per_class=5)
        assert (split.train, split.val) == BEFORE_GROUPS[seed]


@pytest.mark.parametrize("seed", range(60))
def test_what_shows_the_same_stays_on_one_side(seed: int) -> None:
    data = random_groups(random_dataset(seed), seed)
    split = make_split(data, seed=seed)
    assert sorted(split.train + split.val) == list(range(len(data.items)))
    for side in (split.train, split.val):
        assert {data.items[i].label for i in side} == {0, 1, 2}
    parted = {data.classes.index(name) for name in parted_classes(data)}
    loose = {item.shows for item in data.items if item.label in parted}
    side_of = sides(split)
    for i, one in enumerate(data.items):
        for j, other in enumerate(data.items[:i]):
            if one.sha256 == other.sha256 or (one.shows == other.shows and one.shows not in loose):
                assert side_of[i] == side_of[j]


def test_what_shows_the_same_in_a_given_split_stays_where_it_lies() -> None:
    photos = [
        (label, f"{label} {split} {i}", split)
        for label in range(2)
        for split, n in (("train", 5), ("val", 3))
        for i in range(n)
    ]
    data = grouped(dataset(*photos), (0, 1, 5), (8, 13))
    split = make_split(data, seed=0)
    assert split.val == (5, 6, 7, 13, 14, 15)
    assert parted_classes(data) == ()


def test_a_class_that_shows_one_thing_alone_can_still_be_learned() -> None:
    own = [(0, f"0 {i}") for i in range(6)]
    data = grouped(dataset(*own, (1, "a"), (1, "b"), (1, "b"), (1, "c")), (0, 1), (6, 7, 8, 9))
    assert parted_classes(data) == ("class 1",)
    for seed in range(20):
        side_of = sides(make_split(data, seed=seed))
        assert {side_of[i] for i in (6, 7, 8, 9)} == {"train", "val"}
        assert side_of[7] == side_of[8] and side_of[0] == side_of[1]


def test_a_class_whose_photos_show_those_of_another_can_still_be_learned() -> None:
    own = [(0, f"0 {i}") for i in range(6)]
    data = grouped(dataset(*own, (1, "a"), (1, "b")), (0, 6), (1, 7))
    split = make_split(data, seed=0)
    assert Counter(data.items[i].label for i in split.val)[1] == 1
    assert parted_classes(data) == ("class 1",)


@pytest.mark.parametrize("seed", range(60))
def test_an_automatic_split_keeps_its_promises(seed: int) -> None:
    data = random_dataset(seed)
    split = make_split(data, seed=seed)
    assert sorted(split.train + split.val) == list(range(len(data.items)))
    assert split.test == () and split.seed == seed
    contents = [{data.items[i].sha256 for i in side} for side in (split.train, split.val)]
    assert not contents[0] & contents[1]
    for side in (split.train, split.val):
        assert {data.items[i].label for i in side} == {0, 1, 2}
        assert list(side) == sorted(side)


def test_it_is_stratified() -> None:
    data = dataset(
        *[(label, f"{label} {i}") for label, n in enumerate((40, 100)) for i in range(n)]
    )
    split = make_split(data, seed=0, val_fraction=0.25)
    assert Counter(data.items[i].label for i in split.val) == {0: 10, 1: 25}


def test_it_depends_on_content_and_seed_alone() -> None:
    photos = [(label, f"{label} {i}") for label in range(2) for i in range(30)]
    shuffled = random.Random(1).sample(photos, len(photos))
    chosen = [
        {data.items[i].sha256 for i in make_split(data, seed=5).val}
        for data in (dataset(*photos), dataset(*shuffled))
    ]
    assert chosen[0] == chosen[1]
    data = dataset(*photos)
    assert make_split(data, seed=5) == make_split(data, seed=5)
    assert len({make_split(data, seed=seed).val for seed in range(10)}) == 10


@pytest.mark.parametrize("fraction", [0.001, 0.5, 0.999])
def test_two_pictures_a_class_are_enough(fraction: float) -> None:
    data = dataset((0, "a"), (0, "b"), (1, "c"), (1, "d"))
    split = make_split(data, seed=0, val_fraction=fraction)
    assert [data.items[i].label for i in split.train] == [0, 1]
    assert [data.items[i].label for i in split.val] == [0, 1]


def test_pictures_in_two_classes_do_not_measure_unless_they_must() -> None:
    own = [(label, f"{label} {i}") for label in range(2) for i in range(8)]
    data = dataset(*own, (0, "both"), (1, "both"))
    for seed in range(20):
        assert not {16, 17} & set(make_split(data, seed=seed).val)
    data = dataset((0, "x"), (0, "y"), (1, "x"), (1, "y"))
    split = make_split(data, seed=0)
    assert len(split.val) == 2 and len(split.train) == 2


@pytest.mark.parametrize(
    "photos",
    [
        [(0, "same"), (0, "same"), (1, "c"), (1, "d")],
        [(0, "x"), (0, "y"), (1, "y"), (1, "z"), (2, "x"), (2, "z")],
    ],
)
def test_what_cannot_be_split_is_said(photos: list[tuple[int, str]]) -> None:
    with pytest.raises(DataError, match="has too few photos of its own"):
        make_split(dataset(*photos), seed=0)


def test_folders_are_respected() -> None:
    photos = [
        (label, f"{label} {split} {i}", split)
        for label in range(2)
        for split, n in (("train", 5), ("val", 2), ("test", 3))
        for i in range(n)
    ]
    data = dataset(*photos)
    split = make_split(data, seed=0, val_fraction=0.9)
    for name, side in (("train", split.train), ("val", split.val), ("test", split.test)):
        assert [data.items[i].split for i in side] == [name] * len(side)
    assert (len(split.train), len(split.val), len(split.test)) == (10, 4, 6)


def test_without_a_val_folder_a_part_of_train_validates() -> None:
    photos = [
        (label, f"{label} {split} {i}", split)
        for label in range(2)
        for split in ("train", "test")
        for i in range(10)
    ]
    data = dataset(*photos)
    split = make_split(data, seed=0)
    assert (len(split.train), len(split.val), len(split.test)) == (14, 6, 20)
    assert {data.items[i].split for i in split.val} == {"train"}


def test_per_class_thins_training_only_and_is_nested() -> None:
    data = dataset(*[(label, f"{label} {i}") for label in range(2) for i in range(30)])
    full, ten, five = (make_split(data, seed=0, per_class=n) for n in (None, 10, 5))
    assert full.val == ten.val == five.val
    assert Counter(data.items[i].label for i in ten.train) == {0: 10, 1: 10}
    assert set(five.train) < set(ten.train) < set(full.train)
    assert make_split(data, seed=1, per_class=5).train != five.train


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_impossible_fractions_are_refused(fraction: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        make_split(dataset((0, "a"), (0, "b")), seed=0, val_fraction=fraction)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ConfigError, match="per_class is 0"):
        make_split(dataset((0, "a"), (0, "b")), seed=0, per_class=0)


@pytest.mark.parametrize(
    "photos",
    [
        lambda size: [(label, f"{label} {i}") for label in range(size) for i in range(2)],
        # Copies of which no class can spare one, and photos that lie in two classes.
        lambda size: [(label, f"{label} {i // 3}") for label in range(size) for i in range(6)],
        lambda size: [
            (label, f"{(label + i) // 2} {i}") for label in range(size) for i in range(4)
        ],
    ],
    ids=["few", "copies", "in two classes"],
)
@pytest.mark.parametrize("near", [False, True], ids=["", "with near copies"])
def test_many_classes_take_no_more_work_than_their_photos(
    photos: Callable[[int], list[tuple[int, str]]], near: bool
) -> None:
    def work(size: int) -> int:
        data = dataset(*photos(size))
        if near:
            data = grouped(data, *([i, i + 1] for i in range(0, len(data.items), 2)))
        return work_of(lambda: make_split(data, seed=0, per_class=2), splits)

    assert is_linear(work, 50)
