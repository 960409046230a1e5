"""The difference matrix as a chart, and how p-values are written."""

from __future__ import annotations

import json

import pytest

from tl_core.runs.compare import p_text
from ui.shared.charts import confusion_cell, difference_matrix
from ui.shared.theme import contrast

CHANGE = [[3, -3, 0], [1, -2, 1], [0, 0, 0]]
HOSTILE = "<img src=x onerror=alert(1)> {b} a\u202egnp.exe\n"


def cells(chart):
    return chart.spec["series"][0]["data"]


def test_every_cell_says_its_change_with_its_sign():
    chart = difference_matrix(["a", "b", "c"], CHANGE)
    for index, cell in enumerate(cells(chart)):
        true, said = confusion_cell(index, 3)
        assert cell["value"] == [said, true, CHANGE[true][said]]
    texts = [cell["label"]["formatter"] for cell in cells(chart)]
    assert texts == ["+3", "-3", " ", "+1", "-2", "+1", " ", " ", " "]


def test_a_gain_and_a_mistake_less_have_one_colour_and_a_loss_another():
    def red(cell):  # orange has more red than blue, blue more blue than red
        color = cell["itemStyle"]["color"]
        return int(color[1:3], 16) - int(color[5:7], 16)

    gain, mistake_less, _, mistake_more, loss, *_ = cells(difference_matrix("abc", CHANGE))
    assert max(red(gain), red(mistake_less)) < 0 < min(red(mistake_more), red(loss))


def test_the_summary_says_what_moved_most():
    alt = difference_matrix(["ants", "bees", "cats"], CHANGE).alt
    assert alt.startswith("Difference matrix: the second run has +1 photos right.")
    assert "ants taken for bees: -3. bees taken for ants: +1." in alt


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_can_be_read_on_every_fill(dark):
    change = [list(range(-n, 13 - n)) for n in range(13)]
    for cell in cells(difference_matrix([f"c{i}" for i in range(13)], change, dark=dark)):
        assert contrast(cell["label"]["color"], cell["itemStyle"]["color"]) >= 4.2


def test_no_change_and_no_class_are_drawn_and_names_stay_text():
    assert cells(difference_matrix([], [])) == []
    chart = difference_matrix([HOSTILE, HOSTILE], [[0, 0], [0, 0]])
    written = json.dumps(chart.spec) + chart.alt
    assert "\\u202e" not in written and "\u202e" not in chart.alt
    assert not any("{" in cell["label"]["formatter"] for cell in cells(chart))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "p < 0.001"), (0.00099, "p < 0.001"), (0.001, "p = 0.001"), (1.0, "p = 1.000")],
)
def test_a_p_value_is_never_nothing(value, text):
    assert p_text(value) == text
