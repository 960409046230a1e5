"""Labels that are not folders: names of files, and tables beside them."""

from __future__ import annotations

import pytest

from tests.layouts import classes, counts, inside, read


def named(*stems: str, files: int = 6, folder: str = "") -> list[str]:
    return [path for stem in stems for path in inside(folder, files=files, name=f"{stem}.jpg")]


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        (("cat.{}", "dog.{}"), ["cat", "dog"]),
        (("cat_{}", "english_bulldog_{}"), ["cat", "english_bulldog"]),
        (("cat ({})", "dog ({})"), ["cat", "dog"]),
        (("cat{}", "dog{}"), ["cat", "dog"]),
        (("00{} cat", "01{} dog"), ["cat", "dog"]),
        (("cat_9f3e2c1b{}", "dog-0a1b2c3d{}"), ["cat", "dog"]),
        (("s1_{}", "s2_{}"), ["s1", "s2"]),
        (("кот_{}", "пёс_{}"), ["кот", "пёс"]),
        (("猫_{}", "犬_{}"), ["犬", "猫"]),
    ],
)
def test_names_of_files_tell_classes(stems: tuple[str, ...], expected: list[str]) -> None:
    reading = read(named(*stems))
    assert (reading.layout, classes(reading)) == ("names", sorted(expected))
    assert "file name" in reading.text


@pytest.mark.parametrize(
    "stems",
    [
        ("IMG_{}", "DSC0{}"),
        ("PXL_2024050{}", "WhatsApp Image 2024-05-0{}"),
        ("Screenshot {}", "photo-{}"),
        ("{}", "1{}"),
        ("cat_{}",),
        ("9f3e2c1b{}", "0a1b2c3d{}"),
    ],
)
def test_names_of_cameras_and_numbers_tell_none(stems: tuple[str, ...]) -> None:
    reading = read(named(*stems))
    assert not reading.placed
    assert any("one folder for each class" in note for note in reading.notes)


def test_names_that_tell_no_class_are_left_out_by_name() -> None:
    paths = [*named("cat.{}", "dog.{}", folder="train"), *inside("test1", name="{}.jpg")]
    reading = read(paths)
    assert counts(reading) == {("train", "cat"): 6, ("train", "dog"): 6}
    assert "its name tells no class" in reading.left_out["test1/0.jpg"]


def test_one_name_in_ten_at_most_may_tell_no_class() -> None:
    assert read([*named("cat.{}", "dog.{}"), "x.jpg"]).layout == "names"
    assert not read([*named("cat.{}", "dog.{}"), *inside("", name="{}.jpg")]).placed


def test_folders_count_more_than_names() -> None:
    reading = read([*named("cat_{}", "dog_{}", folder="a"), *named("cat_{}", "dog_{}", folder="b")])
    assert (reading.layout, reading.undecided) == ("classes", ())
    assert [other.layout for other in reading.others] == ["names"]
    assert read([*named("cat_{}", folder="cats"), *named("dog_{}", folder="dogs")]).others == ()


def test_folders_that_only_count_are_weighed_against_names() -> None:
    paths = [
        *named("cat_{}", "dog_{}", folder="batch1"),
        *named("cat_{}", "dog_{}", folder="batch2"),
    ]
    assert read(paths).undecided == ("classes", "names")


def test_names_do_not_silently_win_over_classes_of_which_one_is_doubtful() -> None:
    paths = [
        *named("anna_{}", "ben_{}", folder="masks"),
        *named("anna_{}", "ben_{}", folder="hats"),
    ]
    assert read(paths).undecided == ("names", "classes")
    assert read(paths, choice="classes").suggestions[0].classes == ("masks",)


PHOTOS = inside("photos", files=8)
NAMES = [path.rpartition("/")[2] for path in PHOTOS]
LABELS = ["mug", "pen"] * 4


def table(separator: str, head: str | None, names: list[str]) -> str:
    rows = [f"{name}{separator}{label}" for name, label in zip(names, LABELS, strict=True)]
    return "\n".join([head.replace(",", separator), *rows] if head else rows)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("head", ["file,label", "Bild,Klasse", None])
