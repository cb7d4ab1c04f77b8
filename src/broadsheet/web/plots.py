"""Small plots as SVG, drawn on the server: no script needed to see them, a text for who cannot. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from broadsheet.query import Signal
from broadsheet.text import plural

MOST_BARS = 48  # more years than that are drawn in steps of 2, 5, 10 ...
_HEIGHT = 56
_WIDEST = 40  # pixels that a bar may take; with many years the page's width decides


@dataclass(frozen=True, slots=True)
class Bar:
    """Papers from *low* to *high* (years, inclusive)."""

    low: int
    high: int
    count: int

    @property
    def label(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


def bars(years: Mapping[int, int]) -> list[Bar]:
    """Every year from the first to the last, empty ones too, joined to equal steps when there are many."""
    if not years:
        return []
    first, last = min(years), max(years)
    step = next((s for s in (1, 2, 5, 10, 20, 50) if (last - first) // s < MOST_BARS), 100)
    first -= first % step
    return [
        Bar(low, min(low + step - 1, last), sum(years.get(year, 0) for year in range(low, low + step)))
        for low in range(first, last + 1, step)
    ]


def histogram(years: Mapping[int, int], prefix: str, chosen: tuple[int | None, int | None] = (None, None)) -> Markup:
    """A bar for each year; each is a link to its papers. It leads to *prefix* followed by the years; *chosen*
    ones are lit.

    Empty when there is only one year to show.
    """
    drawn = bars(years)
    if len(drawn) < 2:
        return Markup("")
    most = max(drawn, key=lambda bar: bar.count)
    label = f"Papers by year, {drawn[0].low} to {drawn[-1].high}; most in {most.label}: {most.count:,}"
    start = escape(prefix)
    inner = "".join(_bar(place, bar, most.count, start, _within(bar, chosen)) for place, bar in enumerate(drawn))
    width = min(len(drawn) * _WIDEST, 1200)
    return Markup(
        f'<svg class="hist" width="{width}" viewBox="0 0 {len(drawn) * 10} {_HEIGHT}" preserveAspectRatio="none"'
        f' role="group" aria-label="{escape(label)}">{inner}</svg>'
        f'<p class="axis" aria-hidden="true"><span>{drawn[0].low}</span><span>{drawn[-1].high}</span></p>'
    )


def _within(bar: Bar, chosen: tuple[int | None, int | None]) -> bool:
    low, high = chosen
    if low is None and high is None:
        return False
    return (low is None or bar.high >= low) and (high is None or bar.low <= high)


def _bar(place: int, bar: Bar, most: int, prefix: str, lit: bool) -> str:
    height = round(max(1.5, (_HEIGHT - 2) * bar.count / most), 1) if bar.count else 0
    x, top = place * 10, round(_HEIGHT - height, 1)
    words = f"{bar.label}: {plural(bar.count, 'paper')}"
    years = bar.low if bar.low == bar.high else f"{bar.low}..{bar.high}"
    shape = f'<rect x="{x + 1}" y="{top}" width="8" height="{height}"/>' if height else ""
    # The link is as tall as the plot, so that a bar of one paper can be hit too. Keyboards use the year field instead.
    return (
        f'<a href="{prefix}{years}" tabindex="-1" aria-label="{words}"{_on(lit)}'
        f' data-low="{bar.low}" data-high="{bar.high}"><title>{words}</title>'
        f'<rect class="hit" x="{x}" y="0" width="10" height="{_HEIGHT}"/>{shape}</a>'
    )


def _on(lit: bool) -> str:
    return ' class="on"' if lit else ""


_COLOURS = {"text": 0, "meaning": 1, "title": 2, "coverage": 3, "proximity": 4, "recency": 5, "citations": 5, "id": 2}


def parts(signals: Sequence[Signal]) -> Markup:
    """A score's parts as one thin stacked bar, in the order of *signals*; decoration, its numbers stand in a table."""
    drawn = "".join(
        f'<rect class="{_colour(name)}" x="{x:.1f}" y="0" width="{width:.1f}" height="6"/>'
        for name, x, width in _shares(signals)
    )
    return Markup(f'<svg class="parts" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>')


def _shares(signals: Sequence[Signal]) -> Iterator[tuple[str, float, float]]:
    """(name, start, width) of each part that added something, in hundredths of the whole."""
    whole = sum(max(0.0, signal.share) for signal in signals) or 1.0
    start = 0.0
    for signal in signals:
        width = 100 * max(0.0, signal.share) / whole
        if width:
            yield signal.name, start, width
        start += width


def key(name: str) -> Markup:
    """The colour of the signal *name*, for its row in the table."""
    colour = _colour(name)
    return Markup(
        f'<svg class="key" viewBox="0 0 6 6" aria-hidden="true"><rect class="{colour}" width="6" height="6"/></svg>'
    )


def _colour(name: str) -> str:
    """A signal looks the same wherever it stands; one that we do not know gets a colour by its name."""
    place = _COLOURS.get(name)
    return f"p{sum(name.encode()) % 6 if place is None else place}"
