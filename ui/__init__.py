"""The app: a folder for each screen, and ``shared`` for what several screens share."""

PHOTO_WIDGETS = (
    "ui.shared.photos",
    "ui.data.augment_preview",
    "ui.data.camera",
    "ui.predict.question",
)
"""Modules that take or draw photos. No other module here knows what a photo is made of, so that
other kinds of data find a place beside them."""
