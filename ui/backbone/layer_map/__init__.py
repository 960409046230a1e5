"""The clickable map of a network's stages."""

from ui.backbone.layer_map.layer_map import layer_map

__all__ = ["layer_map"]
