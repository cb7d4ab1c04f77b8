"""Signal: the words of the question occur in the paper (BM25, between the candidates' least and best)."""

from broadsheet.rank import Facts, Scores, Seen, spread


def score(facts: Facts) -> Scores:
    return spread(facts.bm25)


def sentence(seen: Seen) -> str:
    places = ((seen.in_title, "in its title"), (seen.in_text, "in its text"), (seen.in_names, "among its authors"))
    parts = [f"{_quoted(words)} {where}" for words, where in places if words]
    return " and ".join(parts) or "shares words with your question"


def _quoted(words: tuple[str, ...], most: int = 4) -> str:
    shown = ", ".join(f"“{word}”" for word in words[:most])
    return shown + (f" and {len(words) - most} more" if len(words) > most else "")
