"""The clickable map of a network's stages."""

from ui.layer_map.facts import MapPlan
from ui.layer_map.layer_map import layer_map

__all__ = ["MapPlan", "layer_map"]
