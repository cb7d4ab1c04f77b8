"""Learns a static encoder from titles and abstracts, guided by a teacher's vectors; minutes on two cores.

Three steps (docs/encoder.md has the measurements): every token starts from the teacher's vector of the token alone,
weighted by how rare it is (Arora et al. 2017); the sum of a paper's tokens is drawn to the teacher's vector of the
paper; then two views of one paper are told from those of a batch of others (InfoNCE, van den Oord et al. 2018), while
the teacher's vectors hold what the corpus does not speak of. Only numpy, except for what a BERT teacher itself needs.
"""

import importlib.util
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from broadsheet.embed import Vectors
from broadsheet.embed import _vocabulary as vocabulary
from broadsheet.embed._descent import Adam, Sums, compact, info_nce
from broadsheet.embed._tokens import PIECE, Tokens
from broadsheet.embed._views import Corpus, read
from broadsheet.embed.static import FILE, MAX_LENGTH, Parts, StaticEncoder, general, quantize, save, unit
from broadsheet.errors import MissingExtra, Mistake

LEAST = 200  # papers with an abstract; fewer cannot teach anything that the general model does not know
SMALL_BATCH = 64  # papers to be told apart, at the least
ENOUGH = 32  # batches an epoch, before they grow
TRIED_ON = 500  # papers held back, at most, to measure what was learned
AMONG = 20_000  # abstracts among which their own must be found

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. The values are those that measured best (docs/encoder.md)."""

    dim: int = 256
    words: int = 27_400  # beyond the teacher's: with a vocabulary of 30,522 pieces the model has 16 MB
    pairs: int = 3_000
    most: int = 100_000  # papers; a larger corpus is sampled
    rare: float = 1e-3  # a of a / (a + p), the weight of a token of probability p
    draw_epochs: int = 5
    draw_batch: int = 512
    draw_decay: float = 0.6
    epochs: int = 7
    batch: int = 1_024
    decay: float = 0.7  # of the rate, an epoch
    rate: float = 2e-3
    scale: float = 20.0  # one over InfoNCE's temperature
    to_teacher: float = 0.5  # weight of InfoNCE between the query's view and the teacher's papers
    hold: float = 5.0  # weight of the cosine between a passage's view and the teacher's vector
    hold_query: float = 0.5  # the same of a query's view, as a share of `hold`


@dataclass(frozen=True, slots=True)
class Report:
    """What was made.

    mrr          of finding a held-back paper's abstract by its title among `among` abstracts, MRR@10
    mrr_general  the same for the model in the package
    """

    path: Path
    hash: str
    papers: int
    rows: int
    dim: int
    bytes: int
    seconds: float
    tried: int
    among: int
    mrr: float
    mrr_general: float

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "path": str(self.path)}


class Guide(Protocol):
    """What a teacher is to training: a vocabulary to fall back on, and vectors of texts."""

    dim: int

    def pieces(self) -> list[str]: ...

    def encode(self, texts: Sequence[str], progress: Callable[[int, int], None]) -> Vectors: ...


class _General:
    """The model in the package as the teacher: what it knows of other fields is kept."""

    def __init__(self, encoder: StaticEncoder) -> None:
        self._encoder = encoder
        self.dim = encoder.contract.dim

    def pieces(self) -> list[str]:
        return [token.decode() for token in self._encoder.parts.vocabulary]

    def encode(self, texts: Sequence[str], progress: Callable[[int, int], None]) -> Vectors:
        vectors = self._encoder.encode(texts, "passage")
        progress(len(texts), len(texts))
        return vectors


def train(
    papers: Iterable[tuple[str, str]],
    out: Path,
    *,
    teacher: Path | None = None,
    name: str = "static",
    seed: int = 1,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
) -> Report:
    """Learn from (title, abstract) pairs and write the model into the folder *out*, in one rename at the end.

    *teacher* is a local sentence-transformers folder; without one the model in the package teaches. The same papers,
    seed and machine give the same model. Raises Mistake for too few abstracts or a recipe that cannot be,
    MissingExtra when a teacher is given and PyTorch is not there.
    """
    started = time.monotonic()
    recipe, say = recipe or Recipe(), progress or _silent
    guide = _guide(teacher)
    _check(recipe, guide)
    rng = np.random.default_rng(seed)
    chosen = _sample(papers, recipe.most, rng)
    held, kept = _hold_back(chosen)
    encoder = _learn(kept, guide, name, recipe, rng, say)
    file = out / FILE
    code = save(encoder.parts, file)
    abstracts = [abstract for _, abstract in (*held, *kept[:AMONG])]
    return Report(
        path=file, hash=code, papers=len(kept), rows=len(encoder.parts.vocabulary), dim=recipe.dim,
        bytes=file.stat().st_size, seconds=time.monotonic() - started, tried=len(held), among=len(abstracts),
        mrr=_mrr(encoder, held, abstracts), mrr_general=_mrr(general(), held, abstracts),
    )  # fmt: skip


def _silent(what: str, done: int, total: int) -> None:
    pass


def _guide(teacher: Path | None) -> Guide:
    if teacher is None:
        return _General(general())
    missing = [module for module in ("torch", "safetensors", "tokenizers") if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"a teacher needs {' and '.join(missing)}: pip install 'broadsheet[train]' (or train without a teacher)"
        )
    from broadsheet.embed._teacher import Teacher

    return Teacher(teacher)


def _check(recipe: Recipe, guide: Guide) -> None:
    if not 8 <= recipe.dim <= guide.dim:
        raise Mistake(f"dim is {recipe.dim}; with this teacher it can be 8 to {guide.dim}")
    if recipe.epochs < 1 or recipe.batch < 2:
        raise Mistake("a recipe needs at least one epoch, and batches of two")


def _sample(papers: Iterable[tuple[str, str]], most: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """At most *most* of the papers with a title and an abstract, each as likely (Vitter's reservoir), shuffled."""
    chosen: list[tuple[str, str]] = []
    seen = 0
    for title, abstract in papers:
        if not title.strip() or not abstract.strip():
            continue
        seen += 1
        if len(chosen) < most:
            chosen.append((title[:MAX_LENGTH], abstract[:MAX_LENGTH]))
        elif (place := int(rng.integers(seen))) < most:
            chosen[place] = (title[:MAX_LENGTH], abstract[:MAX_LENGTH])
    if len(chosen) < LEAST:
        raise Mistake(
            f"training needs at least {LEAST} papers with a title and an abstract, got {len(chosen)}; "
            "until there are more, the general model serves best"
        )
    order = rng.permutation(len(chosen))
    return [chosen[place] for place in order]


def _hold_back(chosen: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Some to measure on, never trained on; and the rest."""
    count = min(TRIED_ON, len(chosen) // 20)
    return chosen[:count], chosen[count:]


def _learn(
    papers: list[tuple[str, str]], guide: Guide, name: str, recipe: Recipe, rng: np.random.Generator, say: Progress
) -> StaticEncoder:
    say("counting words", 0, 1)
    words, pairs = vocabulary.count((f"{title} {abstract}" for title, abstract in papers), MAX_LENGTH)
    tokens = Tokens(vocabulary.choose(words, pairs, guide.pieces(), recipe.words, recipe.pairs))
    corpus = read(papers, tokens, MAX_LENGTH)
    targets = guide.encode(
        [f"{title}. {abstract}" for title, abstract in papers], lambda done, of: say("asking the teacher", done, of)
    )
    axes = _axes(targets, recipe.dim)
    alone = guide.encode([_spelled(token) for token in tokens.vocabulary], lambda *_: None)
    table = _start(alone @ axes, corpus, recipe.rare)
    targets = unit(targets @ axes)
    _draw(table, corpus, targets, recipe, rng, say)
    _contrast(table, corpus, targets, recipe, rng, say)
    packed, scales = quantize(table)
    made = f"{len(papers)} papers; teacher of {guide.dim} dimensions"
    return StaticEncoder(Parts(name, tokens.vocabulary, packed, scales, made))


def _spelled(token: bytes) -> str:
    return token.removeprefix(PIECE).decode("utf-8", "replace")


def _axes(vectors: Vectors, dim: int) -> Vectors:
    """The *dim* directions that keep most of the vectors' products, strongest first: shape (width, dim)."""
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    kept: Vectors = np.ascontiguousarray(axes[:, ::-1][:, :dim])
    return kept


def _start(alone: Vectors, corpus: Corpus, rare: float) -> Vectors:
    """Each token's own vector, centred, times the weight of its rarity."""
    counts = np.bincount(corpus.rows, minlength=len(alone)) + 1.0
    weights = rare / (rare + counts / counts.sum())
    table: Vectors = ((alone - alone.mean(0)) * weights[:, None]).astype(np.float32)
    return table


def _draw(
    table: Vectors, corpus: Corpus, targets: Vectors, recipe: Recipe, rng: np.random.Generator, say: Progress
) -> None:
    """Regress the papers' sums on the teacher's vectors, by cosine."""
    adam, rate = Adam(table), recipe.rate
    batches = _Batches(len(corpus), recipe.draw_batch, recipe.draw_epochs, rng)
    for epoch, papers in batches:
        say("drawing papers to the teacher", *batches.progress)
        rows, (bags,) = compact([corpus.whole(paper) for paper in papers])
        sums = Sums(bags, table[rows])
        gradient = sums.back(-targets[papers] / np.float32(len(papers)))
        adam.step(rows, gradient, rate * recipe.draw_decay**epoch)


def _contrast(
    table: Vectors, corpus: Corpus, targets: Vectors, recipe: Recipe, rng: np.random.Generator, say: Progress
) -> None:
    """Tell each paper's views from the other papers', with the teacher holding the space in place."""
    adam = Adam(table)
    batches = _Batches(len(corpus), recipe.batch, recipe.epochs, rng)
    for epoch, papers in batches:
        say("telling papers apart", *batches.progress)
        views = [(paper, *corpus.views(paper, rng)) for paper in papers]
        views = [view for view in views if len(view[1]) and len(view[2])]
        if len(views) < 2:
            continue
        rows, bags = compact([query for _, query, _ in views], [text for _, _, text in views])
        queries, passages = (Sums(bag, table[rows]) for bag in bags)
        wanted = targets[[paper for paper, _, _ in views]]
        by_query, by_passage = _slopes(queries.units, passages.units, wanted, recipe)
        gradient = queries.back(by_query) + passages.back(by_passage)
        adam.step(rows, gradient, recipe.rate * recipe.decay**epoch)


def _slopes(queries: Vectors, passages: Vectors, wanted: Vectors, recipe: Recipe) -> tuple[Vectors, Vectors]:
    """Gradient of the whole loss by the two views' unit vectors; *wanted* are the teacher's."""
    _, forth_query, forth_passage = info_nce(queries, passages, recipe.scale)
    _, back_passage, back_query = info_nce(passages, queries, recipe.scale)
    _, by_teacher, _ = info_nce(queries, wanted, recipe.scale)
    held = np.float32(recipe.hold / len(wanted)) * wanted
    by_query = (forth_query + back_query) / 2 + np.float32(recipe.to_teacher) * by_teacher
    return by_query - np.float32(recipe.hold_query) * held, (forth_passage + back_passage) / 2 - held


class _Batches:
    """Shuffled batches of paper numbers, epoch after epoch; smaller ones of a small corpus, to have enough steps."""

    def __init__(self, papers: int, size: int, epochs: int, rng: np.random.Generator) -> None:
        self._papers, self._epochs, self._rng = papers, epochs, rng
        self._each = max(1, round(papers / min(size, max(SMALL_BATCH, papers // ENOUGH))))
        self._done = 0

    @property
    def progress(self) -> tuple[int, int]:
        return self._done, self._each * self._epochs

    def __iter__(self) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        for epoch in range(self._epochs):
            for batch in np.array_split(self._rng.permutation(self._papers), self._each):
                yield epoch, batch
                self._done += 1


def _mrr(encoder: StaticEncoder, held: Sequence[tuple[str, str]], abstracts: Sequence[str]) -> float:
    """MRR@10 of the held papers' titles, whose abstracts are the first of *abstracts*."""
    scores = encoder.encode([title for title, _ in held], "query") @ encoder.encode(abstracts, "passage").T
    own = scores.diagonal()[:, None]
    ranks = (scores > own).sum(1) + 1
    return float(np.where(ranks <= 10, 1 / ranks, 0).mean())
