"""Folders become splits and classes by evidence, and the reading says what it did."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from tests.layouts import assert_accounted, classes, counts, inside, read, seen
from tl_core.data.layout import Place, Seen, read_layout
from tl_core.errors import ConfigError
from tl_core.modalities import looks_like_an_item

ROOT = Path(__file__).parents[3]
CASES = ROOT.parent / "shared/data/cases"


def places(paths: list[str]) -> dict[str, tuple[str | None, str]]:
    return {path: (place.split, place.label) for path, place in read(paths).placed.items()}


SIMPLE = {
    "classes": (["a/1.jpg", "b/1.jpg"], {"a/1.jpg": (None, "a"), "b/1.jpg": (None, "b")}),
    "splits": (
        ["Train/a/1.jpg", "VALID/b/1.jpg", "test/a/1.jpg"],
        {
            "Train/a/1.jpg": ("train", "a"),
            "VALID/b/1.jpg": ("val", "b"),
            "test/a/1.jpg": ("test", "a"),
        },
    ),
    "wrapped twice, with a readme": (
        ["README.md", "x/notes.txt", "x/y/validation/a/1.jpg", "x/y/train/a/deep/1.jpg"],
        {"x/y/validation/a/1.jpg": ("val", "a"), "x/y/train/a/deep/1.jpg": ("train", "a")},
    ),
    "one class only is no wrapping": (
        ["a/1.jpg", "a/b/2.jpg"],
        {"a/1.jpg": (None, "a"), "a/b/2.jpg": (None, "a")},
    ),
    "a class that is called train": (
        ["train/1.jpg", "car/1.jpg"],
        {"train/1.jpg": (None, "train"), "car/1.jpg": (None, "car")},
    ),
    "a test folder without classes": (
        ["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"],
        {"train/a/1.jpg": ("train", "a"), "train/b/1.jpg": ("train", "b")},
    ),
    "nothing": ([], {}),
}


@pytest.mark.parametrize(("paths", "placed"), SIMPLE.values(), ids=SIMPLE.keys())
def test_simple_trees_are_read_as_ever(
    paths: list[str], placed: dict[str, tuple[str | None, str]]
) -> None:
    assert places(paths) == placed


def _listed(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


SETS = [
    *sorted((ROOT / "assets/samples/produce").glob("*/")),
    ROOT.parent / "shared/data/hymenoptera",
    ROOT.parent / "shared/data/cats_dogs",
]


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_sets_that_are_well_kept_are_read_without_a_word(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not here.")
    paths = [path for path in _listed(folder) if looks_like_an_item(path)]
    reading = read(paths)
    for path, place in reading.placed.items():
        *splits, label, _ = path.split("/")
        assert (place.split, place.label) == (splits[0] if splits else None, label)
    assert len(reading.placed) == len(paths) > 0
    assert (reading.undecided, reading.notes, reading.suggestions) == ((), (), ())


def test_the_reading_says_what_it_is_and_what_else_it_could_be() -> None:
    reading = read(
        inside(
            *(f"dataset/{s}/{c}" for s in ("training_set", "test_set") for c in ("cats", "dogs"))
        )
    )
    assert reading.text == "Read as: splits training_set, test_set; classes cats, dogs"
    assert (reading.layout, reading.wrapper) == ("splits", "dataset/")
    assert reading.splits == {"training_set": "train", "test_set": "test"}
    (other,) = reading.others
    assert other.layout == "classes"
    assert "test_set, training_set" in other.text


def test_another_reading_is_taken_when_asked_for() -> None:
    paths = inside("train/cat", "train/dog", "test/cat")
    assert classes(read(paths, choice="classes")) == ["test", "train"]
    assert counts(read(paths, choice="splits")) == counts(read(paths))
    nothing = read(paths, choice="inner")
    assert not nothing.placed
    assert any("'inner'" in note for note in nothing.notes)
    with pytest.raises(ConfigError, match="layout"):
        read_layout([], choice="guess")


def test_what_lies_beside_split_folders_is_named_and_no_class() -> None:
    paths = [*inside("train/cat", "train/dog", "test/cat", "test/dog"), "single_prediction/a.jpg"]
    reading = read([*paths, "sample.jpg", "labels.xml", "meta/info.json"])
    assert set(reading.left_out) == {
        "single_prediction/a.jpg",
        "sample.jpg",
        "labels.xml",
        "meta/info.json",
    }
    assert "beside the split folders" in reading.left_out["single_prediction/a.jpg"]
    assert any("single_prediction" in note for note in reading.notes)


@pytest.mark.parametrize(
    "beside", [[], ["preview.jpg"], ["Annotation/cat/a.xml"], ["a.jpg", "b.csv"]]
)
def test_a_wrapper_is_looked_through_whatever_stands_beside_it(beside: list[str]) -> None:
    reading = read([*inside("images/cat", "images/dog"), *beside])
    assert (reading.wrapper, classes(reading)) == ("images/", ["cat", "dog"])
    assert sorted(reading.left_out) == sorted(beside)


def test_neutral_folders_inside_classes_and_splits_are_looked_through() -> None:
    paths = inside(
        "train/images/cat", "train/images/dog", "test/JPEGImages/cat", "test/JPEGImages/dog"
    )
    assert counts(read(paths)) == {
        ("train", "cat"): 4, ("train", "dog"): 4, ("test", "cat"): 4, ("test", "dog"): 4
    }  # fmt: skip
    assert read(inside("cat/images", "dog/Bilder")).notes == ()
    same = inside("seg_train/seg_train/sea", "seg_train/seg_train/ice", "seg_test/seg_test/sea")
    assert set(counts(read(same))) == {("train", "sea"), ("train", "ice"), ("test", "sea")}
    named = inside("train/chest/NORMAL", "train/chest/SICK", "test/chest/NORMAL", "test/chest/SICK")
    assert classes(read(named)) == ["NORMAL", "SICK"]


def test_splits_inside_the_classes_are_splits() -> None:
    reading = read(inside("cat/train", "cat/test", "dog/train", "dog/test"))
    assert reading.layout == "splits"
    assert (
        reading.text == "Read as: splits train, test (inside the class folders); classes cat, dog"
    )
    assert set(counts(reading)) == {
        ("train", "cat"),
        ("test", "cat"),
        ("train", "dog"),
        ("test", "dog"),
    }


def test_class_folders_beside_a_test_folder_are_its_training_part() -> None:
    reading = read(inside("cat", "dog", "test/cat", "test/dog"))
    assert set(counts(reading)) == {
        ("train", "cat"),
        ("test", "cat"),
        ("train", "dog"),
        ("test", "dog"),
    }
    assert any("part to train on" in note for note in reading.notes)


def test_the_folder_beside_a_test_folder_of_the_same_classes_is_its_training_part() -> None:
    reading = read(inside("rps/rock", "rps/paper", "rps-test-set/rps-test-set/rock"))
    assert set(counts(reading)) == {("train", "rock"), ("train", "paper"), ("test", "rock")}
    assert reading.text.startswith("Read as: splits rps, rps-test-set")


def test_learners_beside_a_test_folder_are_the_training_part() -> None:
    reading = read(inside("Anna/cat", "Anna/dog", "Ben/cat", "test/cat", "test/dog"))
    assert set(counts(reading)) == {
        ("train", "cat"), ("train", "dog"), ("test", "cat"), ("test", "dog")
    }  # fmt: skip
    merged = read(inside("valid/cat", "valid/dog", "invalid/cat", "invalid/dog"))
    assert set(counts(merged)) == {(None, "cat"), (None, "dog")}


def test_a_split_folder_without_class_folders_is_named() -> None:
    reading = read(inside("train/cat", "train/dog", "val/images"))
    assert len(reading.left_out) == 4
    assert any("4 files get no class" in note and "val" in note for note in reading.notes)


def test_classes_whose_names_only_count_are_doubted() -> None:
    reading = read(inside("DCIM/100APPLE", "DCIM/101APPLE"))
    assert any("only count" in note for note in reading.notes)
    for names in (("0", "1"), ("s1", "s2"), ("n01", "n02"), ("left", "right"), ("cat1", "cat2")):
        assert read(inside(*names)).notes == ()


def test_folders_that_repeat_under_most_others_are_the_classes() -> None:
    reading = read(inside("Anna/cat", "Anna/dog", "Ben/cat", "Ben/dog", "Carla/dog"))
    assert (reading.layout, classes(reading), reading.undecided) == ("inner", ["cat", "dog"], ())
    assert any("Anna, Ben, Carla" in note for note in reading.notes)
    assert [other.layout for other in reading.others] == ["classes"]


def test_folders_that_do_not_repeat_may_be_either() -> None:
    paths = inside("fruit/apple", "fruit/banana", "vegetable/carrot", "vegetable/leek")
    reading = read(paths)
    assert reading.undecided == ("inner", "classes")
    for choice, expected in (
        ("inner", ["apple", "banana", "carrot", "leek"]),
        ("classes", ["fruit", "vegetable"]),
    ):
        taken = read(paths, choice=choice)
        assert (classes(taken), taken.undecided) == (expected, ())
    in_splits = read([f"{split}/{path}" for split in ("train", "test") for path in paths])
    assert in_splits.undecided == ("inner", "splits")


def test_folders_that_count_are_asked_about_and_those_above_preferred() -> None:
    reading = read(inside("cat/day1", "cat/day2", "dog/day1", "dog/day2"))
    assert (reading.undecided, classes(reading)) == (("classes", "inner"), ["cat", "dog"])
    above = read(inside("day1/cat", "day1/dog", "day2/cat", "day2/dog"))
    assert (above.undecided, classes(above)) == ((), ["cat", "dog"])
    between = read(inside("Anna/day1/cat", "Anna/day1/dog", "Ben/day1/cat", "Ben/day2/dog"))
    assert (between.layout, classes(between)) == ("inner", ["cat", "dog"])
    single = read(inside("cat/2024-05-01", "cat/2024-05-02", "dog/2024-06-01", "dog/2024-06-09"))
    assert (single.undecided, classes(single)) == ((), ["cat", "dog"])


def test_folders_inside_some_classes_are_merged_and_named() -> None:
    reading = read(inside("fruit/apple", "fruit/pear", "leek", "kale", "peas"))
    assert classes(reading) == ["fruit", "kale", "leek", "peas"]
    assert any("fruit (apple, pear)" in note for note in reading.notes)
    deep = read(
        inside("animals/birds/owl", "animals/mammals/fox", "plants/trees/oak", "plants/herbs/mint")
    )
    assert deep.undecided == ("inner", "classes")
    assert any("birds (owl)" in note for note in deep.notes)


@pytest.mark.parametrize(
    "name", ["train", "images", "masks", "annotations", "labels", "ground_truth", "__MACOSX"]
)
def test_a_class_with_a_doubtful_name_is_never_believed_silently(name: str) -> None:
    reading = read(inside(name, "bus", "car"))
    assert classes(reading) == sorted([name, "bus", "car"])
    assert any(name in note for note in reading.notes)
    assert [(s.kind, s.classes) for s in reading.suggestions] == [("drop", (name,))]


def test_classes_that_hold_a_word_of_a_split_stay_classes() -> None:
    reading = read(inside("steam_train", "freight_train", "crash_test"))
    assert classes(reading) == ["crash_test", "freight_train", "steam_train"]
    assert reading.suggestions == ()


def test_a_test_folder_alone_is_looked_through() -> None:
    reading = read(inside("test/cat", "test/dog"))
    assert (reading.wrapper, set(counts(reading))) == ("test/", {(None, "cat"), (None, "dog")})
    assert any("test stands alone" in note for note in reading.notes)
    assert set(counts(read(inside("train/cat", "train/dog")))) == {
        ("train", "cat"),
        ("train", "dog"),
    }


def test_a_set_stored_once_more_inside_itself_is_one_set() -> None:
    first = inside("chest/train/NORMAL", "chest/train/SICK", "chest/test/NORMAL", "chest/test/SICK")
    again = [path.replace("chest/", "chest/chest/", 1) for path in first]
    digests = {path: str(number % len(first)) for number, path in enumerate([*first, *again])}
    changed = again[3]
    reading = read_layout(seen([*first, *again], digests=digests | {changed: "other"}))
    assert_accounted(reading, [*first, *again])
    (passed,) = reading.passed_over.values()
    assert sorted(passed) == sorted(set(again) - {changed})
    assert reading.placed[changed] == reading.placed[first[3]] == Place("train", "NORMAL")
    assert reading.wrapper == "chest/"
    assert any("chest/chest" in note for note in reading.notes)


def test_a_numbered_copy_beside_the_folders_is_one_too() -> None:
    first = inside("archive/cat", "archive/dog")
    again = [path.replace("archive/", "archive/archive (1)/", 1) for path in first]
    digests = {
        path: path.rpartition("archive")[2].removeprefix(" (1)") for path in [*first, *again]
    }
    reading = read_layout(seen([*first, *again], digests=digests))
    assert sorted(reading.placed) == sorted(first)


def test_masks_are_left_out_and_name_their_items() -> None:
    paths = [
        path
        for label in ("COVID", "Normal")
        for kind in ("images", "masks")
        for path in inside(f"Radio/{label}/{kind}", name=label + "-{}.png")
    ]
    reading = read(paths)
    assert counts(reading) == {(None, "COVID"): 4, (None, "Normal"): 4}
    assert "Radio/COVID/images/COVID-0.png" in reading.left_out["Radio/COVID/masks/COVID-0.png"]


@pytest.mark.parametrize(
    ("item", "mask", "few"),
    [
        ("cat/{}.jpg", "cat/{}_mask.png", ()),
        ("cat/b ({}).png", "cat/b ({})_mask_1.png", ()),
        ("images/cat/{}.jpg", "masks/cat/{}.png", ()),
        ("train/cat/x{}.jpg", "train_masks/cat/x{}_mask.gif", ()),
        ("cat/Originale/{}.jpg", "cat/Masken/{}.png", ()),
        ("cat/{}.jpg", "trimaps/Abyssinian_{}.png", ("trimaps",)),
        ("cat/x{}.jpg", "elsewhere/x{}.png", ("elsewhere",)),
        ("猫/{}.jpg", "猫/マスク/{}.png", ()),
    ],
)  # fmt: skip
def test_masks_of_many_kinds_are_left_out(item: str, mask: str, few: tuple[str, ...]) -> None:
    items = [item.format(i) for i in range(5)] + [
        item.replace("cat", "dog").replace("猫", "犬").format(i) for i in range(5)
    ]
    masks = [mask.format(i) for i in range(5)]
    reading = read([*items, *masks], few)
    assert sorted(reading.placed) == sorted(items)
    assert sorted(reading.left_out) == sorted(masks)


@pytest.mark.parametrize(
    ("tops", "few"),
    [
        (("masks", "faces"), ()),
        (("with_mask", "without_mask"), ()),
        (("0", "1"), ("0", "1")),
        (("drawing", "photo"), ("drawing",)),
    ],
)
def test_what_only_resembles_masks_stays(tops: tuple[str, ...], few: tuple[str, ...]) -> None:
    reading = read(inside(*tops, name="{}.png"), few)
    assert len(reading.placed) == 8
    assert classes(reading) == sorted(tops)


def test_near_misses_are_offered_to_be_merged_or_dropped() -> None:
    reading = read(
        [
            *inside("train/Golden Retriever", "train/dog", "train/cat", files=6),
            *inside("val/golden_retriever", "val/dogs", "val/Cat", "test/bird"),
        ]
    )
    merges = {s.into: set(s.classes) for s in reading.suggestions if s.kind == "merge"}
    assert merges == {
        "Golden Retriever": {"Golden Retriever", "golden_retriever"},
        "dog": {"dog", "dogs"},
        "cat": {"cat", "Cat"},
    }
    assert [s.classes for s in reading.suggestions if s.kind == "drop"] == [("bird",)]


def test_empty_class_folders_are_named() -> None:
    reading = read(inside("set/cat", "set/dog"), empty_folders=["set/bird", "set/cat/more"])
    assert any("bird" in note and "empty" in note for note in reading.notes)
    assert not any("more" in note for note in reading.notes)


def test_what_is_no_item_is_no_evidence_but_accounted_for() -> None:
    paths = [*inside("cat", "dog"), "cat/notes.txt", "docs/read.txt", "bird/0.jpg", "bird/1.jpg"]
    files = [Seen(f.path, f.usable and "bird" not in f.path) for f in seen(paths)]
    reading = read_layout(files)
    assert_accounted(reading, paths)
    assert reading.placed["cat/notes.txt"].label == "cat"
    assert reading.placed["bird/0.jpg"].label == "bird"
    assert reading.left_out["docs/read.txt"] == "it lies in no class folder."


def test_detection_labels_are_said_to_be_such() -> None:
    yolo = [
        *inside("train/images", "valid/images"),
        *inside("train/labels", "valid/labels", name="img_{}.txt"),
    ]
    for paths, kind in (
        ([*yolo, "data.yaml"], "YOLO"),
        ([*inside("train2017", "val2017"), "annotations/instances_train2017.json"], "COCO"),
        ([*inside("JPEGImages"), *inside("Annotations", name="img_{}.xml")], "Pascal VOC"),
    ):
        reading = read(paths)
        assert not reading.placed
        photo = next(path for path in paths if path.endswith(".jpg"))
        assert kind in reading.left_out[photo]
        assert any(kind in note and "one folder for each class" in note for note in reading.notes)
    beside = read([*inside("cat", "dog"), *inside("labels", name="img_{}.txt")])
    assert classes(beside) == ["cat", "dog"]


EXPECTED = {
    "chest_nested": ("splits", ["NORMAL", "SICK"], 42),
    "classes_one_level_deeper": ("inner", ["apple", "banana", "carrot", "leek"], 40),
    "colon_in_names": ("classes", ["A:B", "C:D"], 16),
    "empty_class": ("classes", ["cat", "dog"], 24),
    "images_folder_holds_classes": ("classes", ["n01-Beagle", "n02-Pug"], 24),
    "labels_in_file_names": ("names", ["cat", "dog"], 24),
    "masks_beside": ("classes", ["COVID", "Normal"], 24),
    "roboflow_csv_labels": ("csv", ["mug", "pen"], 19),
    "s-pgm-faces": ("classes", ["s1", "s2", "s3"], 30),
    "set_inside_itself": ("classes", ["Pepper_healthy", "Potato_blight", "Tomato_mosaic"], 24),
    "split_named_training_set": ("splits", ["cats", "dogs"], 34),
    "spreadsheet_inside": ("classes", ["cockle", "mussel"], 24),
    "yolo_layout": ("splits", [], 0),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_what_people_brought_is_read_rightly(case: str) -> None:
    if not (CASES / f"{case}.zip").is_file():
        pytest.skip("The folder of cases is not here.")
    with zipfile.ZipFile(CASES / f"{case}.zip") as archive:
        content = {n: archive.read(n) for n in archive.namelist() if "__MACOSX" not in n}
    brought = {name: data for name, data in content.items() if not name.endswith("/")}
    found = [
        Seen(name, looks_like_an_item(name), False, str(hash(data)))
        for name, data in brought.items()
    ]
    reading = read_layout(
        found,
        tables={name: data.decode() for name, data in brought.items() if name.endswith(".csv")},
        empty_folders=[name for name in content if name.endswith("/")],
    )
    assert_accounted(reading, brought)
    assert (reading.layout, classes(reading), len(reading.placed)) == EXPECTED[case]


def test_the_bundled_table_of_attributes_agrees_with_the_folders() -> None:
    root = ROOT / "assets/samples/produce"
    text = (root / "attributes.csv").read_text(encoding="utf-8")
    paths = [row["file"] for row in csv.DictReader(io.StringIO(text))]
    reading = read([*paths, "attributes.csv"], tables={"attributes.csv": text})
    assert (reading.layout, len(classes(reading)), reading.undecided) == ("inner", 8, ())


def test_a_folder_of_items_is_looked_through_though_a_few_lie_in_another() -> None:
    paths = [*inside("data/cat", "data/dog", files=10), *inside("docs", files=2)]
    reading = read(paths)
    assert counts(reading) == {(None, "cat"): 10, (None, "dog"): 10}
    assert reading.left_out["docs/img_0.jpg"] == (
        "it lies beside the folder data, which holds the set."
    )
    for others in (["photo", "drawing"], ["data", "docs"]):
        paths = inside(*others, files=10)
        assert classes(read(paths)) == sorted(others), "these are as many, or hold no folders"


@pytest.mark.parametrize("middle", ["DCIM", "Camera Roll", "x"])
def test_a_folder_that_all_have_and_that_stands_alone_says_nothing(middle: str) -> None:
    reading = read(
        inside(*(f"{who}/{middle}/{c}" for who in ("Anna", "Ben") for c in ("cup", "pen")))
    )
    assert (reading.layout, classes(reading)) == ("inner", ["cup", "pen"])
    cameras = inside("cat/DCIM/100APPLE", "dog/DCIM/100APPLE", "dog/DCIM/101APPLE")
    assert (classes(read(cameras)), read(cameras).undecided) == (["cat", "dog"], ())


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Photos from 2023", "Photos from 2024"), "only count"),
        (("cats_train", "dogs_train", "cats_test", "dogs_test"), "speak of splits"),
        (("train-cat", "train-dog", "val-cat"), "speak of splits"),
        (("Class 1", "Class 2"), ""),
        (("Krafttraining", "Ausdauertraining"), ""),
        (("test tube", "train station"), ""),
    ],
)
def test_names_of_classes_that_count_or_speak_of_splits_are_told(
    names: tuple[str, ...], said: str
) -> None:
    reading = read(inside(*names))
    told = [note for note in reading.notes if "The names of" in note]
    assert len(told) == bool(said) and all(said in note for note in told)
