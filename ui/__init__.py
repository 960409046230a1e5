"""The app: a folder for each screen, and ``shared`` for what several screens share."""
