"""What a reader may be called, and which names look alike. Pure.

Source of the method: Unicode Technical Standard 39 (Security Mechanisms), sections 4 (skeletons), 5.1 and 5.2
(scripts that are mixed), with the scripts that Unicode Standard Annex 31 recommends (table 5). Of the table of look-
alike letters only those are here that can come through these checks.
"""

import re
import unicodedata

from broadsheet.errors import Mistake
from broadsheet.text import fold

SHORTEST, LONGEST = 2, 30  # characters

# Scripts in daily use, by the first word of their letters' Unicode names; each set may be in one name.
_TOGETHER = (
    frozenset({"LATIN"}),
    frozenset({"CYRILLIC"}),
    frozenset({"GREEK"}),
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"CJK", "BOPOMOFO"}),
    frozenset({"CJK", "HANGUL"}),
    *(
        frozenset({script})
        for script in (
            "ARABIC ARMENIAN BENGALI DEVANAGARI ETHIOPIC GEORGIAN GUJARATI GURMUKHI HEBREW KANNADA KHMER LAO MALAYALAM "
            "MYANMAR ORIYA SINHALA TAMIL TELUGU THAANA THAI TIBETAN"
        ).split()
    ),
)
# Letters of Latin that are no ASCII letter with a mark on it, and that some language writes.
_LATIN = frozenset("æœßðþøłđħŋıə")

# Names that would speak for the library, and words of our addresses.
RESERVED = frozenset(
    "about account accounts admin administrator anonymous api author authors broadsheet daily day deleted editor "
    "editors everybody feed feeds front gone group groups guest help join list lists login mail me moderator month "
    "nobody official owner paper papers postmaster privacy reader readers root saved search security settings sign-in "
    "sign-up signin signup site sources staff static submit support system team teams today topic topics trending user "
    "users venue week webmaster you".split()
)

# What looks like what; small letters, after accents are off. From the table of confusables of UTS 39.
_LIKE = str.maketrans(
    {
        # Cyrillic
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ғ": "f", "һ": "h", "н": "h", "і": "i", "ј": "j", "к": "k",
        "ӏ": "l", "м": "m", "п": "n", "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "ц": "u", "ѵ": "v",
        "ԝ": "w", "х": "x", "у": "y", "з": "3", "ү": "y", "ь": "b", "ѡ": "w", "є": "e", "ѳ": "o", "ө": "o", "ш": "w",
        "б": "6", "я": "r", "и": "n", "л": "n", "щ": "w", "ч": "4", "ҫ": "c", "ҳ": "x", "қ": "k", "ң": "h", "ҽ": "e",
        # Greek
        "α": "a", "β": "b", "γ": "y", "ε": "e", "ζ": "z", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v", "ο": "o",
        "ρ": "p", "σ": "o", "ς": "c", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "ϲ": "c", "ϳ": "j", "θ": "o",
        # Armenian, Hebrew, Arabic, and scripts of which a whole name could look like Latin
        "ա": "w", "ո": "n", "ս": "u", "օ": "o", "հ": "h", "ց": "g", "զ": "q", "ք": "p", "ռ": "n", "ձ": "d", "ե": "t",
        "ס": "o", "ו": "l", "ן": "l", "ا": "l", "ه": "o", "٥": "o", "०": "o", "০": "o", "໐": "o", "๐": "o", "ഠ": "o",
        "ᴏ": "o", "ლ": "o", "ი": "o", "ჿ": "o", "ဝ": "o", "౦": "o", "೦": "o", "૦": "o", "௦": "o", "ട": "s",
        # Latin
        "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŋ": "n", "þ": "p", "ı": "i", "ə": "e",
        # digits and signs
        "0": "o", "1": "l", "i": "l", "-": "", "_": "", ".": "",
    }
)  # fmt: skip
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SIGNS = "-_."
_MARKS = re.compile(r"[\u0300-\u036f]{3}")


def named(text: str) -> str:
    """*text* as a name: 2 to 30 letters and digits of one script, with single - _ . inside. Raises Mistake."""
    if len(text) > 200:
        raise Mistake(f"the name has {len(text):,} characters; a name has {SHORTEST} to {LONGEST}")
    name = unicodedata.normalize("NFC", text.strip())
    if not SHORTEST <= len(name) <= LONGEST:
        raise Mistake(f"the name {name!r} has {len(name)} characters; a name has {SHORTEST} to {LONGEST}")
    for sign in name:
        if not _may_be_in(sign):
            raise Mistake(f"{sign!r} cannot be in a name; letters, digits and the signs - _ . can, without spaces")
    if name[0] in _SIGNS or name[-1] in _SIGNS or re.search(r"[-_.]{2}", name):
        raise Mistake(f"the name {name!r} begins, ends or goes on with two signs; put letters between - _ .")
    if _MARKS.search(unicodedata.normalize("NFD", name)):
        raise Mistake(f"the name {name!r} has letters with too many marks; two on a letter are the most")
    if not any(sign.isalpha() for sign in name):
        raise Mistake(f"the name {name!r} has no letter; a name has one at least")
    if not any(_scripts(name) <= together for together in _TOGETHER):
        raise Mistake(f"the name {name!r} mixes letters of several scripts; write it in one")
    if likeness(name) in _RESERVED:
        raise Mistake(f"the name {name!r} is kept for the library itself; take another one")
    return name


def key(name: str) -> str:
    """What finds a name, however it is written: without case and accents."""
    return fold(name)


def likeness(name: str) -> str:
    """What two names share that a reader could take for each other (a skeleton: UTS 39, section 4)."""
    bare = fold(unicodedata.normalize("NFKC", name)).translate(_LIKE).translate(_LIKE)
    for pair, single in _PAIRS:
        bare = bare.replace(pair, single)
    return bare


_RESERVED = frozenset(likeness(word) for word in RESERVED)


def _may_be_in(sign: str) -> bool:
    """A letter, a digit or a mark on a letter as it is written every day: no other form of one (full-width, bold)."""
    if sign in _SIGNS or (sign.isascii() and sign.isalnum()):
        return True
    if unicodedata.category(sign) not in ("Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd"):
        return False
    return unicodedata.normalize("NFKC", sign) == sign and _is_daily(sign)


def _is_daily(sign: str) -> bool:
    if _script(sign) != "LATIN":
        return any(_script(sign) in together for together in _TOGETHER) or _script(sign) == "COMBINING"
    return sign.lower() in _LATIN or unicodedata.normalize("NFD", sign)[0].isascii()


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0]


def _scripts(name: str) -> set[str]:
    return {"LATIN" if sign.isascii() else _script(sign) for sign in name if sign.isalpha()} - {"COMBINING"}
