import itertools
import json
import math

import plotly.graph_objects
import pytest

from ui.shared.charts import (
    CurvePoint,
    Result,
    Series,
    confusion_cell,
    confusion_matrix,
    cost_vs_accuracy,
    curves,
    interval_bars,
    plain,
    unique,
)
from ui.shared.charts.confusion import LABEL, tint
from ui.shared.charts.live import MAX_POINTS, thin
from ui.shared.theme import STRATEGY_STYLE, contrast, strategy_style

HOSTILE = "<img src=x onerror=alert(1)> {b} {@[2]} a\u202egnp.exe\n\x00 a very long name indeed"


def series(points, name="run", **more):
    return Series(name, strategy_style("hybrid"), points, **more)


def line(chart, index=0):
    return chart.spec["series"][index]


def result(name="run", accuracy=0.9, low=0.85, high=0.94, seconds=12.0):
    return Result(name, strategy_style("fine_tune"), accuracy, low, high, seconds)


def all_charts(label):
    one = series([CurvePoint(1, 0.5, 0.4)], label, phases=[(1, label)], best_epoch=1)
    return [
        curves([one], "accuracy", total_epochs=3),
        curves([one], "loss", total_epochs=3, window=(1, 2)),
        interval_bars([result(label)]),
        cost_vs_accuracy([result(label)]),
        confusion_matrix([label, label], {(0, 0): 3, (0, 1): 1, (1, 1): 4}),
    ]


def is_plotly(chart):
    return "layout" in chart.spec


