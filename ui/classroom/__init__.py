"""The instructor's side of a class: who is in, what runs, and how far everybody got."""

from ui.classroom.damaged import damaged
from ui.classroom.fetching import fetching
from ui.classroom.instructor_login import is_instructor, sign_in, sign_out
from ui.classroom.leaderboard import leaderboard
from ui.classroom.rooms import on_the_wall, open_room, room_card, wall
from ui.classroom.runs import now

__all__ = [
    "damaged",
    "fetching",
    "is_instructor",
    "leaderboard",
    "now",
    "on_the_wall",
    "open_room",
    "room_card",
    "sign_in",
    "sign_out",
    "wall",
]
