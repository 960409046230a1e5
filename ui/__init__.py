"""Shared pieces of the screens: widgets, charts, the layer map and the app's state."""
