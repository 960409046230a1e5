"""Tables beside the files that label them: file and label, or one column for each class."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from tl_core.data.layout.words import plain_words, split_of, words_of

SNIFFED, MOST_COLUMNS, MOST_ALIKE = 200, 2_000, 64
"""Rows in which names of files are looked for; columns that are read; files of one name among which
the nearest to a table is looked for."""

MOST_SNIFFED, MOST_ROWS, MOST_CELLS = 20_000, 500_000, 8_000_000
"""Cells in which names of files are looked for, so that wide tables are sniffed in fewer rows; rows
of one table, and cells of those with the same columns: with more they are no labels of photos."""

MOST_CLASSES_SHARE = 0.5
"""Different values of a column of labels, as a share of its rows: more is no label."""

ONCE_SHARE = 0.5
"""Share of the rows that must say yes to one class, where each class has a column."""

_LABEL_WORDS = plain_words(
    "label labels class classes classname category target species breed dx diagnosis disease "
    "finding tag klasse klassen kategorie classe clase categoria etiqueta etichetta klasa "
    "kategoria etykieta класс метка категория клас мітка sinif etiket ラベル 类别 标签 클래스"
)
_BOX_WORDS = ({"xmin", "ymin"}, {"x1", "y1"}, {"bbox"}, {"x", "y", "w", "h"})
_YES, _NO = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no", ""}

Row = list[str]


@dataclass(frozen=True)
class Labels:
    """What tables say of files.

    Attributes
    ----------
    of
        From the path of a file to its classes: one, none or several.
    tables
        Paths of the tables that were read.
    plain
        Whether they are there to label: a column is called so, or is the only one.
    boxes
        Whether they hold boxes too, so that they are made for detection.
    column
        The name of the column, or nothing where each class has one.
    """

    of: Mapping[str, frozenset[str]]
    tables: tuple[str, ...]
    plain: bool
    boxes: bool = False
    column: str = ""


class Files:
    """Finds a file by what a table calls it: its path, its name, or its name without suffix."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths: dict[str, str] = {}
        self._ends: dict[str, list[str]] = {}
        for path in paths:
            known = path.casefold()
            folder, _, name = known.rpartition("/")
            bare = name.rpartition(".")[0] or name
            self._paths[known] = self._paths[f"{folder}/{bare}".lstrip("/")] = path
            near = folder.rpartition("/")[2]
            for end in {name, bare, f"{near}/{name}", f"{near}/{bare}"}:
                self._ends.setdefault(end, []).append(path)

    def find(self, cell: str, folder: str) -> str | None:
        """Return the path of the file that a cell of a table in a folder means, or None."""
        asked = cell.strip().replace("\\", "/").removeprefix("./").strip("/").casefold()
        if not asked:
            return None
        if path := self._paths.get(folder.casefold() + asked) or self._paths.get(asked):
            return path
        parts = asked.split("/")
        ends = self._ends.get("/".join(parts[-2:])) or self._ends.get(parts[-1], [])
        if 1 < len(ends) <= MOST_ALIKE:  # the one that lies below the table, if only one does
            ends = [path for path in ends if path.startswith(folder)]
        return ends[0] if len(ends) == 1 else None


@dataclass(frozen=True)
class _Table:
    """Rows below a head (empty where there is none), and which file each is about."""

    path: str
    head: Row
    rows: list[Row]
    files: list[str | None]
    file_column: int

    @property
    def kind(self) -> tuple[str, ...]:
        """What is equal for tables that belong together."""
        if self.head:
            return tuple(cell.casefold() for cell in self.head)
        return (str(self.file_column), str(max(map(len, self.rows))))


def read_tables(tables: Mapping[str, str], paths: Sequence[str]) -> list[Labels]:
    """Return what each column of labels says, the likeliest first; nothing if none labels files.

    Tables with the same columns, one in each split folder for example, speak together.
    """
    if not tables:
        return []
    files = Files(paths)
    alike: dict[tuple[str, ...], list[_Table]] = {}
    for path in sorted(tables):
        if "submission" in path.rpartition("/")[2].lower():
            continue  # an example of answers to a competition: its labels are made up
        if table := _table(path, tables[path], files):
            alike.setdefault(table.kind, []).append(table)
    found = [labels for group in alike.values() for labels in _labels(group)]
    found = [labels for labels in found if len(frozenset().union(*labels.of.values())) > 1]
    return sorted(found, key=lambda labels: (not labels.plain, -len(labels.of)))


