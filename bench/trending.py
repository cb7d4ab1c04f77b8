"""Trending on simulated histories: planted risers found, planted spam kept out, and the time of a refresh.

    python -m bench.trending [--seeds 5] [--write]

10,000 honest readers and 87,000 papers over 60 days (tests/histories.py), a million events; five papers begin to rise,
and nine campaigns of spam run on the same day. Every formula sees the same history, 6, 12, 18 and 24 hours on.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench import table
from broadsheet.trend import BY_ACCOUNT, DAY, HALF_LIFE, HOUR, VOTES, Accounts, Events, Floats, Ints, Papers
from broadsheet.trend.counting import Counted, counted, once
from broadsheet.trend.formula import window, windows

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from histories import LARGE, ROSE, History, history

CHECKS = (6, 12, 18, 24)  # hours after the rise began
PLACES = 10
FIRST_SEED = 1_000  # no constant of the formula was chosen by looking at one of these histories
Formula = Callable[[Events, Accounts, Papers, int], Ints]  # to rows of papers, the best first


def _top(score: Floats) -> Ints:
    order = np.argsort(-score, kind="stable")[:PLACES]
    return order[score[order] > 0]


def _votes(events: Events, papers: Papers, since: int = 0) -> Floats:
    """Rows of votes, one an account: what a table of votes holds."""
    some = once(events.take(events.signal == VOTES), int(events.account.max()) + 1)
    return np.bincount(some.paper[some.at > since], minlength=len(papers)).astype(np.float64)


def raw(events: Events, _: Accounts, papers: Papers, now: int) -> Ints:
    return _top(_votes(events, papers, now - DAY))


def hacker_news(events: Events, _: Accounts, papers: Papers, now: int) -> Ints:
    minutes = (now - papers.appeared) / 60
    return _top(np.maximum(_votes(events, papers) - 1, 0) ** 0.8 / ((minutes + 120) / 60) ** 1.8)


def reddit(events: Events, _: Accounts, papers: Papers, __: int) -> Ints:
    return _top(np.log10(np.maximum(_votes(events, papers), 1)) + papers.appeared / 45_000 - 30_000)


def topic_rate(events: Events, _: Accounts, papers: Papers, now: int) -> Ints:
    """log1p(shrunk rate of votes / the topic's mean rate) x 2^(-age / half-life): no ages, no guards, votes only."""
    votes = _votes(events, papers, now - DAY)
    hours = np.clip((now - papers.appeared) / HOUR, 0.1, 24)
    topic = papers.topics[:, 0]
    usual = (np.bincount(topic, votes) / np.bincount(topic, hours))[topic] + 1e-9
    ratio = (votes + 1) / (hours + 1 / usual) / usual
    return _top(np.log1p(ratio) * np.exp2(-(now - papers.appeared) / HALF_LIFE["day"]))


def unguarded(events: Events, accounts: Accounts, papers: Papers, now: int) -> Ints:
    """Ours with every account trusted, and independent of all others."""
    acts = once(events.take(events.signal < BY_ACCOUNT), len(accounts.made))
    growth = events.take(events.signal >= BY_ACCOUNT)
    heard = Counted(Events.join(acts, growth), np.concatenate([np.ones(len(acts)), growth.amount]))
    return window(heard, papers, now, "day").best(PLACES)


def ours(events: Events, accounts: Accounts, papers: Papers, now: int) -> Ints:
    return window(counted(events, accounts, papers), papers, now, "day").best(PLACES)


FORMULAS: dict[str, Formula] = {
    "votes of the last day": raw, "Hacker News": hacker_news, "Reddit hot": reddit, "rate over the topic's": topic_rate,
    "ours, unguarded": unguarded, "ours": ours,
}  # fmt: skip


def judged(formula: Formula, past: History) -> tuple[float, float, float, float, float]:
    """Share of risers found at any check and at the last; spam among the ten, mean and most; processor seconds."""
    spam, found, sizes, spent = np.concatenate([*past.spam.values()]), [], [], []
    for hours in CHECKS:
        now = ROSE + hours * HOUR
        events, papers = past.until(now)
        began = time.process_time()
        best = formula(events, past.accounts, papers, now)
        spent.append(time.process_time() - began)
        found.append(np.isin(past.risers, best))
        sizes.append(int(np.isin(spam, best).sum()))
    at_all = float(np.any(found, axis=0).mean())
    return at_all, float(found[-1].mean()), float(np.mean(sizes)), float(max(sizes)), float(np.mean(spent))


def hardest(seeds: int) -> str:
    """What becomes of a ring that nothing gives away."""
    among = hot = 0
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        past, now = history(seed, LARGE, hardest=True), ROSE + DAY
        events, papers = past.until(now)
        terms = window(counted(events, past.accounts, papers), papers, now, "day")
        (paper,) = past.spam["patient ring"]
        one = terms.one(int(paper))
        among += int(paper in terms.best(PLACES))
        hot += int(one is not None and one.hot)
    return (
        "not in the table: a ring of old accounts that each voted for what they liked, never together before; "
        f"its paper was among the ten of ours in {among} of {seeds} histories, and hot in {hot}"
    )


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    columns = [
        "formula",
        "risers in the top 10 within a day",
        "after 24 h",
        "spam in the top 10",
        "at most",
        "processor s",
    ]
    result, histories = (
        table.Table("trending", columns),
        [history(FIRST_SEED + seed, LARGE) for seed in range(chosen.seeds)],
    )
    for name, formula in FORMULAS.items():
        rows = np.array([judged(formula, past) for past in histories])
        within, last, spam, _, seconds = rows.mean(axis=0)
        result.add(name, f"{within:.2f}", f"{last:.2f}", f"{spam:.2f}", int(rows[:, 3].max()), seconds)
    past = histories[0]
    now = ROSE + DAY
    events, papers = past.until(now)
    accounts = past.accounts
    with table.stage() as done:
        windows(events, accounts, papers, now)
    result.notes += [
        f"simulated: {len(past.made):,} accounts of which {past.honest:,} are honest, {len(papers):,} papers; "
        f"{chosen.seeds} histories with {len(past.risers)} risers and {len(past.spam)} campaigns each, "
        f"looked at {', '.join(map(str, CHECKS))} hours after the rise began",
        hardest(chosen.seeds),
        f"all three windows over {len(events):,} events: {done.seconds:.2f} s, {done.cpu:.2f} s of processor",
    ]
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
