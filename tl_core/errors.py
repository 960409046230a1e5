"""The exceptions of this project.

Every message is written for the person in front of the screen: what was wrong, what is allowed and
the nearest fix. ::

    TLError
    ├── UserError            the input has to change (command line: exit status 2)
    │   ├── UnknownName      a registry does not know the name
    │   ├── ConfigError      a setting is outside of what is allowed
    │   ├── DataError        the photos cannot be used as they are
    │   │   └── ArchiveError the zip was refused; nothing of it is left on disk
    │   ├── WeightsError     pretrained weights are missing, damaged or out of reach
    │   └── DamagedStore     the database of the server cannot be read
    └── RunError             an accepted run could not finish (command line: exit status 1)
        ├── NonFiniteLoss
        └── OutOfMemory
"""

from __future__ import annotations


class TLError(Exception):
    """Base of everything this project raises on purpose."""


class UserError(TLError):
    """Something the user gave has to change."""


class UnknownName(UserError):
    """A registry was asked for a name that it does not hold."""


class ConfigError(UserError):
    """A setting is outside of what is allowed."""


class DataError(UserError):
    """The photos cannot be used as they are."""


class ArchiveError(DataError):
    """An archive was refused; nothing of it is left on disk."""


class WeightsError(UserError):
    """Pretrained weights are missing, damaged or out of reach."""


class DamagedStore(UserError):
    """The database of the server cannot be read."""


class RunError(TLError):
    """An accepted run could not finish."""


class NonFiniteLoss(RunError):
    """The loss became NaN or infinite."""


class OutOfMemory(RunError):
    """The device ran out of memory."""
