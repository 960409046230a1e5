from typing import Any

from streamlit.testing.v1 import AppTest

from tests.ui.lab import rerun, tables, texts
from ui.shared.table import SHOWN


def page(columns: dict[str, list[Any]]) -> Any:
    code = f"from ui.shared.table import show_table\nshow_table({columns!r})"
    return AppTest.from_string(code, default_timeout=30)


def shown(columns: dict[str, list[Any]]) -> Any:
    return rerun(page(columns))


def test_cells_are_text_and_never_markup() -> None:
    names = ["a | b", "[here](https://example.org)", "<b>bold</b>", "**x**", "two\nlines"]
    app = shown({"Name": names, "1 | 2": ["", "", "", "", "\\"]})
    [table] = tables(app)
    assert table["Name"] == [*names[:-1], "two lines"]
    assert table["1 | 2"][-1] == "\\"


def test_numbers_stand_at_the_right() -> None:
    app = shown({"Name": ["a"], "Photos": [3]})
    assert app.markdown[0].value.splitlines()[1] == "| --- | ---: |"


def test_a_long_table_says_how_much_is_left_out() -> None:
    app = shown({"File": [str(i) for i in range(SHOWN + 1500)]})
    assert len(tables(app)[0]["File"]) == SHOWN
    assert "And 1,500 more." in texts(app)


def test_columns_of_different_length_are_a_mistake() -> None:
    app = page({"a": [1], "b": []}).run()
    assert len(app.exception) == 1


def test_no_rows_leave_the_head() -> None:
    assert tables(shown({"Class": []})) == [{"Class": []}]