def _table(path: str, text: str, files: Files) -> _Table | None:
    """Read a table, and find the column that names files; None if none does."""
    rows = _rows(text)
    folder = path[: path.rfind("/") + 1]
    width = min(max((len(row) for row in rows[:SNIFFED]), default=0), MOST_COLUMNS)
    sniffed = rows[: max(2, min(SNIFFED, MOST_SNIFFED // max(1, width)))]
    most, column = 0, -1
    for index in range(width):
        met = len({files.find(_cell(row, index), folder) for row in sniffed} - {None})
        if met > most:
            most, column = met, index
    if column < 0:
        return None
    where = [files.find(_cell(row, column), folder) for row in rows]
    has_head = where[0] is None
    if len(rows) < 2 or len(set(where) - {None}) < min(2, len(rows) - 1):
        return None
    return _Table(path, rows[0] if has_head else [], rows[has_head:], where[has_head:], column)


def _cell(row: Row, index: int) -> str:
    return row[index] if index < len(row) else ""


def _rows(text: str) -> list[Row]:
    """Cut a text into rows, by the separator that cuts its first lines most evenly."""
    text = text.removeprefix("\ufeff").replace("\0", "")
    lines = [line for line in islice(io.StringIO(text), 20) if line.strip()]

    def evenness(separator: str) -> tuple[int, int]:
        counts = Counter(line.count(separator) for line in lines)
        counts.pop(0, None)
        return max(((n, c) for c, n in counts.items()), default=(0, 0))

    separator = max(",;\t|", key=evenness)
    if evenness(separator) == (0, 0):
        separator = " "
    try:
        reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
        rows = list(islice(reader, MOST_ROWS + 1))
    except csv.Error:  # a cell of more than 131,072 characters, for example: no table of labels
        return []
    if len(rows) > MOST_ROWS:
        return []
    return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]


def _labels(group: Sequence[_Table]) -> Iterable[Labels]:
    """Yield each way to read labels from tables that have the same columns."""
    head, rows = group[0].head, [row for table in group for row in table.rows]
    where = [path for table in group for path in table.files]
    width = min(max(map(len, rows)), MOST_COLUMNS)
    if width * len(rows) > MOST_CELLS:
        return
    others = [i for i in range(width) if i != group[0].file_column]
    titles = {"".join(words_of(_cell(head, index))) for index in others}
    boxes = any(box <= titles for box in _BOX_WORDS)
    tables = tuple(table.path for table in group)
    called = {i for i in others if any(w in _LABEL_WORDS for w in words_of(_cell(head, i)))}
    if not called and (columns := _columns_of_classes(head, rows, others)):
        of = _gathered(where, ({head[i] for i in columns if _says_yes(row, i)} for row in rows))
        yield Labels(of, tables, True, boxes)
        return
    for index in others:
        plain = index in called or len(others) == 1
        values = [_cell(row, index) for row in rows]
        if _may_be_labels(values, plain):
            of = _gathered(where, ({value} if value else set() for value in values))
            yield Labels(of, tables, plain, boxes, _cell(head, index))


def _gathered(
    where: Iterable[str | None], classes: Iterable[set[str]]
) -> dict[str, frozenset[str]]:
    """Put together what all rows say of a file."""
    of: dict[str, frozenset[str]] = {}
    for path, these in zip(where, classes, strict=True):
        if path:
            of[path] = of.get(path, frozenset()) | these
    return of


def _says_yes(row: Row, index: int) -> bool:
    return _cell(row, index).casefold() in _YES


def _columns_of_classes(head: Row, rows: Sequence[Row], others: Sequence[int]) -> list[int]:
    """Return the columns that say yes or no to a class each, where rows mostly say yes once."""
    columns = [
        index
        for index in others
        if _cell(head, index)
        and {_cell(row, index).casefold() for row in rows} <= _YES | _NO
        and any(_cell(row, index) for row in rows)
    ]
    once = sum(sum(_says_yes(row, index) for index in columns) == 1 for row in rows)
    return columns if len(columns) > 1 and once >= ONCE_SHARE * len(rows) else []


def _may_be_labels(values: Sequence[str], plain: bool) -> bool:
    """Tell whether a column's values repeat as labels do, and are no measurements."""
    different = {value for value in values if value}
    most = MOST_CLASSES_SHARE * len(values)
    if not 2 <= len(different) <= (max(most, 2) if plain else most):
        return False
    if all(split_of(value)[0] for value in different):
        return False
    if all(map(_is_number, different)):
        return plain and all(value.lstrip("-").isdigit() for value in different)
    return True


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
