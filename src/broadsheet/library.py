"""One library: a store, its indexes, its encoder, its settings. The verbs of the command line, as methods.

with broadsheet.open("~/papers") as library:
    library.add(["new.bib"])
    for hit in library.search("sparse attention for long documents").hits: ...
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from broadsheet import ids, querylang, settings
from broadsheet.community.dailies import Dailies
from broadsheet.errors import Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.query import Page, Query, Sort, Suggestion
from broadsheet.shelves import Shelved
from broadsheet.store import OWNER, Store
from broadsheet.watch import BLIND, Indexing, Watch

if TYPE_CHECKING:
    from broadsheet.embed import Encoder
    from broadsheet.evaluate import Figures
    from broadsheet.fetch import Client
    from broadsheet.find import Finder
    from broadsheet.following import Followed
    from broadsheet.harvest import Report
    from broadsheet.index import Index
    from broadsheet.ingest import Summary
    from broadsheet.quarantine import Retried
    from broadsheet.settings import Settings
    from broadsheet.sources.files import File
    from broadsheet.standing import Standing
    from broadsheet.sync import Board

STORE_FILE = "store.sqlite3"


class Added(NamedTuple):
    """What `add` did: one summary a file, sentences for what a folder held besides, papers newly indexed."""

    files: tuple[tuple[str, "Summary"], ...]
    skipped: tuple[str, ...]
    indexed: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What a library holds.

    behind     changes of the store that the indexes have not seen
    last_sync  when papers last came, ISO 8601; empty if never
    bytes      on disk, by part
    set_aside  records that could not be taken and wait in the ledger
    """

    papers: int
    indexed: int
    vectors: int
    behind: int
    last_sync: str
    encoder: str
    bytes: Mapping[str, int]
    set_aside: int

    def to_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__} | {"bytes": dict(self.bytes)}


class Shelf(NamedTuple):
    """What there is to browse: (value, papers), the commonest first; years newest first."""

    venues: tuple[tuple[str, int], ...]
    categories: tuple[tuple[str, int], ...]
    years: tuple[tuple[str, int], ...]


