"""The instructor's side of a class: who is in, what runs, and how far everybody got."""

from ui.classroom.access import is_instructor, sign_in, sign_out
from ui.classroom.ranking import leaderboard
from ui.classroom.rooms import ON_THE_WALL, open_room, room_card, wall
from ui.classroom.runs import now

__all__ = [
    "ON_THE_WALL",
    "is_instructor",
    "leaderboard",
    "now",
    "open_room",
    "room_card",
    "sign_in",
    "sign_out",
    "wall",
]
