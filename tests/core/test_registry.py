from __future__ import annotations

import pytest

from tl_core.errors import UnknownName
from tl_core.registry import Registry


@pytest.fixture
def registry() -> Registry[int]:
    registry: Registry[int] = Registry("backbone")
    registry.register("resnet18", 18)
    registry.register("vgg16", 16)
    return registry


def test_keeps_the_order_of_registration(registry: Registry[int]) -> None:
    assert registry.names() == ["resnet18", "vgg16"]
    assert list(registry) == [18, 16]
    assert "vgg16" in registry and len(registry) == 2


def test_refuses_a_name_twice(registry: Registry[int]) -> None:
    with pytest.raises(ValueError, match="already registered"):
        registry.register("vgg16", 0)


def test_suggests_the_nearest_name(registry: Registry[int]) -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'resnet18'\? Available: resnet18, vgg16"):
        registry.get("ResNet-18")


def test_makes_no_silly_suggestion(registry: Registry[int]) -> None:
    with pytest.raises(UnknownName) as error:
        registry.get("zzz")
    assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize(
    "name", [["resnet18"], {}, None, 18, "x" * 10**6], ids=lambda n: str(n)[:9]
)
def test_refuses_whatever_is_no_name_in_one_sentence(registry: Registry[int], name: object) -> None:
    assert name not in registry
    with pytest.raises(UnknownName, match="Available: resnet18, vgg16") as caught:
        registry.get(name)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200
