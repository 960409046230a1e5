"""What a ranking forecasts of backbones, and what became of it; no torch.

:mod:`tl_core.analysis.backbone_ranking` makes the forecasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tl_core.backbones.spec import backbones
from tl_core.statistics import kendall_tau


@dataclass(frozen=True)
class Forecast:
    """What one backbone promises for some photos.

    Attributes
    ----------
    backbone
        Its name.
    log_me, h_score
        As in :mod:`tl_core.analysis.transferability`; higher is better, for the same photos.
    """

    backbone: str
    log_me: float
    h_score: float


def read_forecasts(events: Iterable[Mapping[str, Any]]) -> list[Forecast]:
    """Return the forecasts among the events of a ranking job, the most promising one first."""
    told = [event for event in events if event["event"] == "Ranked"]
    found = [Forecast(event["backbone"], event["log_me"], event["h_score"]) for event in told]
    return sorted(found, key=lambda forecast: -forecast.log_me)


def outcome_words(forecast: Mapping[str, float], accuracies: Mapping[str, float]) -> str | None:
    """Return in words how well the order of a forecast agrees with that of the accuracies.

    Parameters
    ----------
    forecast, accuracies
        By the name of the backbone; only backbones in both count.

    Returns
    -------
    str or None
        None where there are no two backbones to compare.
    """
    known = [name for name in forecast if name in accuracies]
    if len(known) < 2:
        return None
    order = sorted(known, key=lambda name: -accuracies[name])
    came = ", ".join(f"{backbones().get(name).title} {accuracies[name]:.1%}" for name in order)
    pairs = [(a, b) for a, b in combinations(known, 2) if accuracies[a] != accuracies[b]]
    if not pairs:
        return f"It came out even: {came}."
    right = sum((forecast[a] - forecast[b]) * (accuracies[a] - accuracies[b]) > 0 for a, b in pairs)
    if len(pairs) == 1:
        return f"{'It was right' if right else 'It was wrong'}: {came}."
    tau = kendall_tau([forecast[name] for name in known], [accuracies[name] for name in known])
    return (
        f"It put {right} of {len(pairs)} pairs of networks in the right order "
        f"(Kendall's tau {tau:.2f}). It came out: {came}."
    )