@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        PHOTOS,
        [name.removesuffix(".jpg") for name in NAMES],
        [f".\\{name}" for name in NAMES],
    ],
    ids=["name", "path", "stem", "backslash"],
)
def test_a_table_of_files_and_labels_tells_classes(
    separator: str, head: str | None, names: list[str]
) -> None:
    reading = read([*PHOTOS, "labels.csv"], tables={"labels.csv": table(separator, head, names)})
    assert (reading.layout, reading.undecided) == ("csv", ())
    assert [reading.placed[path].label for path in PHOTOS] == LABELS
    assert "labels.csv" in reading.text
    assert reading.left_out == {"labels.csv": "it is the table that labels the other files."}


def test_quotes_a_mark_at_the_start_and_further_columns_change_nothing() -> None:
    rows = [
        f'{i},"{n}","{label}",0.{i}' for i, (n, label) in enumerate(zip(NAMES, LABELS, strict=True))
    ]
    text = "\ufeff" + "\r\n".join(["nr,image_id,breed,score", *rows])
    reading = read(PHOTOS, tables={"x.csv": text})
    assert [reading.placed[path].label for path in PHOTOS] == LABELS


def test_one_column_for_each_class_in_every_split_folder() -> None:
    paths = [*inside("train", files=6), *inside("valid", files=4)]
    tables = {}
    for split, number in (("train", 6), ("valid", 4)):
        rows = [f"img_{i}.jpg, {i % 2}, {1 - i % 2}" for i in range(number)]
        tables[f"{split}/_classes.csv"] = "\n".join(["filename, mug, pen", *rows])
    reading = read([*paths, *tables], tables=tables)
    assert counts(reading) == {
        ("train", "mug"): 3, ("train", "pen"): 3, ("val", "mug"): 2, ("val", "pen"): 2
    }  # fmt: skip


def test_files_with_no_label_or_several_are_left_out_by_name() -> None:
    rows = [f"{name},{i % 2},{1 - i % 2}" for i, name in enumerate(NAMES)]
    rows[0], rows[1] = f"{NAMES[0]},0,0", f"{NAMES[1]},1,1"
    reading = read(PHOTOS, tables={"x.csv": "\n".join(["file,mug,pen", *rows])})
    assert "no row" in reading.left_out[PHOTOS[0]]
    assert "several classes in x.csv: mug, pen" in reading.left_out[PHOTOS[1]]
    assert len(reading.placed) == 6


def test_a_table_that_disagrees_with_the_folders_is_asked_about() -> None:
    paths = inside("a", "b")
    text = "file,label\n" + "\n".join(f"{path},{'xy'[i % 2]}" for i, path in enumerate(paths))
    reading = read(paths, tables={"x.csv": text})
    assert (reading.layout, reading.undecided) == ("classes", ("classes", "csv"))
    assert classes(read(paths, tables={"x.csv": text}, choice="csv")) == ["x", "y"]


def test_a_table_that_agrees_with_the_folders_asks_nothing_and_settles_what_is_undecided() -> None:
    paths = inside("fruit/apple", "fruit/pear", "veg/leek", "veg/kale")
    for level in (0, 1):
        text = "file,label\n" + "\n".join(f"{path},{path.split('/')[level]}" for path in paths)
        reading = read(paths, tables={"x.csv": text})
        assert (reading.layout, reading.undecided) == (("classes", "inner")[level], ())


def test_a_table_of_attributes_is_no_rival_of_the_folders() -> None:
    paths = inside("cat", "dog")
    text = "file,colour,weight\n" + "\n".join(
        f"{p},{('red', 'blue')[i % 2]},{i}.5" for i, p in enumerate(paths)
    )
    reading = read(paths, tables={"x.csv": text})
    assert (reading.layout, reading.undecided) == ("classes", ())
    assert [other.layout for other in reading.others] == ["csv"]


