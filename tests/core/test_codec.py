from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest

from tl_core.codec import PlainDataError, from_plain, from_tagged, to_plain, to_tagged


@dataclass(frozen=True)
class Leaf:
    name: str
    share: float = 0.5


@dataclass(frozen=True)
class Tree:
    leaf: Leaf
    leaves: tuple[Leaf, ...]
    pair: tuple[int, Leaf]
    by_name: Mapping[str, Leaf]
    names: list[str]
    path: Path
    kind: Literal["oak", "elm"] = "oak"
    nest: Leaf | None = None
    more: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, int] | None = None


class Bird(TypedDict):
    name: str
    eggs: int


TREE = Tree(
    Leaf("a"),
    (Leaf("b"), Leaf("c", 1.0)),
    (3, Leaf("d")),
    {"e": Leaf("e")},
    ["f"],
    Path("folder/file"),
    nest=Leaf("g"),
    more={"any": [1, {"thing": None}]},
    shape=(1, 2),
)


def test_what_was_encoded_is_decoded_from_json() -> None:
    assert from_plain(Tree, json.loads(json.dumps(to_plain(TREE)))) == TREE


def test_what_is_missing_has_its_default() -> None:
    plain = to_plain(TREE)
    del plain["nest"], plain["more"], plain["shape"], plain["leaf"]["share"]
    tree = from_plain(Tree, plain)
    assert (tree.nest, tree.more, tree.shape, tree.leaf) == (None, {}, None, Leaf("a", 0.5))


def test_what_is_decoded_already_stays() -> None:
    assert from_plain(Tree, {**to_plain(TREE), "leaf": TREE.leaf}).leaf is TREE.leaf


@pytest.mark.parametrize(
    "change",
    [
        {"leaf": None},
        {"leaf": {"name": "a", "colour": "red"}},
        {"leaf": {}},
        {"leaves": {"name": "a"}},
        {"leaves": ["a"]},
        {"pair": [3]},
        {"by_name": ["e"]},
        {"unknown": 1},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PlainDataError):
        from_plain(Tree, {**to_plain(TREE), **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"leaf": {"name": 3}}, "leaf.name must be text, not 3"),
        ({"leaves": [{"name": "b"}, {"name": "c", "share": "x"}]}, "leaves[1].share must be a fin"),
        ({"leaf": {"name": "a", "share": float("nan")}}, "leaf.share must be a finite number"),
        ({"leaf": {"name": "a", "share": 10**400}}, "leaf.share must be a finite number"),
        ({"pair": [True, {"name": "d"}]}, "pair[0] must be a whole number of at most 64 bits"),
        ({"pair": [2**63, {"name": "d"}]}, "pair[0] must be a whole number of at most 64 bits"),
        ({"kind": "birch"}, "kind must be one of oak, elm, not 'birch'"),
        ({"kind": ["oak"]}, "kind must be one of oak, elm, not ['oak']"),
        ({"path": 3}, "path must be Path, not 3"),
        ({"names": "f"}, "names must be a list, not 'f'"),
        ({"names": ["x", None]}, "names[1] must be text, not None"),
        ({"names": ["x", "y" * 10**6, 3]}, "names[2] must be text, not 3"),
        ({"by_name": {"e": "y" * 10**6}}, "by_name.e must be values by their names, not 'yyy"),
        ({"more": {"a": json.loads("[" * 30 + "]" * 30)}}, "more.a must be nested at most 20 deep"),
        ({"by_name": {"e\x85": 3}}, "by_name.'e\\x85' must be values by their names, not 3"),
        ({"more": {"a": [float("inf")]}}, "more.a must be a finite number"),
        ({"nest": {"name": "g", "y" * 10**6: 1}}, "must be left out: no Leaf has it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_of_another_type_is_named_by_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PlainDataError) as caught:
        from_plain(Tree, {**to_plain(TREE), **change})
    assert said in str(caught.value) and len(str(caught.value)) < 300


def test_a_typed_dictionary_is_read_by_its_types() -> None:
    assert from_plain(Bird, {"name": "owl", "eggs": 3}) == {"name": "owl", "eggs": 3}
    for wrong in ({"name": "owl"}, {"name": "owl", "eggs": "3"}, ["owl", 3]):
        with pytest.raises(PlainDataError):
            from_plain(Bird, wrong)


def test_unknown_fields_are_left_out_on_request() -> None:
    newer = {**to_plain(TREE), "unknown": 1, "leaf": {"name": "a", "colour": "red"}}
    assert from_plain(Tree, newer, lenient=True) == TREE


def test_a_union_is_told_by_the_name_of_its_type() -> None:
    plain = to_tagged(TREE.leaf, "kind_of")
    assert plain == {"kind_of": "Leaf", "name": "a", "share": 0.5}
    assert from_tagged(Tree | Leaf, plain, "kind_of") == TREE.leaf
    with pytest.raises(PlainDataError, match="Bush"):
        from_tagged(Tree | Leaf, {"kind_of": "Bush"}, "kind_of")
