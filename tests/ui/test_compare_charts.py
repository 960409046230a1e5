"""The difference matrix as a chart, and how p-values are written."""

from __future__ import annotations

import json

import pytest

from tl_core.runs.compare import p_text
from ui.shared.charts import confusion_cell, difference_matrix
from ui.shared.charts.confusion import tint
from ui.shared.theme import contrast

CHANGE = {(0, 0): 3, (0, 1): -3, (1, 0): 1, (1, 1): -2, (1, 2): 1}
HOSTILE = "<img src=x onerror=alert(1)> {b} a\u202egnp.exe\n"


def cells(chart):
    return chart.spec["series"][0]["data"]


def test_every_cell_says_its_change_with_its_sign():
    chart = difference_matrix(["a", "b", "c"], CHANGE)
    for index, row in enumerate(cells(chart)):
        true, said = confusion_cell(index, 3)
        assert row[:3] == [said, true, CHANGE.get((true, said), 0)]
    texts = [light + deep for *_, light, deep in cells(chart)]
    assert texts == ["+3", "-3", "", "+1", "-2", "+1", "", "", ""]


def test_a_gain_and_a_mistake_less_have_one_colour_and_a_loss_another():
    chart = difference_matrix("abc", CHANGE)
    gain, mistake_less, _, mistake_more, loss, *_ = [row[3] for row in cells(chart)]
    assert max(mistake_more, loss) < 0 < min(gain, mistake_less)
    scale = chart.spec["visualMap"]
    assert (scale["dimension"], scale["min"], scale["max"]) == (3, -1, 1)
    for depth in (-1, 0, 1):  # what the browser fills a cell with is what its text was chosen for
        assert tint(depth, False)[0] == scale["inRange"]["color"][depth + 1]


def test_the_summary_says_what_moved_most():
    alt = difference_matrix(["ants", "bees", "cats"], CHANGE).alt
    assert alt.startswith("Difference matrix: the second run has +1 photos right.")
    assert "ants taken for bees: -3. bees taken for ants: +1." in alt


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_can_be_read_on_every_fill(dark):
    for hundredth in range(-100, 101):
        fill, text = tint(hundredth / 100, dark)
        assert contrast(text, fill) >= 4.2


def test_no_change_and_no_class_are_drawn_and_names_stay_text():
    assert cells(difference_matrix([], {})) == []
    chart = difference_matrix([HOSTILE, HOSTILE], {})
    written = json.dumps(chart.spec) + chart.alt
    assert "\\u202e" not in written and "\u202e" not in chart.alt
    assert [row[5:] for row in cells(chart)] == [["", ""]] * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "p < 0.001"), (0.00099, "p < 0.001"), (0.001, "p = 0.001"), (1.0, "p = 1.000")],
)
def test_a_p_value_is_never_nothing(value, text):
    assert p_text(value) == text
