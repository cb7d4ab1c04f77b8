"""How a text becomes words: one analysis for building, asking, ranking and highlighting.

A word is a run of letters and digits, lower-cased, without accents. A stem is what the English Snowball stemmer (Porter
2001) leaves of it; stop words have none.
"""

import re
from functools import lru_cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

LONGEST_WORD = 64  # bytes; longer runs are noise (base64, table rules) and only cost memory
_WORD = re.compile(r"[^\W_]+")
_TO_SPACE = {code: " " for code in range(128) if not chr(code).isalnum()}


def _analyzer(*filters: Filter) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold(), *filters):
        builder = builder.filter(step)
    return builder.build()


_RUNS = TextAnalyzerBuilder(Tokenizer.simple()).build()
STEMS = _analyzer(Filter.stopword("english"), Filter.stemmer("english"))
EXACT = _analyzer()


def placed(text: str) -> list[tuple[int, str]]:
    """The words of *text* and their places among its runs; a run too long for a word has one, in the index as well."""
    found = ((place, EXACT.analyze(run)) for place, run in enumerate(_RUNS.analyze(text)))
    return [(place, words[0]) for place, words in found if words]


@lru_cache(maxsize=1 << 18)
def stem(word: str) -> str:
    """The stem that the lexical index knows *word* by; empty for a stop word. Remembered: words repeat."""
    found = STEMS.analyze(word)
    return found[0] if found else ""


def stems(text: str) -> list[str]:
    """The distinct stems of *text*, in order."""
    return list(dict.fromkeys(STEMS.analyze(text)))


def plain_words(text: str) -> list[str]:
    """The words of *text* as the lexical index cuts them, in order, spelled as they are."""
    if text.isascii():  # five times as fast as the expression
        return text.translate(_TO_SPACE).split()
    return _WORD.findall(text)
