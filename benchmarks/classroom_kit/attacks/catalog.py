"""All attacks, in the order in which they are played."""

from classroom_kit.attacks.budget import BUDGET
from classroom_kit.attacks.classes import CLASSES
from classroom_kit.attacks.crowd import CROWD
from classroom_kit.attacks.endpoint import ENDPOINT
from classroom_kit.attacks.jobs import JOBS
from classroom_kit.attacks.messages import MESSAGES
from classroom_kit.attacks.ownership import OWNERSHIP
from classroom_kit.attacks.pictures import PICTURES
from classroom_kit.attacks.scene import Attack
from classroom_kit.attacks.traces import TRACES
from classroom_kit.attacks.uploads import UPLOADS
from classroom_kit.attacks.web import WEB

ATTACKS: tuple[Attack, ...] = (
    *UPLOADS,
    *PICTURES,
    *CLASSES,
    *ENDPOINT,
    *MESSAGES,
    *TRACES,
    *BUDGET,
    *OWNERSHIP,
    *CROWD,
    *JOBS,
    *WEB,
)
