"""Where two runs part: the photos that the second fixed, and those that it broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tl_core.training.record import Prediction

BOTH_RIGHT, FIXED, BROKEN, BOTH_WRONG = "both right", "fixed", "broken", "both wrong"
OUTCOMES = (BOTH_RIGHT, FIXED, BROKEN, BOTH_WRONG)
"""What became of a photo from the first run to the second."""


@dataclass(frozen=True)
class Difference:
    """Two runs' answers for the same photos, side by side.

    Attributes
    ----------
    first, second
        Predictions of the two runs, in the same order of photos.
    classes
        Number of classes.
    """

    first: tuple[Prediction, ...]
    second: tuple[Prediction, ...]
    classes: int

    def cells(self) -> dict[tuple[int, int], int]:
        """Return how many more items of each class the second run took for each class.

        By true class and answer: the confusion matrix of the second run less that of the first,
        without what stayed the same. Every row adds up to zero, a gain on the diagonal is a gain in
        accuracy.
        """
        change: Counter[tuple[int, int]] = Counter()
        for before, after in zip(self.first, self.second, strict=True):
            change[before.label, before.predicted] -= 1
            change[after.label, after.predicted] += 1
        return {cell: number for cell, number in change.items() if number}

    def cell(self, true: int, predicted: int) -> tuple[list[int], list[int]]:
        """Return the positions of the items that came into a cell of the matrix, and left it."""
        came: list[int] = []
        left: list[int] = []
        for i, (before, after) in enumerate(zip(self.first, self.second, strict=True)):
            was, now = before.predicted == predicted, after.predicted == predicted
            if before.label == true and was != now:
                (came if now else left).append(i)
        return came, left

    def photos(self, outcome: str) -> list[int]:
        """Return the positions of the photos with one of ``OUTCOMES``."""
        return [i for i, found in enumerate(self.outcomes()) if found == outcome]

    def outcomes(self) -> list[str]:
        """Return the outcome of each photo."""
        kinds = {
            (True, True): BOTH_RIGHT,
            (False, True): FIXED,
            (True, False): BROKEN,
            (False, False): BOTH_WRONG,
        }
        return [kinds[a.right, b.right] for a, b in zip(self.first, self.second, strict=True)]

    def per_class(self) -> list[dict[str, int]]:
        """Return for each class how many of its photos had each outcome."""
        counts = [dict.fromkeys(OUTCOMES, 0) for _ in range(self.classes)]
        for prediction, outcome in zip(self.first, self.outcomes(), strict=True):
            counts[prediction.label][outcome] += 1
        return counts


def difference(
    first: Sequence[Prediction], second: Sequence[Prediction], classes: int
) -> Difference:
    """Lay two runs side by side.

    Raises
    ------
    ValueError
        If they did not answer for the same photos in the same order.
    """
    if [p.path for p in first] != [p.path for p in second]:
        raise ValueError("The two runs were not asked about the same photos.")
    return Difference(tuple(first), tuple(second), classes)