def strings_under(value, key):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            yield from strings_under(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_under(inner, key)


@pytest.mark.parametrize("chart", all_charts(HOSTILE), ids=lambda c: c.alt[:12])
def test_names_stay_text(chart):
    text = json.dumps(chart.spec, allow_nan=False, ensure_ascii=False)
    assert "\u202e" not in text and "\\u0000" not in text and "very long" not in text
    for template in set(strings_under(chart.spec, "formatter")) - {LABEL}:
        assert "{b}" not in template and "{@" not in template
    assert "\u202e" not in chart.alt and chart.alt.strip()


@pytest.mark.parametrize("chart", all_charts("run"), ids=lambda c: c.alt[:12])
def test_specs_are_plain_json_without_rejected_series(chart):
    json.dumps(chart.spec, allow_nan=False)
    drawn = chart.spec["data"] if is_plotly(chart) else chart.spec["series"]
    assert {s["type"] for s in drawn} <= {"line", "scatter", "heatmap"}
    assert chart.height > 0


def test_no_runs_yet():
    for chart in (curves([], "loss", total_epochs=5), interval_bars([]), cost_vs_accuracy([])):
        json.dumps(chart.spec, allow_nan=False)
        assert chart.spec["data" if is_plotly(chart) else "series"] == []


def test_plain_and_unique():
    assert plain("  a\tb\nc ") == "a b c"
    assert len(plain("x" * 99)) == 28 and plain("x" * 99).endswith("…")
    assert unique(["bee", "bee", "ant", "bee"]) == ["bee", "bee (2)", "ant", "bee (3)"]


def test_curve_carries_validation_and_training_under_one_name():
    chart = curves([series([CurvePoint(1, 0.5, 0.4)])], "accuracy", total_epochs=4)
    validation, training = chart.spec["series"]
    assert validation["data"] == [[1, 40.0, 50.0]]
    assert validation["name"] == training["name"]
    assert (validation["encode"]["y"], training["encode"]["y"]) == (1, 2)
    assert validation["lineStyle"]["width"] > training["lineStyle"]["width"]
    assert validation["lineStyle"]["type"] != training["lineStyle"]["type"]


def test_axes_do_not_move_as_epochs_arrive():
    points = [CurvePoint(e, 2.1 / e, 2.3 / e) for e in range(1, 9)]
    for metric in ("accuracy", "loss"):
        axes = [
            (c.spec["xAxis"], c.spec["yAxis"])
            for n in range(1, 9)
            for c in [curves([series(points[:n])], metric, total_epochs=8)]
        ]
        assert all(axis == axes[0] for axis in axes)
    assert axes[0][0]["max"] == 8
    assert axes[0][1]["max"] == 3


@pytest.mark.parametrize(
    ("loss", "top"), [(0.0, 1.0), (0.04, 0.05), (1.0, 1), (2.3, 3), (8.0, 10), (70, 70)]
)
def test_loss_axis_ends_at_a_round_number(loss, top):
    chart = curves([series([CurvePoint(1, loss, None)])], "loss", total_epochs=2)
    assert chart.spec["yAxis"]["max"] == pytest.approx(top)


def test_missing_and_infinite_values():
    points = [CurvePoint(1, math.inf, math.nan), CurvePoint(2, None, 0.5), CurvePoint(3, 0.4, None)]
    chart = curves([series(points)], "loss", total_epochs=3)
    assert line(chart)["data"] == [[2, 0.5, None], [3, None, 0.4]]


def test_best_epoch_and_phase_are_marked():
    points = [CurvePoint(e, 0.5, e / 10) for e in (1, 2, 3)]
    one = series(points, phases=[(2, "Thawed")], best_epoch=3)
    validation = line(curves([one], "accuracy", total_epochs=3))
    assert validation["markPoint"]["data"] == [{"coord": [3, pytest.approx(30.0)]}]
    assert validation["markLine"]["data"][0]["xAxis"] == 2
    assert validation["markLine"]["data"][0]["label"]["formatter"] == "Thawed"
    assert "markPoint" not in line(curves([series(points)], "loss", total_epochs=3))


def test_window_is_kept_by_python_and_replaces_the_wheel():
    free, held = (curves([], "loss", total_epochs=9, window=w).spec for w in (None, (2, 5)))
    assert free["dataZoom"][0]["type"] == "inside"
    assert held["dataZoom"] == []
    assert (held["xAxis"]["min"], held["xAxis"]["max"]) == (2, 5)


def test_thin_keeps_the_ends_and_the_distance():
    points = [CurvePoint(e, None, float(e)) for e in range(10_000)]
    kept = [p.epoch for p in thin(points)]
    assert len(kept) == MAX_POINTS
    assert (kept[0], kept[-1]) == (0, 9999)
    steps = {b - a for a, b in itertools.pairwise(kept)}
    assert max(steps) - min(steps) <= 1
    assert thin(points[:7]) == points[:7]


def test_curves_alt_says_where_each_run_stands():
    done = series([CurvePoint(1, 0.6, 0.5), CurvePoint(2, 0.8, 0.75)], "A", best_epoch=2)
    alt = curves([done, series([], "B")], "accuracy", total_epochs=4).alt
    assert "A: validation 75.0% at epoch 2, training 80.0%, best epoch 2." in alt
    assert "B: nothing measured yet." in alt


def test_interval_whiskers_end_at_the_interval():
    chart = interval_bars([result("A"), result("B", 0.5, 0.4, 0.6)])
    whiskers = [s["data"] for s in chart.spec["series"] if s["type"] == "line"]
    assert whiskers == [[[85.0, 0], [94.0, 0]], [[40.0, 1], [60.0, 1]]]
    assert chart.spec["xAxis"]["min"] == 30 and chart.spec["xAxis"]["max"] == 100
    assert "A: 90.0%, between 85.0% and 94.0%." in chart.alt


def test_cost_puts_seconds_against_percent():
    chart = cost_vs_accuracy([result("A", seconds=42.0)])
    [point] = chart.spec["data"]
    assert (point["x"], point["y"], point["customdata"]) == ([42.0], [90.0], [[85.0, 94.0]])
    bars = point["error_y"]
    assert (bars["arrayminus"], bars["array"]) == ([5.0], [4.0])
    assert chart.spec["layout"]["yaxis"]["range"] == [80, 100]
    assert "A: 42 s, 90.0%." in chart.alt


def test_plotly_knows_every_key_and_every_marker():
    styles = [strategy_style(name) for name in (*STRATEGY_STYLE, "a plug-in's")]
    chart = cost_vs_accuracy([Result("run", style, 0.9, 0.85, 0.94, 12.0) for style in styles])
    figure = plotly.graph_objects.Figure(chart.spec)  # refuses what it does not know
    assert [trace.marker.color for trace in figure.data] == [style.color for style in styles]
    assert len({trace.marker.symbol for trace in figure.data}) == len(styles)


def test_plotly_gets_no_markup_from_a_name():
    [point] = cost_vs_accuracy([result("<a href='https://x'>%{x}</a>")]).spec["data"]
    assert point["name"].startswith("&lt;a href") and "<a" not in point["name"]
    assert "%{x}</a>" not in point["hovertemplate"]


def test_selected_cell_is_found_again():
    counts = {(0, 0): 5, (0, 1): 1, (1, 0): 2, (1, 1): 6, (2, 1): 3, (2, 2): 9}
    cells = confusion_matrix(["a", "b", "c"], counts).spec["series"][0]["data"]
    for index, row in enumerate(cells):
        true, predicted = confusion_cell(index, 3)
        assert row[:3] == [predicted, true, counts.get((true, predicted), 0)]


def test_confusion_alt_names_the_worst_mistakes_first():
    counts = {(0, 0): 70, (0, 1): 7, (1, 0): 3, (1, 1): 73}
    alt = confusion_matrix(["ants", "bees"], counts).alt
    assert alt.startswith("Confusion matrix: 143 of 153 photos right. ants taken for bees: 7.")


@pytest.mark.parametrize("dark", [False, True])
def test_a_number_stands_in_the_colour_that_can_be_read(dark):
    counts = {(0, said): 1 + 3 * said for said in range(12)}
    series = confusion_matrix([f"c{i}" for i in range(12)], counts, dark=dark).spec["series"][0]
    colors = {name: style["color"] for name, style in series["label"]["rich"].items()}
    for *_, depth, _, light, deep in series["data"]:
        [color] = [colors[name] for name, text in (("light", light), ("deep", deep)) if text]
        assert contrast(color, tint(depth, dark)[0]) >= 4.2


def test_an_empty_class_has_no_division_by_zero():
    spec = confusion_matrix(["a", "b"], {(1, 1): 2}).spec
    assert [row[2] for row in spec["series"][0]["data"]] == [0, 0, 0, 2]
