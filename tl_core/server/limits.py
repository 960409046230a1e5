"""How much a shared server takes in, and for how long it stays; every number can be set on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from tl_core.data.limits import MB, ArchiveLimits, chosen, megabytes, set_by
from tl_core.home import home
from tl_core.machine import memory_plan, whole_number
from tl_core.modalities import MODALITIES


@dataclass(frozen=True)
class UploadLimits(ArchiveLimits):
    """What a shared server accepts from the people who use it.

    Attributes
    ----------
    entries, file_bytes, total_bytes, classes
        As for any archive, with fewer entries and classes (``TL_UPLOAD_ENTRIES``,
        ``TL_UPLOAD_FILE_MB``, ``TL_UPLOAD_UNPACKED_MB``, ``TL_UPLOAD_CLASSES``).
    sent_bytes
        Of one upload as it is sent (``TL_UPLOAD_MB``); Streamlit's ``server.maxUploadSize`` cuts
        off larger ones while they stream in.
    items
        In one upload (``TL_UPLOAD_PHOTOS``).
    item_work
        How much there may be to decode in one item of each modality, in the modality's unit and
        under its variable; a larger item is left out and named.
    learner_bytes
        What one learner may keep: photos, runs with their checkpoints, and questions together
        (``TL_LEARNER_MB``).
    server_bytes
        What the photos of all learners may take (``TL_UPLOADS_MB``). The server never gives them
        more than half of the disk that is free, either.
    disk_floor
        Of the disk that has to stay free: nothing new is accepted below (``TL_DISK_FLOOR_MB``).
    at_once
        Uploads that are checked at the same time (``TL_UPLOADS_AT_ONCE``); others wait. Fewer on a
        machine that has not the memory for it, see :func:`tl_core.machine.memory_plan`.
    seconds, cpu_seconds, memory
        Time, time of computing, and address space for checking one upload (``TL_UPLOAD_SECONDS``,
        ``TL_UPLOAD_CPU_SECONDS``, ``TL_UPLOAD_MEMORY_MB``).
    hours
        After which an upload or a question is removed (``TL_DATA_HOURS``).
    run_days
        After which a run that has ended is removed (``TL_RUN_DAYS``).
    """

    entries: int = set_by("TL_UPLOAD_ENTRIES", 20_000)
    total_bytes: int = set_by("TL_UPLOAD_UNPACKED_MB", 1024, MB)
    classes: int = set_by("TL_UPLOAD_CLASSES", 500)
    sent_bytes: int = set_by("TL_UPLOAD_MB", 500, MB)
    items: int = set_by("TL_UPLOAD_PHOTOS", 5000)
    item_work: Mapping[str, float] = field(default_factory=lambda: _item_work({}))
    learner_bytes: int = set_by("TL_LEARNER_MB", 4096, MB)
    server_bytes: int = set_by("TL_UPLOADS_MB", 20 * 1024, MB)
    disk_floor: int = set_by("TL_DISK_FLOOR_MB", 1024, MB)
    at_once: int = set_by("TL_UPLOADS_AT_ONCE", 2)
    seconds: int = set_by("TL_UPLOAD_SECONDS", 300)
    cpu_seconds: int = set_by("TL_UPLOAD_CPU_SECONDS", 90)
    memory: int = set_by("TL_UPLOAD_MEMORY_MB", 1024, MB)
    hours: int = set_by("TL_DATA_HOURS", 24)
    run_days: int = set_by("TL_RUN_DAYS", 7)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> UploadLimits:
        """Read the limits of this server; what is not set has its default.

        Raises
        ------
        ConfigError
            If a variable is no whole number above zero.
        """
        plan = memory_plan(environment)
        found = {"at_once": plan.checks, "memory": plan.check, **chosen(cls, environment)}
        return cls(item_work=_item_work(environment), **found)

    @property
    def run_seconds(self) -> float:
        """For how long a run that has ended stays."""
        return 24 * 3600.0 * self.run_days

    def server_room(self, stored: int) -> int:
        """Return the bytes that uploads may still take, where ``stored`` are there already."""
        free = shutil.disk_usage(home()).free
        return max(0, min(self.server_bytes - stored, free // 2, free - self.disk_floor))


def _item_work(environment: Mapping[str, str]) -> dict[str, float]:
    return {
        kind.name: whole_number(kind.most_variable, environment, kind.most_work) or kind.most_work
        for kind in MODALITIES
    }


def no_room(needed: int, room: int) -> str:
    """Return the sentence for photos that do not fit beside those that are kept already."""
    return (
        f"its photos need {megabytes(needed)}, and only {megabytes(max(0, room))} are left. Remove "
        "photos that you no longer need, or send fewer."
    )
