"""What a setting of a run means and allows: declared once, with its field in ``RunConfig``.

The check of every configuration, the options of the command line, the controls on the screen and
what a link may carry all follow from that declaration.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from types import NoneType
from typing import Any

from tl_core.errors import ConfigError, UserError
from tl_core.modalities import Modality
from tl_core.registry import Registry
from tl_core.words import shown

LONGEST_TEXT = 4096
"""Characters of a setting that is text: as long as a path may be."""


@dataclass(frozen=True)
class About:
    """A setting in words.

    Attributes
    ----------
    title, help
        A few words, and a sentence on what it does. ``{noun}``, ``{plural}`` and ``{size_title}``
        stand for what a modality calls them.
    on_screen
        Whether a learner finds a control for it, and a link may carry it.
    metavar
        What stands for a value of free text in the command line's help.
    """

    title: str
    help: str
    _: KW_ONLY
    on_screen: bool = True
    metavar: str = "TEXT"

    def of(self, modality: Modality | None) -> About:
        """Return the same in the words of a modality; None for any kind of data."""
        words = {"noun": "item", "plural": "items", "size_title": "input size"}
        if modality is not None:
            words = {name: getattr(modality, name) for name in words}
        title, help = (text.format(**words) for text in (self.title, self.help))
        return replace(self, title=title[:1].upper() + title[1:], help=help)


@dataclass(frozen=True)
class Interval:
    """The numbers from ``smallest`` to ``largest``; a screen's control may allow fewer of them."""

    smallest: float
    largest: float
    control: tuple[float, float] | None = None


Names = Registry[Any] | Mapping[str, str]


@dataclass(frozen=True)
class Options:
    """The names in a registry, or in a table that says what each of them means.

    Attributes
    ----------
    names
        The registry or table; or what returns that of a modality, and for None that of all.
    """

    names: Names | Callable[[Modality | None], Names]

    def of(self, modality: Modality | None) -> Options:
        """Return the names that a modality has."""
        return Options(self.names(modality)) if callable(self.names) else self

    @property
    def meanings(self) -> dict[str, str]:
        """What each name means, in a sentence."""
        if isinstance(self.names, Registry):
            return {item.name: f"{item.title}: {item.summary}" for item in self.names}
        return {} if callable(self.names) else dict(self.names)


@dataclass(frozen=True)
class Setting:
    """A field of a configuration.

    Attributes
    ----------
    name, about
        Of the field; in words.
    kind
        The type of its values: ``int``, ``float``, ``str`` or ``bool``.
    optional
        Whether it may be None.
    allowed
        Which values of that type are.
    """

    name: str
    about: About
    kind: type
    optional: bool
    allowed: Interval | Options | None

    def of(self, modality: Modality | None) -> Setting:
        """Return the setting as it is for one kind of data; None for any."""
        allowed = self.allowed.of(modality) if isinstance(self.allowed, Options) else self.allowed
        return replace(self, about=self.about.of(modality), allowed=allowed)

    @property
    def meanings(self) -> dict[str, str]:
        """What each name that it may be means; empty where it is no name."""
        return self.allowed.meanings if isinstance(self.allowed, Options) else {}

    @property
    def control(self) -> tuple[float, float]:
        """Smallest and largest number that a screen's control allows."""
        if not isinstance(self.allowed, Interval):
            raise TypeError(f"{self.name} is no number.")
        return self.allowed.control or (self.allowed.smallest, self.allowed.largest)

    @property
    def metavar(self) -> str:
        """What stands for a value in the command line's help."""
        names = "|".join(self.meanings) or self.about.metavar
        return {int: "N", float: "X"}.get(self.kind, names)

    def check(self, value: Any) -> None:
        """Refuse what is not allowed.

        Raises
        ------
        UnknownName, ConfigError
            Naming the setting and what is allowed.
        """
        if value is None and self.optional:
            return
        if isinstance(self.allowed, Interval):
            self._check_number(value, self.allowed)
        elif isinstance(self.allowed, Options):
            self._check_name(value, self.allowed.names)
        elif not isinstance(value, self.kind):
            what = "text" if self.kind is str else "True or False"
            raise ConfigError(f"{self.name} must be {what}, not {shown(value)}.")
        elif isinstance(value, str) and (len(value) > LONGEST_TEXT or "\0" in value):
            raise ConfigError(
                f"{self.name} must be text of at most {LONGEST_TEXT} characters, none of them "
                f"null, not {shown(value)}."
            )

    def allows(self, value: Any) -> bool:
        """Tell whether :meth:`check` accepts a value."""
        try:
            self.check(value)
        except UserError:
            return False
        return True

    def read(self, text: str) -> Any:
        """Return the value that a link carries as text; names are left to :meth:`check`.

        Raises
        ------
        ConfigError
            If the text is no value that the screen's control allows, naming what is.
        """
        if self.kind is bool:
            if text not in ("0", "1"):
                raise ConfigError(f"{self.name} must be 0 or 1, not {shown(text)}.")
            return text == "1"
        if not isinstance(self.allowed, Interval):
            return text
        smallest, largest = self.control
        try:
            value = self.kind(text)
        except ValueError:
            value = None
        if value is None or not smallest <= value <= largest:
            raise self._no_number(text, smallest, largest)
        return value

    def _check_number(self, value: Any, allowed: Interval) -> None:
        kinds = int if self.kind is int else (int, float)
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        if not fits or not allowed.smallest <= value <= allowed.largest:
            raise self._no_number(value, allowed.smallest, allowed.largest)

    def _no_number(self, value: Any, smallest: float, largest: float) -> ConfigError:
        noun = "whole number" if self.kind is int else "number"
        return ConfigError(
            f"{self.name} must be a {noun} from {smallest} to {largest}, not {shown(value)}."
        )

    def _check_name(self, value: Any, names: Any) -> None:
        if isinstance(names, Registry):
            names.get(value)
        elif value not in list(names):
            raise ConfigError(f"{self.name} cannot be {shown(value)}. Allowed: {', '.join(names)}.")


def settings_of(configuration: type) -> dict[str, Setting]:
    """Return the settings of a dataclass by name.

    Each field is annotated with its type, an :class:`About` and, unless every value of that type
    will do, an :class:`Interval` or :class:`Options`.
    """
    found = {}
    for name, hint in typing.get_type_hints(configuration, include_extras=True).items():
        about, *allowed = hint.__metadata__
        kinds = typing.get_args(hint.__origin__) or (hint.__origin__,)
        kind = kinds[0] if isinstance(kinds[0], type) else str  # the names of a Literal
        optional = NoneType in kinds
        found[name] = Setting(name, about, kind, optional, allowed[0] if allowed else None)
    return found
