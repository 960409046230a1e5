"""Which stages to thaw, given how many photos there are and how unlike the source's they are.

The classic table of four cases: few or many photos, similar to those the backbone learned on or
different from them. That early layers are general and late ones specific to their task, and that
co-adapted neighbours suffer when they are parted, is measured in Yosinski et al., "How transferable
are features in deep neural networks?", NIPS 2014, arXiv:1411.1792. The table itself follows the
notes on transfer learning of Stanford's course CS231n, https://cs231n.github.io/transfer-learning/.
The table names no numbers; the limits below are this project's rule of thumb.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from tl_core.backbones.spec import BackboneSpec

Size = Literal["small", "large"]
Similarity = Literal["similar", "different"]

LARGE_TOTAL = 2000
"""Training photos from which a set counts as large."""
LARGE_PER_CLASS = 100
"""Training photos a class, on average, that a large set needs besides."""
MANY_PARAMETERS = 1000
"""Learning parameters for each training photo from which a small set is easily learned by heart."""


@dataclass(frozen=True)
class Advice:
    """A plan and why.

    Attributes
    ----------
    size, similarity
        The case in the table.
    strategy
        Name of the advised strategy.
    trainable
        Stages to thaw, in order.
    plan
        What to do, in a few words ("Extract features").
    reason
        Why, in a learner's words.
    """

    size: Size
    similarity: Similarity
    strategy: str
    trainable: tuple[str, ...]
    plan: str
    reason: str


@dataclass(frozen=True)
class Note:
    """What a plan risks, or has going for it.

    Attributes
    ----------
    name
        ``overfitting``, ``scratch``, ``gap``, ``light`` or ``roomy``.
    text
        A sentence or two for a learner.
    risk
        Whether it speaks against the plan.
    """

    name: str
    text: str
    risk: bool = True


def size_of(photos: int, classes: int) -> Size:
    """Tell whether a training set is small or large for transfer learning.

    Parameters
    ----------
    photos
        Photos that train, all classes together.
    classes
        Number of classes.
    """
    enough = photos >= LARGE_TOTAL and photos >= LARGE_PER_CLASS * classes
    return "large" if enough else "small"


def advise(spec: BackboneSpec, photos: int, classes: int, similarity: Similarity) -> Advice:
    """Return the plan that the table of size and similarity suggests.

    Parameters
    ----------
    spec
        The backbone.
    photos, classes
        Photos that train, and their classes.
    similarity
        How the photos compare with those that the backbone learned on; for people to judge.
    """
    size = size_of(photos, classes)
    everything = spec.stage_names
    plans: dict[tuple[Size, Similarity], tuple[str, tuple[str, ...], str, str]] = {
        ("small", "similar"): (
            "feature_extraction",
            (),
            "Extract features",
            "What the network learned already fits such photos, and a few of them could only teach "
            "its many parameters those photos by heart. A new head is enough.",
        ),
        ("large", "similar"): (
            "fine_tune",
            everything,
            "Thaw everything, gently",
            "The features fit, and there are photos enough to refine all of them without learning "
            "the photos by heart. Small learning rates keep what is good.",
        ),
        ("small", "different"): (
            "fine_tune",
            everything[-1:],
            "Thaw the last stage",
            "The hardest case. Late stages are made for other photos, early ones see edges and "
            "textures, which help everywhere: keep those and relearn the end alone. The notes put "
            "the head on an earlier layer instead; this is the nearest plan to that.",
        ),
        ("large", "different"): (
            "fine_tune",
            everything,
            "Thaw everything",
            "There are photos enough to change every stage. Even far from its source, a pretrained "
            "network is usually the better place to start; training from scratch is the run to "
            "compare it with.",
        ),
    }
    strategy, trainable, plan, reason = plans[size, similarity]
    return Advice(size, similarity, strategy, trainable, plan, reason)


def notes(
    spec: BackboneSpec,
    trainable: Collection[str],
    learning: int,
    photos: int,
    classes: int,
    *,
    from_scratch: bool = False,
) -> list[Note]:
    """Return notes on a plan: its risks with so many photos, or its merits.

    Parameters
    ----------
    spec, trainable
        The backbone and its thawed stages.
    learning
        Parameters that learn, those of the head included.
    photos, classes
        Photos that train, and their classes.
    from_scratch
        Whether the backbone begins with random weights.
    """
    small = size_of(photos, classes) == "small"
    each = learning / max(photos, 1)
    found = []
    if from_scratch and small:
        found.append(Note("scratch", _scratch(photos)))
    elif small and each >= MANY_PARAMETERS:
        found.append(Note("overfitting", _overfitting(learning, photos, each)))
    elif not trainable:
        found.append(
            Note("light", "Only the head learns: fast, and hard to beat with few photos.", False)
        )
    else:
        text = f"About {each:,.0f} learning parameters for each photo: no cause for worry."
        found.append(Note("roomy", text if small else _large(photos), False))
    parted = _frozen_behind_thawed(spec, trainable)
    if parted and not from_scratch:
        found.append(Note("gap", _gap(parted)))
    return found


def _scratch(photos: int) -> str:
    return (
        f"Random weights know nothing yet, and {photos:,} photos seldom teach a network to see. "
        "Take it as the measure of what transfer brings."
    )


def _overfitting(learning: int, photos: int, each: float) -> str:
    return (
        f"{learning / 1e6:.2g} million parameters would learn from {photos:,} photos, about "
        f"{each:,.0f} for each. Expect overfitting: the training curve leaves the validation curve "
        "behind. Small learning rates help, and so does augmentation."
    )


def _large(photos: int) -> str:
    return f"{photos:,} photos are enough to refine stages without learning photos by heart."


def _frozen_behind_thawed(spec: BackboneSpec, trainable: Collection[str]) -> list[str]:
    """Return the titles of frozen stages that come after one that learns."""
    first = next((i for i, name in enumerate(spec.stage_names) if name in trainable), None)
    behind = spec.stages[first:] if first is not None else ()
    return [stage.title for stage in behind if stage.name not in trainable]


def _gap(titles: list[str]) -> str:
    many = len(titles) > 1
    return (
        f"{', '.join(titles)} {'stand' if many else 'stands'} frozen behind a stage that learns: "
        f"{'their' if many else 'its'} input shifts while {'they' if many else 'it'} cannot "
        "follow, and nothing is saved by it. Usual plans thaw from the end."
    )