def test_names_and_a_table_that_disagree_are_asked_about() -> None:
    paths = named("cat_{}", "dog_{}")
    for rule, undecided in (
        (lambda i: "uv"[i % 2], ("csv", "names")),
        (lambda i: "uv"[i // 6], ()),
    ):
        text = "file,label\n" + "\n".join(f"{path},{rule(i)}" for i, path in enumerate(paths))
        assert read(paths, tables={"x.csv": text}).undecided == undecided


def test_answers_made_up_for_a_competition_are_no_labels() -> None:
    paths = inside("train", "test")
    text = "id,label\n" + "\n".join(f"{path},{'01'[i % 2]}" for i, path in enumerate(paths))
    assert not read(paths, tables={"sample_submission.csv": text}).placed


@pytest.mark.parametrize(
    "text", ["", "\n", "a", "file,label", '"', "\0,\0\n", "x" * 200_000, ",\n,\n"]
)
def test_any_text_may_stand_in_a_table(text: str) -> None:
    assert read(inside("a", "b"), tables={"x.csv": text}).layout == "classes"


def test_a_table_of_boxes_is_said_to_be_one() -> None:
    rows = [f"{name},{label},1,2,3,4" for name, label in zip(NAMES, LABELS, strict=True)]
    rows.append(f"{NAMES[0]},pen,5,6,7,8")
    text = "\n".join(["filename,class,xmin,ymin,xmax,ymax", *rows])
    reading = read(PHOTOS, tables={"x.csv": text})
    assert len(reading.placed) == 7
    assert any("boxes" in note for note in reading.notes)


def test_a_cell_may_hold_several_classes_that_stand_alone_elsewhere() -> None:
    paths = inside("photos", files=16)
    cells = ["ill", "well", "ill|swollen", "swollen", "well", "swollen; ill", "a,b", "a,b"] * 2
    rows = [f"{path}\t{cell}" for path, cell in zip(paths, cells, strict=True)]
    reading = read([*paths, "x.tsv"], tables={"x.tsv": "\n".join(["file\tfinding", *rows])})
    assert classes(reading) == ["a,b", "ill", "swollen", "well"]
    assert "several classes in x.tsv: ill, swollen" in reading.left_out[paths[2]]
    assert "several classes in x.tsv: ill, swollen" in reading.left_out[paths[5]]


def test_a_table_that_gives_many_files_several_classes_still_counts() -> None:
    paths = inside("images_001", "images_002", files=8)
    cells = ["ill", "well", "swollen", "ill|swollen"]
    text = "file,finding\n" + "\n".join(f"{p},{cells[i % 4]}" for i, p in enumerate(paths))
    assert read(paths, tables={"x.csv": text}).undecided == ("classes", "csv")


def test_what_a_table_holds_besides_the_labels_is_said() -> None:
    kinds = ["red", "blue"] * 4
    rows = [f"{name},{LABELS[i]},{kinds[i]},{'train' if i < 6 else 'test'}"
            for i, name in enumerate(NAMES)]  # fmt: skip
    text = "\n".join(["file,kind,colour,part", *rows, "gone.jpg,pen,red,train"])
    reading = read(PHOTOS, tables={"x.csv": text})
    assert [reading.placed[path].label for path in PHOTOS] == LABELS
    assert (
        "Other columns of the table may tell the classes as well: colour. If one of them does, "
        "remove the others."
    ) in reading.notes
    assert any(
        note.startswith("The column part of the table tells splits") for note in reading.notes
    )
    assert "For 1 row of the table no usable file was found." in reading.notes
    named_so = read(PHOTOS, tables={"x.csv": text.replace("kind", "label")})
    assert not any("Other columns" in note for note in named_so.notes), "one is called so"


def test_files_that_were_converted_since_are_found_in_a_table() -> None:
    text = table(",", "file,label", [name.replace(".jpg", ".tif") for name in NAMES])
    assert len(read(PHOTOS, tables={"x.csv": text}).placed) == len(PHOTOS)


def test_a_table_that_labels_more_files_than_the_folders_is_offered() -> None:
    paths = [*inside("train/7", "train/8"), *inside("test", name="{}.jpg")]
    rows = [f"{p},{p.split('/')[1] if p.startswith('train') else 7}" for p in paths]
    reading = read(paths, tables={"x.csv": "\n".join(["path,class", *rows])})
    assert (reading.layout, reading.undecided) == ("splits", ())
    assert "csv" in [other.layout for other in reading.others]
    learnt = ["path,class", *rows[:8]]
    reading = read(paths, tables={"x.csv": "\n".join(learnt)})
    assert "csv" not in [other.layout for other in reading.others], "it tells no more"


def test_tables_of_splits_whose_files_are_called_alike_find_their_own() -> None:
    paths = [*inside("train", files=8), *inside("val", files=4)]
    tables = {
        f"{table}.csv": "\n".join(
            ["file,label", *(f"img_{i}.jpg,{'xy'[i % 2]}" for i in range(number))]
        )
        for table, number in (("train_labels", 8), ("labels_val", 4))
    }
    reading = read([*paths, *tables], tables=tables)
    assert counts(reading) == {
        ("train", "x"): 4, ("train", "y"): 4, ("val", "x"): 2, ("val", "y"): 2
    }  # fmt: skip
