"""Text that users chose, such as names of classes and files, shown as plain text."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """Return text that Markdown shows as it is: names that users chose are never markup."""
    special = "\\`*_{}[]()<>#+-.!|~$:&@"
    text = visible(text)
    # An address becomes a link although its signs are escaped; an invisible joiner prevents that.
    text = re.sub(r":(?=//)|www(?=\.)|@", "\\g<0>\u2060", text, flags=re.IGNORECASE)
    return "".join(f"\\{c}" if c in special else c for c in text)


def visible(text: str) -> str:
    """Return text in one line, without signs that turn the direction of what follows around."""
    joiners = "\u200c\u200d"  # of letters in some scripts, and of emoji
    return "".join(
        c if c.isprintable() or c in joiners else " " if c.isspace() else "" for c in text
    )
