"""Pretrained networks, seen as ordered stages.

Facts about them are here and need no torch; the networks themselves come from
:func:`tl_core.backbones.build.build_backbone`.
"""

from tl_core.backbones.spec import (
    BackboneSpec,
    Stage,
    WeightsSource,
    backbones,
)

__all__ = ["BackboneSpec", "Stage", "WeightsSource", "backbones"]