class Library(Shelved, Dailies):
    """Opened by `open_library`. Safe to share between threads; several processes may hold the same library."""

    def __init__(self, config: "Settings", store: Store, env: Mapping[str, str]) -> None:
        self.settings, self.store, self._env = config, store, env

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def cores(self) -> int:
        """How many processor cores a job may use."""
        return self.settings.threads or os.cpu_count() or 1

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> "Library":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def encoder(self) -> "Encoder":
        from broadsheet import embed

        return embed.load(self.settings.encoder, self.home / "models")

    @cached_property
    def index(self) -> "Index":
        from broadsheet.index import Index

        return Index(self.home / "index", self.settings.threads)

    @cached_property
    def finder(self) -> "Finder":
        from broadsheet.find import Finder

        return Finder(self.store, self.index, self.encoder, self.settings.weights)

    # -- questions ---------------------------------------------------------------------------------------------------

    def parse(self, text: str, **more: Any) -> Query:
        """The question in *text*, asked by the owner; see `querylang.parse` for what else it may be told."""
        return querylang.parse(text, **({"asker": OWNER} | more))

    def search(self, query: Query | str) -> Page:
        return self.finder.search(self.parse(query) if isinstance(query, str) else query)

    def straight(self, query: Query) -> str:
        """The key of the one paper that the whole question names; empty if it names none."""
        return self.finder.straight(query)

    def suggest(self, text: str, limit: int = 8, asker: int = OWNER) -> tuple[Suggestion, ...]:
        """Names, titles and *asker*'s saved searches that *text* may become. Raises Mistake for a limit."""
        return self.finder.suggest(text, limit, asker)

    def similar(
        self, wanted: Sequence[str], *, without: Sequence[str] = (), limit: int = 10, sort: Sort = "relevance",
        offset: int = 0,
    ) -> Page:  # fmt: skip
        """Papers like all of *wanted* and unlike *without*, neither among them. Raises NotFound for an unknown id."""
        self._pks([*wanted, *without])
        like, unlike = (tuple(dict.fromkeys(map(ids.own, given))) for given in (wanted, without))
        return self.search(replace(self.parse("", limit=limit, sort=sort, offset=offset), like=like, unlike=unlike))

    def why_not(self, query: Query, identifier: str) -> tuple[str, ...]:
        """Why a paper is not among the first that answer *query*, as sentences. Raises NotFound for an unknown id."""
        return self.finder.why_not(query, self.row(identifier))

    def topics(self, query: Query, most: int = 12) -> tuple[str, ...]:
        """What the newest papers that fit the conditions of *query* are about, as phrases of their titles."""
        return self.finder.topics(query, most)

    def near_names(self, kind: str, name: str, most: int = 8) -> tuple[str, ...]:
        """The authors (*kind* author) or venues (venue) whose names are written most like *name*."""
        return self.finder.near_names(kind, name, most)

    def paper(self, identifier: str) -> Paper | None:
        """The paper with this id, in any spelling; None if nobody has it."""
        pk = self.store.resolve([ids.own(identifier)]).get(ids.own(identifier))
        return None if pk is None else self.store.get([pk]).get(pk)

    def papers(self) -> Iterator[Paper]:
        """Every paper, in the order they came."""
        after = 0
        while rows := self.store.scan(after, 1000):
            for after, paper in rows:  # noqa: B007  # the last pk is where the next page begins
                yield paper

    def row(self, identifier: str) -> int:
        """The row of the store that holds the paper with this id. Raises NotFound."""
        return self._pks([identifier])[0]

    def split(self, identifier: str, number: int) -> tuple[Paper, Paper]:
        """Take copy *number* out of a paper, for good; what is left, and the paper that came out. Raises Mistake."""
        from broadsheet import merge

        done = merge.undo(self.store, self.row(identifier), number)
        self.refresh()
        papers = self.store.get([done.kept, done.new])
        return papers[done.kept], papers[done.new]

    def join(self, identifier: str, other: str) -> Paper:
        """Make two papers one. Raises Mistake."""
        from broadsheet import merge

        pk = self.row(identifier)
        merge.join(self.store, pk, self.row(other))
        self.refresh()
        return self.store.get([pk])[pk]

    def _pks(self, identifiers: Sequence[str]) -> list[int]:
        known = self.store.resolve([ids.own(identifier) for identifier in identifiers])
        missing = [identifier for identifier in identifiers if ids.own(identifier) not in known]
        if missing:
            raise NotFound(f"no paper has the id {', '.join(missing)}; `broadsheet search` finds papers by their words")
        return [known[ids.own(identifier)] for identifier in identifiers]

    def warm(self) -> None:
        """Load all that questions need: for whoever will ask many, and wants the first answered like the rest."""
        self.index.warm()
        self.search("warming up")
        self.suggest("warming up")

    # -- jobs ----------------------------------------------------------------------------------------------------------

    def add(self, what: Iterable[str | Path], *, watch: Watch = BLIND, index: bool = True) -> Added:
        """Bring files and folders in, and papers by their ids (arXiv, DOI, ACL, PubMed) or addresses, then index them.

        Interrupted, it goes on where it was next time. Raises Mistake, FetchError for a look-up, StoreError.
        """
        from broadsheet import lookup
        from broadsheet.sources import files

        given = list(what)
        wanted = dict.fromkeys(name for one in given if (name := lookup.named(one)))
        groups = lookup.groups(list(wanted))  # before anything is taken in: one wrong id ends it all
        found = files.expand(one for one in given if not lookup.named(one))
        done = tuple((file.path.name, self._take(file, watch)) for file in found.files)
        if groups:
            done += lookup.run(self.store, self.client, groups, self.followed()[0])
        return Added(done, found.skipped, self.refresh(watch) if index else 0)

    def _take(self, file: "File", watch: Watch) -> "Summary":
        from broadsheet import harvest, ingest, prepare, standing, sync

        watch.stage(file.path.name, file.size, "bytes")
        position = 0

        def moved(place: int) -> None:
            nonlocal position
            position = place

        large = file.size >= prepare.WORTH and self.cores > 1
        at_work = harvest.at_work(self.home / sync.LOCKS, f"{standing.ADDED} {file.format}")
        with at_work, self.store.bulk() if large else nullcontext():
            summary = ingest.run(
                self.store,
                file.format,
                lambda skip: prepare.items(file, skip, moved) if large else file.records(skip=skip, moved=moved),
                part=str(file.path.resolve()).encode(errors="backslashreplace").decode(),  # a name may be no UTF-8
                mark=file.fingerprint,
                progress=lambda so_far: watch.moved(position, f"{so_far.done:,} records"),
                batch=ingest.LARGE if large else ingest.BATCH,
            )
        watch.moved(file.size, f"{summary.done:,} records")
        return summary

    def refresh(self, watch: Watch = BLIND) -> int:
        """Bring the indexes up to the store; how many papers that were."""
        return self.index.refresh(self.store, self.encoder, Indexing(watch))

    def rebuild(self, watch: Watch = BLIND) -> int:
        """Make the indexes anew from the store; readers keep the old ones until the new are whole."""
        return self.index.rebuild(self.store, self.encoder, Indexing(watch))

    def evaluate(self, path: Path, watch: Watch = BLIND) -> "Figures":
        """Figures over the judged queries of a file; see `evaluate`."""
        from broadsheet import evaluate as measure

        judged = measure.read(path)
        watch.stage("asking", len(judged), "questions")

        def ask(text: str) -> "measure.Answer":
            return measure.timed(lambda: (frozenset(hit.paper.ids) for hit in self.search(_plain(text)).hits))

        def known(wanted: Iterable[str]) -> Mapping[str, int]:
            return self.store.resolve(list(wanted))

        return measure.evaluate(judged, ask, known, watch.moved)

    # -- sources -------------------------------------------------------------------------------------------------------

    def followed(self) -> "tuple[tuple[Followed, ...], dict[str, str]]":
        """The sources that the library's file names now; and name -> what is wrong with it, for the others."""
        from broadsheet import following

        return following.followed(self.home, self._env)

    @cached_property
    def client(self) -> "Client":
        """The way to the network, polite and bounded."""
        from broadsheet import sync

        return sync.client(self.settings)

    def sync(
        self,
        names: Sequence[str] = (),
        *,
        force: bool = False,
        board: "Board | None" = None,
        watch: Watch = BLIND,
        index: bool = True,
    ) -> "tuple[Report, ...]":
        """Catch up with the followed sources (those named, or all), then index what is new.

        *force* asks also a source that can have nothing new yet. One that the settings get wrong has failed. Raises
        NotFound for a name that is not followed.
        """
        from broadsheet import following, sync
        from broadsheet.harvest import Report

        good, wrong = self.followed()
        chosen = following.wanted([*(one.name for one in good), *wrong], names)
        reports = sync.run(
            self.store, [one for one in good if one.name in chosen], self.client, home=self.home,
            now=datetime.now(UTC), force=force, board=board,
        )  # fmt: skip
        if index and any(report.new or report.updated for report in reports):
            self.refresh(watch)
        return reports + tuple(Report(name, "failed", why=why) for name, why in wrong.items() if name in chosen)

    def retry(self, names: Sequence[str] = ()) -> "Retried":
        """Try to take again what was set aside (of those sources, or of all)."""
        from broadsheet import quarantine

        return quarantine.retry(self.store, names)

    def sources(self) -> "tuple[Standing, ...]":
        """How every source stands: its last run, when it is asked again, its health of ninety days."""
        from broadsheet import standing, sync

        good, wrong = self.followed()
        return standing.standings(self.store, good, self.home / sync.LOCKS, datetime.now(UTC), wrong)

    # -- state ---------------------------------------------------------------------------------------------------------

    def stats(self) -> Stats:
        state = self.index.state()
        finished = next((run.finished for run in self.store.runs(50) if run.finished and (run.new or run.updated)), "")
        return Stats(
            papers=self.store.count(),
            indexed=state.papers,
            vectors=state.papers,
            behind=max(0, self.store.change() - state.seq),
            last_sync=finished or "",
            encoder=self.settings.encoder,
            bytes={**self.store.size(), **_sizes(self.home, ("index", "models"))},
            set_aside=sum(self.store.failures().values()),
        )

    def shelf(self, most: int = 24) -> Shelf:
        """What there is to browse; empty before the first indexing."""
        reader = self.index.reader()
        if reader is None:
            return Shelf((), (), ())
        columns = reader.columns
        return Shelf(*(tuple(columns.counts(name, most)) for name in ("venue", "category", "year")))


