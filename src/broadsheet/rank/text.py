"""Signal: the words of the question occur in the paper (BM25, between the candidates' least and best)."""

from broadsheet.rank import Facts, Scores, Seen, spread


def score(facts: Facts) -> Scores:
    return spread(facts.bm25)


def sentence(seen: Seen) -> str:
    if not seen.in_title and not seen.in_text:
        return "shares words with your question"
    parts = []
    if seen.in_title:
        parts.append(f"{_quoted(seen.in_title)} in its title")
    if seen.in_text:
        parts.append(f"{_quoted(seen.in_text)} in its text")
    return " and ".join(parts)


def _quoted(words: tuple[str, ...], most: int = 4) -> str:
    shown = ", ".join(f"“{word}”" for word in words[:most])
    return shown + (f" and {len(words) - most} more" if len(words) > most else "")
