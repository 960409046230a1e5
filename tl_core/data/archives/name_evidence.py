"""How likely names are what somebody wrote, read in one legacy encoding or in another.

A class is often called by one or two characters, which is too little for a detector alone. So what
``chardet`` thinks (its models know which bytes follow each other in which language) is weighed
together with what anybody sees: line-drawing characters stand in no name, a word has letters of one
script and of one alphabet, and ideographs are mostly those of the first level of their standard.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise

_JAPANESE = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"})
_SCRIPTS: dict[str, frozenset[str]] = {
    "cp932": _JAPANESE,
    "gbk": frozenset({"CJK"}),
    "big5": frozenset({"CJK"}),
    "cp949": frozenset({"HANGUL"}),
    **dict.fromkeys(("cp866", "cp1251"), frozenset({"CYRILLIC"})),
    **dict.fromkeys(("cp737", "cp1253"), frozenset({"GREEK"})),
}
"""By encoding, the scripts it was made for, as Unicode calls them; Latin where none is given."""

_LEVEL_1 = {"cp932": ("shift_jis", 0x88, 0x98), "gbk": ("gb2312", 0xB0, 0xD7),
            "big5": ("big5", 0xA4, 0xC6)}  # fmt: skip
"""By encoding, where its standard keeps the common ideographs: JIS X 0208 level 1, GB 2312 level 1,
Big5 level 1: codec, first and last leading byte."""

_HANGUL = frozenset(
    "가각간갈감강개객거건걸검것게겨격결경계고곡곤골공과관광교구국군굴권귀귤그극근글금급기긴길김"
    "까깔깨꼬꽃꿀끼나낙난날남내너널네년노녹논놀농누눈늑능니닐다단달담답당대더덕던데도독돈돌동"
    "돼되두둑들등디따딸때떡또라락란람랑래러럭런레려력련령로록론료루류르른름리린림립마막만말망"
    "매머먹메면명모목몸못무묵문물미민밀바박반발밤방배백뱀버벌범법벚베벽변별병보복볼봄봉부북분불"
    "붕비빈빛빨사산살삼상새색생서석선설성세소속손솔송쇠수숙술숭숲스슬습승시식신실심싸쌀씨아악"
    "안알암앙애야약양어언얼업에여역연열염엽영예오옥온올와완왕외요용우운울원월위유육율은을음의이"
    "인일임입잎자작잔잠장재저적전절점접정제조족종좌주죽준중쥐즈증지직진질집차찬참창채책처천철"
    "청체초촌총추축출충치칠침카칼캐커컵케코콩쿠크클키타탁탄태터턴테토톱통투튤트티파판팔패퍼펭평"
    "포표품푸풀풍프피하학한함합항해핸행향허험헤현형혜호혹홍화환활황회효후훈흰희히"
)
"""Syllables of which nearly all Korean nouns are made; the other two thousand are seldom seen."""

_ALPHABETS = tuple(
    map(
        frozenset,
        (
            "äöüß", "éèêëàâçùûüîïôœæ", "ãõçáéíóúâêôàü", "áéíóúüñ", "àèéìíîòóùú", "åäöæøé",
            "ąćęłńóśźż", "áčďéěíňóřšťúůýžäľô", "áéíóöőúüű", "ăâîșțşţ", "çğıöşüâîû", "čćđšž",
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
            "абвгдежзийклмнопрстуфхцчшщъьюя", "абвгдђежзијклљмнњопрстћуфхцчџш",
            "αάβγδεέζηήθιίϊΐκλμνξοόπρστυύϋΰφχψωώς",
        ),
    )
)  # fmt: skip
"""The letters beside a to z of one language each."""

_DETECTED = {"gbk": "gb18030", "big5": "big5hkscs"}
"""What chardet calls an encoding, where that is not its name here."""

_LEAST = 1e-4
"""What chardet's confidence is taken for where it gives less, or nothing: it has not seen all."""

_CONTROL, _SYMBOL, _ALIEN, _RARE, _MIXED, _STRANGER, _CAPITAL = 6.0, 4.0, 3.0, 1.5, 2.0, 1.2, 2.5
"""Points against a reading, for one character or word each: natural logarithms of how seldom it is
seen in names."""

_DOS = {"cp437", "cp850", "cp852", "cp866", "cp737", "cp857"}
_WINDOWS = {"cp1252", "cp1250", "cp1251", "cp1253", "cp1254"}
_WRONG_HOST = 1.5
"""Points against DOS encodings on Unix, and where Windows packed against Windows' own encodings:
its Explorer writes names as DOS did. UTF-8 without its flag comes from Unix, too."""
_SELDOM = {"cp437": 0.1, "cp1250": 0.3, "cp852": 0.3, "cp949": 0.5, "cp737": 0.5, "cp1253": 0.5,
           "cp857": 1.0, "cp1254": 1.0}  # fmt: skip