def open_library(
    home: str | Path | None = None,
    *,
    create: bool = True,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Library:
    """The library in the folder *home* (see `settings.home`), made if it is not there and *create* is set.

    Raises NotFound where there is none, Mistake for settings that are wrong, StoreError for a store that is not ours.
    """
    env = os.environ if env is None else env
    folder = settings.home(home, env)
    if folder.exists() and not folder.is_dir():
        raise Mistake(f"{folder} is a file; a library is a folder")
    config = settings.load(folder, env, flags)
    if not create and not config.store and not (folder / STORE_FILE).exists():
        raise NotFound(f"there is no library in {folder}; `broadsheet add FILE` makes one, `broadsheet demo` shows one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"{folder}: a library cannot be made here ({error.strerror})") from error
    return Library(config, Store.open(config.store or folder / STORE_FILE, create=create), env)


def _plain(text: str) -> Query:
    """A judged query is words: nothing in it is meant as the box's language."""
    return Query(text=text, words=" ".join(text.split()))


def _sizes(home: Path, parts: Sequence[str]) -> dict[str, int]:
    """Bytes of each folder; files that go while we look are left out."""
    sizes = {}
    for part in parts:
        total = 0
        for path in (home / part).rglob("*"):
            with suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
        sizes[part] = total
    return sizes
