"""Kinds of data: what a file of each is, and how it becomes a network's input."""