"""Points against encodings that fewer machines have."""

_FAMILIAR = -0.7
"""For a syllable that is one of few hundred, where other readings may be any of some thousands."""

_UTF8, _UTF8_BYTES = -3.0, {2: 1.5, 3: 3.0, 4: 4.0}
"""Points for UTF-8, and for each character of so many bytes that others hit upon by chance."""

_SIGNS = frozenset("°№²³½¼±×–—…’“”«»€§·ー")
"""What people do write beside letters and digits."""

_ENOUGH = 4000
"""Characters of names that are weighed; more tell nothing new."""


def weigh(
    raw: Sequence[bytes], readings: Mapping[str, Sequence[str]], *, unix: bool
) -> dict[str, float]:
    """Weigh how likely names are in some encodings, from what they look like.

    Parameters
    ----------
    raw
        The names as bytes, each once.
    readings
        By encoding, the same names as they would read.
    unix
        Whether they come from Unix or macOS rather than from Windows.

    Returns
    -------
    dict
        By encoding, the logarithm of how likely it is, up to a constant.
    """
    import chardet  # takes a fifth of a second, and most names need no decision

    known = {_DETECTED.get(name, name): name for name in readings if name != "utf-8"}
    found = chardet.detect_all(
        b" ".join(raw)[:_ENOUGH],
        ignore_threshold=True,
        compat_names=False,
        include_encodings=[*known, "ascii"],
        no_match_encoding="ascii",  # which none of them is
    )
    sure = {known.get(str(one["encoding"]), ""): one["confidence"] for one in found}
    weights = {}
    for name, names in readings.items():
        if name == "utf-8":
            seen = _UTF8 + sum(_UTF8_BYTES.get(len(c.encode()), 0) for c in set("".join(names)))
        else:
            seen = math.log(max(sure.get(name, 0.0), _LEAST))
        weights[name] = seen - _prior(name, unix) - oddity(names, name)
    return weights


def _prior(encoding: str, unix: bool) -> float:
    unlikely = encoding in _DOS if unix else encoding in _WINDOWS or encoding == "utf-8"
    return _SELDOM.get(encoding, 0.0) + _WRONG_HOST * unlikely


def oddity(names: Sequence[str], encoding: str) -> float:
    """Return how odd names look, read in an encoding; about 0 where nothing speaks against them."""
    text = " ".join(names)[:_ENOUGH]
    words = set(re.findall(r"[^\W\d_]+", text))
    found = sum(_odd_character(c, encoding) for c in set(text) if not c.isascii())
    return found + sum(map(_odd_word, words)) + _strangers(text)


@cache
def _odd_character(character: str, encoding: str) -> float:
    kind = unicodedata.category(character)
    if kind[0] == "C":
        return _CONTROL
    width = unicodedata.east_asian_width(character)
    if kind[0] != "L" or width == "H":  # half-width katakana
        return _RARE if width in "WF" or character in _SIGNS else _SYMBOL
    script = unicodedata.name(character, "").split(" ")[0]
    if encoding != "utf-8" and script not in _SCRIPTS.get(encoding, {"LATIN"}):
        return _ALIEN
    if script == "HANGUL":
        return _FAMILIAR if character in _HANGUL else _RARE
    if script == "CJK" and encoding in _LEVEL_1:
        codec, first, last = _LEVEL_1[encoding]
        code = character.encode(codec, "ignore")
        return 0 if code and first <= code[0] <= last else _RARE
    return 0


def _odd_word(word: str) -> float:
    """Judge the letters of a word together; of ideographs and syllables nothing is known."""
    scripts = {unicodedata.name(c, "").split(" ")[0] for c in word if c not in "iI"}
    alphabetic = scripts & {"LATIN", "CYRILLIC", "GREEK"}
    found = _ALIEN * (len(alphabetic) > 1)
    if alphabetic and not word.isascii():
        found += _CAPITAL * _capital_inside(word)
        found += _MIXED * bool(scripts - alphabetic)  # ideographs among letters
    if alphabetic == {"LATIN"}:
        # Most letters of a Latin word are plain, and the others seldom stand three in a row.
        accents = sum(not c.isascii() for c in word)
        found += _MIXED * max(0, accents - len(word) // 2)
    return found


def _capital_inside(word: str) -> bool:
    return any(a.islower() and b.isupper() for a, b in pairwise(word))


def _strangers(text: str) -> float:
    """Count the letters that are missing in the alphabet that fits best."""
    letters = {
        c
        for c in text.lower()
        if c.isalpha() and not c.isascii() and unicodedata.name(c, "").startswith(
            ("LATIN", "CYRILLIC", "GREEK")
        )
    }  # fmt: skip
    unknown = letters.difference(*_ALPHABETS)
    fewest = min(len(letters - alphabet - unknown) for alphabet in _ALPHABETS)
    return _ALIEN * len(unknown) + _STRANGER * fewest
