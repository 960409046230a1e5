"""The reading of folders under other names, languages, nesting, strays and orders."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.layouts import assert_accounted, classes, counts, inside, read, seen
from tests.work import is_linear, work_of
from tl_core.data import layout
from tl_core.data.layout import Reading, Seen, read_layout, words

quick = settings(max_examples=40, deadline=None)

ODD_NAMES = [
    "train", "Test", "val", "images", "masks", "labels", "data", "cat", "Cat", "cats", "dog", "1",
    "2", "day1", "day2", "left", "a", "a (1)", "steam_train", "テスト", "маски", "A:B", " ", "é",
    "__MACOSX",
]  # fmt: skip
ODD_FILES = [
    "1.jpg",
    "2.png",
    "cat.1.jpg",
    "cat_2_mask.png",
    "dog.3.jpg",
    "x.txt",
    "x.csv",
    "noext",
]
PATHS = st.lists(
    st.tuples(st.lists(st.sampled_from(ODD_NAMES), max_size=4), st.sampled_from(ODD_FILES)).map(
        lambda one: "/".join([*one[0], one[1]])
    ),
    max_size=30,
    unique=True,
)
FILES = PATHS.flatmap(
    lambda paths: st.tuples(
        *(
            st.builds(
                Seen,
                st.just(path),
                st.integers(0, 5).map(bool),
                st.integers(0, 3).map(lambda n: not n),
                st.sampled_from(["", "x", "y"]),
            )
            for path in paths
        )
    )
)
WORDS = st.text("bcdfghjklmnpqrstvwxzäñжщ犬猫", min_size=3, max_size=8).map(lambda word: f"Q{word}")


@quick
@given(FILES, st.sampled_from(list(layout.LAYOUTS)), st.randoms(use_true_random=False))
def test_every_file_is_accounted_for_and_the_order_changes_nothing(files, choice, random) -> None:  # type: ignore[no-untyped-def]
    text = "file,label\n" + "\n".join(f"{file.path},{'uv'[len(file.path) % 2]}" for file in files)
    arguments = {"choice": choice, "tables": {"x.csv": text}, "empty_folders": ["cat", "train/pig"]}
    reading = read_layout(files, **arguments)
    assert_accounted(reading, [file.path for file in files])
    assert all(other.layout != reading.layout for other in reading.others)
    assert set(reading.undecided[1:]) <= {other.layout for other in reading.others}
    assert reading.undecided[:1] in ((), (reading.layout,))
    mixed = random.sample(files, len(files))
    assert read_layout(mixed, **arguments) == reading


def _without(prefix: str, reading: Reading) -> Reading:
    """Return a reading as it would be without a folder around everything."""
    return replace(
        reading,
        wrapper=reading.wrapper.removeprefix(prefix),
        placed={path.removeprefix(prefix): place for path, place in reading.placed.items()},
        left_out={path.removeprefix(prefix): "" for path in reading.left_out},
        passed_over={
            r: tuple(p.removeprefix(prefix) for p in of) for r, of in reading.passed_over.items()
        },
        notes=(),
    )


@quick
@given(FILES)
def test_one_more_folder_around_everything_changes_only_the_wrapper(
    files: tuple[Seen, ...],
) -> None:
    plain = read_layout(files)
    usable = {f.path for f in files if f.usable and "mask" not in plain.left_out.get(f.path, "")}
    strays = sum("/" not in path for path in usable)
    assume(strays <= 2 and 3 * strays < len(usable))  # with more, the folder around is a class
    assume(len({place.label for path, place in plain.placed.items() if path in usable}) > 1)
    around = read_layout([replace(file, path=f"Qwrapper/{file.path}") for file in files])
    if plain.layout != "names":  # which needs no folders, and so looks through none
        assert around.wrapper.startswith("Qwrapper/")
        assert _without("Qwrapper/", around) == _without("", plain)
    assert _without("Qwrapper/", around).placed == plain.placed


LANGUAGES = [
    ("train", "val", "test"),
    ("training_set", "validation_set", "test_set"),
    ("Trainingsdaten", "Validierungsdaten", "Testdaten"),
    ("entraînement", "validation", "essai"),
    ("entrenamiento", "validación", "prueba"),
    ("treino", "validação", "teste"),
    ("addestramento", "validazione", "prova"),
    ("обучающая выборка", "валидация", "тестовая выборка"),
    ("навчальна вибірка", "валідація", "тестова вибірка"),
    ("eğitim", "doğrulama", "test"),
    ("訓練データ", "検証データ", "テストデータ"),
    ("训练集", "验证集", "测试集"),
    ("훈련", "검증", "테스트"),
    ("تدريب", "تحقق", "اختبار"),
    ("प्रशिक्षण", "सत्यापन", "परीक्षण"),
    ("flowers_train", "flowers_valid", "flowers_test"),
]
CLASSES = st.lists(WORDS, min_size=2, max_size=4, unique_by=str.casefold)
STRAYS = st.lists(
    st.sampled_from(["info.txt", "a.jpg", "Annotation/Qx/a.xml", "meta.csv"]), unique=True
)
BETWEEN = st.sampled_from(["", "images/", "JPEGImages/", "写真/", "Bilder/"])


@quick
@given(st.sampled_from(LANGUAGES), CLASSES, STRAYS, BETWEEN, BETWEEN, st.booleans(), st.booleans())
def test_splits_in_any_language_with_strays(
    language, names, strays, around, between, first, deep
) -> None:  # type: ignore[no-untyped-def]
    expected: dict[tuple[str | None, str], int] = {}
    paths = []
    for split, folder in zip(("train", "val", "test"), language, strict=True):
        for name in names:
            expected[split, name] = 3
            inner = f"{folder}/{between}{name}" if first else f"{name}/{folder}/{between}"
            paths += inside(
                f"{around}{inner}{'/deep' if deep and first else ''}".rstrip("/"), files=3
            )
    assume(first or language[0] != "flowers_train")
    reading = read([*paths, *(f"{around}{stray}" for stray in strays)])
    assert counts(reading) == expected
    assert set(reading.splits) == set(language)
    assert sorted(reading.left_out) == sorted(f"{around}{stray}" for stray in strays)


@quick
@given(
    st.lists(WORDS, min_size=2, max_size=5, unique_by=str.casefold), CLASSES, BETWEEN, st.booleans()
)
def test_whoever_brought_them_is_merged(people, names, between, number) -> None:  # type: ignore[no-untyped-def]
    assume(not {p.casefold() for p in people} & {n.casefold() for n in names})
    if number:
        people = [f"Kamera {i}" for i in range(len(people))]
    reading = read(inside(*(f"{person}/{between}{name}" for person in people for name in names)))
    assert (reading.layout, classes(reading), reading.undecided) == ("inner", sorted(names), ())
    assert any(min(people) in note for note in reading.notes)


@quick
@given(st.lists(WORDS, min_size=6, max_size=6, unique_by=str.casefold))
def test_what_does_not_repeat_is_asked_about_under_any_name(names: list[str]) -> None:
    a, b, *inner = names
    reading = read(
        inside(*(f"{a}/{name}" for name in inner[:2]), *(f"{b}/{name}" for name in inner[2:]))
    )
    assert reading.undecided == ("inner", "classes")
    assert {o.layout for o in reading.others} == {"classes"}


@quick
@given(
    CLASSES,
    st.sampled_from(["masks", "Masken", "annotations", "ground_truth", "マスク", "маски"]),
    BETWEEN,
    st.booleans(),
)
def test_masks_beside_the_items_are_left_out(names, folder, between, inner) -> None:  # type: ignore[no-untyped-def]
    between = between or "images/"
    places = [
        (f"{n}/{between}", f"{n}/{folder}/") if inner else (f"{between}{n}/", f"{folder}/{n}/")
        for n in names
    ]
    items = [f"{item}{i}.jpg" for item, _ in places for i in range(4)]
    labels = [f"{mask}{i}.png" for _, mask in places for i in range(4)]
    reading = read([*items, *labels])
    assert classes(reading) == sorted(names)
    assert sorted(reading.left_out) == sorted(labels)


@quick
@given(CLASSES, WORDS, st.sampled_from(["{}", "{} (1)", "{} - Kopie", "{} copy"]), st.booleans())
def test_a_second_copy_counts_once(names, around, again, with_splits) -> None:  # type: ignore[no-untyped-def]
    assume(around.casefold() not in [name.casefold() for name in names])
    tops = [f"{s}/{n}" for s in ("train", "test") for n in names] if with_splits else names
    first = inside(*(f"{around}/{top}" for top in tops))
    second = [f"{around}/{again.format(around)}/{path.partition('/')[2]}" for path in first]
    digests = {
        path: path.rpartition(f"{around}")[2].partition("/")[2] for path in [*first, *second]
    }
    reading = read_layout(seen([*first, *second], digests=digests))
    assert_accounted(reading, [*first, *second])
    assert sorted(reading.placed) == sorted(first)
    assert classes(reading) == sorted(names)


@quick
@given(CLASSES, st.sampled_from(["{}.{}", "{}_{}", "{} ({})", "{}-{}", "{}{}"]))
def test_any_words_in_file_names_are_classes(names: list[str], pattern: str) -> None:
    reading = read([f"{pattern.format(name, i)}.jpg" for name in names for i in range(5)])
    assert (reading.layout, classes(reading)) == ("names", sorted(names))


LARGE: dict[str, Callable[[int], list[str]]] = {
    "deep": lambda size: [f"{'d/' * (size // 16)}{n % 2}/{n}.jpg" for n in range(16)],
    "wide": lambda size: [f"q{number}/1.jpg" for number in range(size)],
    "wrapped at every level": lambda size: [f"{'d/' * (n % 16)}a/1.jpg" for n in range(size)],
    "splits": lambda size: [f"train/{n}/1.jpg" for n in range(size)] + ["val/0/1.jpg"],
    "masks": lambda size: [
        f"q{n}/{kind}/1.jpg" for n in range(size) for kind in ("images", "masks")
    ],
    "names": lambda size: [f"{'uv'[n % 2]}q_{n}.jpg" for n in range(size)],
    "one name": lambda size: [f"{n % 40}/{n // 40}/1.jpg" for n in range(size)],
}
MODULES = [module for name, module in sys.modules.items() if name.startswith(layout.__name__)]


@pytest.mark.parametrize("paths", LARGE.values(), ids=LARGE.keys())
def test_a_reading_takes_as_long_as_its_paths(paths: Callable[[int], list[str]]) -> None:
    def work(size: int) -> int:
        for cached in (words.words_of, words.split_of, words.is_neutral, words.is_mask):
            cached.cache_clear()
        files = seen(paths(size))
        text = "file,label\n" + "\n".join(f"{file.path},u" for file in files)
        return work_of(lambda: read_layout(files, tables={"x.csv": text}), *MODULES)

    assert is_linear(work, 100)
