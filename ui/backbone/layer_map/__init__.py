"""The clickable map of a network's stages."""

from ui.backbone.layer_map.facts import MapPlan
from ui.backbone.layer_map.layer_map import layer_map

__all__ = ["MapPlan", "layer_map"]
