from __future__ import annotations

import json

from tools import source_worlds

ANIMAL, ARTIFACT = source_worlds.WORLDS.values()
ABOVE = {
    "00000001": [], ANIMAL: ["00000001"], ARTIFACT: ["00000001"], "00000002": [ANIMAL],
    "00000010": ["00000002"], "00000011": [ANIMAL],
    "00000020": [ARTIFACT], "00000021": [ARTIFACT], "00000022": [ARTIFACT], "00000023": [ARTIFACT],
    "00000030": ["00000001"],
}  # fmt: skip
COUNTS = {"n00000010": 400, "n00000011": 450, "n00000020": 449, "n00000021": 450, "n00000022": 450,
          "n00000023": 450, "n00000030": 450}  # fmt: skip


def test_worlds_have_as_many_classes_and_photos_as_each_other() -> None:
    worlds = source_worlds.divide(list(COUNTS), COUNTS, ABOVE)
    assert list(worlds["animals"]) == ["n00000010", "n00000011"]
    assert list(worlds["objects"]) == ["n00000020", "n00000022"]
    assert sum(worlds["animals"].values()) == sum(worlds["objects"].values()) == 850
    assert all(photos <= COUNTS[c] for world in worlds.values() for c, photos in world.items())


def test_the_shipped_worlds_are_of_one_size_and_share_no_class() -> None:

    animals, objects = json.loads(source_worlds.OUT.read_text()).values()
    assert len(animals) == len(objects) == 59
    assert sum(animals.values()) == sum(objects.values())
    assert not animals.keys() & objects.keys()
