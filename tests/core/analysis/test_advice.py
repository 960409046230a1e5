import pytest

from tl_core.analysis.advice import LARGE_PER_CLASS, LARGE_TOTAL, advise, notes, size_of
from tl_core.backbones.spec import backbones
from tl_core.strategies import STRATEGIES

SPEC = backbones().get("resnet18")
ALL = SPEC.stage_names


@pytest.mark.parametrize(
    ("photos", "classes", "size"),
    [
        (0, 2, "small"),
        (244, 2, "small"),
        (LARGE_TOTAL - 1, 2, "small"),
        (LARGE_TOTAL, 2, "large"),
        (LARGE_TOTAL, LARGE_TOTAL // LARGE_PER_CLASS, "large"),
        (LARGE_TOTAL, LARGE_TOTAL // LARGE_PER_CLASS + 1, "small"),
        (50_000, 10, "large"),
    ],
)
def test_large_needs_photos_in_all_and_a_class(photos, classes, size):
    assert size_of(photos, classes) == size


@pytest.mark.parametrize(
    ("photos", "similarity", "strategy", "trainable"),
    [
        (200, "similar", "feature_extraction", ()),
        (200, "different", "fine_tune", ALL[-1:]),
        (9000, "similar", "fine_tune", ALL),
        (9000, "different", "fine_tune", ALL),
    ],
)
def test_the_four_cases(photos, similarity, strategy, trainable):
    advice = advise(SPEC, photos, 2, similarity)
    assert (advice.strategy, advice.trainable) == (strategy, trainable)
    assert advice.similarity == similarity
    assert advice.size == ("small" if photos == 200 else "large")


@pytest.mark.parametrize("name", backbones().names())
@pytest.mark.parametrize("photos", [10, 10_000])
@pytest.mark.parametrize("similarity", ["similar", "different"])
def test_every_advice_can_be_followed(name, photos, similarity):
    spec = backbones().get(name)
    advice = advise(spec, photos, 2, similarity)
    assert set(advice.trainable) <= set(spec.stage_names)
    assert advice.strategy in STRATEGIES
    assert advice.plan and advice.reason


def test_the_reasons_differ():
    cases = [advise(SPEC, n, 2, s) for n in (9, 9000) for s in ("similar", "different")]
    assert len({case.reason for case in cases}) == 4


def named(*arguments, **more):
    return {note.name: note for note in notes(SPEC, *arguments, **more)}


def test_many_parameters_and_few_photos_are_a_risk():
    found = named(ALL[-1:], 8_394_754, 244, 2)
    assert list(found) == ["overfitting"] and found["overfitting"].risk
    assert "8.4 million" in found["overfitting"].text
    assert "244 photos" in found["overfitting"].text
    assert "34,405" in found["overfitting"].text


@pytest.mark.parametrize(
    ("trainable", "learning", "photos", "name"),
    [((), 1026, 244, "light"), (ALL[-1:], 40_000, 244, "roomy"), (ALL, 11_000_000, 9000, "roomy")],
)
def test_what_speaks_for_a_plan_is_no_risk(trainable, learning, photos, name):
    found = named(trainable, learning, photos, 2)
    assert list(found) == [name] and not found[name].risk


def test_from_scratch_with_few_photos_is_its_own_risk():
    assert list(named(ALL, 11_000_000, 244, 2, from_scratch=True)) == ["scratch"]
    assert list(named(ALL, 11_000_000, 9000, 2, from_scratch=True)) == ["roomy"]


@pytest.mark.parametrize(
    ("trainable", "titles"),
    [
        (("layer3",), "Stage 4 stands frozen"),
        (("layer1", "layer3"), "Stage 2, Stage 4 stand frozen"),
        (("layer3", "layer4"), None),
        ((), None),
    ],
)
def test_frozen_stages_behind_a_learning_one_are_told(trainable, titles):
    gap = named(trainable, 1000, 244, 2).get("gap")
    assert (gap is None) if titles is None else gap.text.startswith(titles)
