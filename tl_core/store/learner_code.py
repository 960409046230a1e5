"""A learner's private code: its form, what people type for it, and what the database may know.

A code is made in the browser of 20 random letters and digits (100 bits), in the alphabet that
Crockford devised for people: https://www.crockford.com/base32.html. Whoever has it is the learner;
so the database is only ever given a digest, and neither an instructor nor a copied database can
hand over anyone's work.
"""

from __future__ import annotations

import hashlib
import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE = re.compile(f"[{_ALPHABET}]{{20}}")
_FIRST_FORM = re.compile("[0-9a-f]{32}")  # what browsers made before codes could be typed
_ALIKE = str.maketrans("OIL", "011")
_GROUP = 5


def is_learner_code(value: object) -> bool:
    """Tell whether something is a code exactly as a browser keeps it."""
    return isinstance(value, str) and bool(_CODE.fullmatch(value) or _FIRST_FORM.fullmatch(value))


def read_learner_code(text: str) -> str | None:
    """Return the code that somebody typed, or None if it has not the form of one.

    Case, dashes and spaces mean nothing; the letters O, I and L are read as 0, 1 and 1.
    """
    plain = re.sub(r"[\s\-‐-―−_.]", "", text[:200])
    for candidate in (plain.upper().translate(_ALIKE), plain.lower()):
        if is_learner_code(candidate):
            return candidate
    return None


def grouped(code: str) -> str:
    """Write a code for people, in groups of five."""
    return "-".join(code[i : i + _GROUP] for i in range(0, len(code), _GROUP))


def owner_of(code: str) -> str:
    """Return the name under which the database keeps a learner's work: 32 hexadecimal digits.

    A digest of 100 random bits cannot be turned back, so it needs no salt and no slow hash.
    """
    return hashlib.sha256(code.encode()).hexdigest()[:32]
