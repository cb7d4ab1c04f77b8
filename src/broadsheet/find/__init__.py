"""The one question: `Query` -> `Page`.

    look-up?   -> the paper
    words      -> candidates of both indexes -> facts -> rank -> the whole list    (`lists`)
    like:      -> the papers nearest to others                                     (`alike`)
    conditions -> everything that fits, by date, citations or attention
               -> one page of it, with highlights, snippets and reasons            (`shown`)

The links of a page say how many papers there were when the first one was shown (`Query.upto`): papers that came since
do not push others from one page to the next, whichever process answers.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from broadsheet import ids
from broadsheet.condition import Is, leaves
from broadsheet.embed import Encoder
from broadsheet.find import alike, lists, missing, people, shown, spelling
from broadsheet.find.lists import Asked, Listing
from broadsheet.find.suggest import Suggester
from broadsheet.index import Index
from broadsheet.index.conditions import Given
from broadsheet.index.reader import Reader
from broadsheet.index.snippets import marked, snippet
from broadsheet.paper import Paper
from broadsheet.query import MAX_OFFSET, Filters, Hit, Page, Query, Signal, Suggestion
from broadsheet.store import Store
from broadsheet.text import fold, plural, title_key

TITLE_SIGNAL = 1.0  # weight of "the question is its title": more than text and meaning together can add elsewhere
REMEMBERED = 256  # result lists
TOGETHER = 200  # papers that are read from the store at a time
TITLE_WORDS = 4  # of a title that nobody types by chance
UNHEARD = "No paper holds any of these words; these are the nearest in meaning."
FILTERLESS = "A look-up of an identifier pays no heed to filters."

Key = tuple[object, ...]


class Finder:
    """Answers questions over one library. Safe to share between threads."""

    def __init__(self, store: Store, index: Index, encoder: Encoder, weights: Mapping[str, float]) -> None:
        self._store, self._index, self._encoder = store, index, encoder
        self.weights = {**weights, "title": TITLE_SIGNAL}
        self._lists: OrderedDict[Key, tuple[str, Listing]] = OrderedDict()
        self._suggester = Suggester(store)
        self._lock = threading.Lock()

    def search(self, query: Query) -> Page:
        """The papers that answer *query*, one page of them."""
        start = time.perf_counter()
        page = self._look_up(query) or self._page(query)
        return replace(page, took_ms=(time.perf_counter() - start) * 1000)

    def _look_up(self, query: Query) -> Page | None:
        """The paper whose id the question is, pasted or typed; None when it is no id or nobody has it."""
        wanted = query.lookup or self._own_id(query)
        if not wanted:
            return None
        pk = self._store.resolve([wanted]).get(wanted)
        paper = self._store.get([pk]).get(pk) if pk is not None else None
        if paper is None:
            return None
        sentence = f"{ids.shown(wanted)} is one of its identifiers"
        signal = Signal("id", 1.0, 1.0, 1.0, sentence)
        hit = Hit(paper, 1.0, (signal,), sentence, marked(paper.title, []), snippet(paper.abstract, [], {}))
        facets = {"year": ((str(paper.year), 1),)} if paper.year else {}
        notes = (*query.notes, FILTERLESS) if query.filters else query.notes
        return Page(query, 1, (hit,)[query.offset :], reach=1, facets=facets, notes=notes)

    def _own_id(self, query: Query) -> str:
        """The id that a question of one word may be: one that a file gave its record. Not a word that papers use."""
        if not query.words or " " in query.words or replace(query, words="").canonical():
            return ""
        reader = self._index.reader(self._encoder)
        used = reader is not None and reader.lexical.written(fold(query.words)) > 0
        return "" if used else ids.own(query.words)

    def straight(self, query: Query) -> str:
        """The key of the one paper that the question names, by an id or by its whole title; empty if it names none."""
        if query.verbatim or query.offset or query.filters:
            return ""
        if (page := self._look_up(query)) and page.hits:
            return page.hits[0].paper.key
        conditions = query.without or query.where or query.like or query.unlike
        if conditions or title_key(query.text).count(" ") < TITLE_WORDS - 1:
            return ""
        pks = self._store.titled(query.text)
        return self._store.get(pks)[pks[0]].key if len(pks) == 1 else ""

    def suggest(self, text: str, limit: int, asker: int = 0) -> tuple[Suggestion, ...]:
        """What *text* may become while it is typed; see `suggest`."""
        return self._suggester.suggest(text, limit, self._index.reader(), asker)

    def papers(self, query: Query) -> Iterator[Paper]:
        """All papers that can be turned to, in order, without what a page says of each."""
        if page := self._look_up(query):
            yield from (hit.paper for hit in page.hits)
            return
        reader = self._index.reader(self._encoder)
        if reader is None:
            return
        listing = self._remembered(self._meant(replace(query, offset=0, limit=MAX_OFFSET), reader)[0])
        for start in range(query.offset, len(listing.pks), TOGETHER):
            pks = listing.pks[start : start + TOGETHER].tolist()
            papers = self._store.get(pks)
            yield from (papers[pk] for pk in pks if pk in papers)

    def new_since(self, query: Query, pk: int) -> int:
        """How many papers that answer *query* came after row *pk*."""
        reader = self._index.reader(self._encoder)
        if reader is None:
            return 0
        asked, _ = self._meant(replace(query, upto=0, offset=0, limit=1, facets=()), reader)
        found = self._listing(asked)
        late = found.pks[found.pks > pk]
        if found.likes:
            return len(late)
        return reader.lexical.held(asked.held._replace(after=pk), late)

    def since(self, query: Query, pk: int, most: int) -> list[int]:
        """The papers that answer *query* and came after row *pk*, by row.

        Those that rank among all papers come first, then what holds its words by how well, then what holds none.
        """
        if page := self._look_up(query):
            found = self._store.resolve([hit.paper.ids[0] for hit in page.hits])
            return [row for row in found.values() if row > pk][:most]
        reader = self._index.reader(self._encoder)
        if reader is None:
            return []
        asked, _ = self._meant(replace(query, upto=0, offset=0, limit=1, facets=()), reader)
        listing = self._listing(asked)
        late = listing.pks[listing.pks > pk].tolist()
        if listing.likes:
            return list(late[:most])
        held = asked.held._replace(after=pk)
        best = reader.lexical.search(held, most, lists.TITLE_WEIGHT, lists.AUTHOR_WEIGHT, held).pks.tolist()
        return [*dict.fromkeys((*late, *best, *reader.lexical.latest(held, most).tolist()))][:most]

    def total(self, query: Query) -> int:
        """How many papers answer *query* as it stands."""
        if page := self._look_up(query):
            return page.total
        reader = self._index.reader(self._encoder)
        if reader is None:
            return 0
        return self._remembered(self._asked(_worded(replace(query, facets=())), reader)).total

    def latest(self, query: Query, most: int) -> tuple[Paper, ...]:
        """The answers that came last, the last one first, whatever their dates and wherever they rank."""
        if page := self._look_up(query):
            return tuple(hit.paper for hit in page.hits)
        reader = self._index.reader(self._encoder)
        if reader is None:
            return ()
        asked, _ = self._meant(replace(query, upto=0, offset=0, facets=()), reader)
        found = self._listing(asked)
        held = found.pks if found.likes else reader.lexical.latest(asked.held, most)
        last = np.union1d(found.pks, held)[::-1][:most].tolist()
        papers = self._store.get(last)
        return tuple(papers[pk] for pk in last if pk in papers)

    def why_not(self, query: Query, pk: int) -> tuple[str, ...]:
        """Why the paper of row *pk* is not among the first that answer *query*, or where it is."""
        reader = self._index.reader(self._encoder)
        paper = self._store.get([pk]).get(pk)
        if reader is None or paper is None:
            return self._behind(0)
        asked, _ = self._meant(query, reader)
        return missing.why_not(asked, self._remembered(asked), pk, paper)

    def topics(self, query: Query, most: int) -> tuple[str, ...]:
        """What the newest papers that fit the conditions of *query* are about."""
        reader = self._index.reader()
        return people.about(self._asked(query, reader), most) if reader else ()

    def near_names(self, kind: str, name: str, most: int) -> tuple[str, ...]:
        """The authors or venues that are written most like *name*."""
        reader = self._index.reader()
        return people.near_names(reader, kind, name, most) if reader else ()

    def _page(self, query: Query) -> Page:
        reader = self._index.reader(self._encoder)
        if reader is None:
            return Page(query, 0, notes=(*query.notes, *self._behind(0)))
        query = replace(query, upto=query.upto or reader.columns.rows)
        asked, mended = self._meant(query, reader)
        listing = self._remembered(asked)
        unknown = (f"No paper here has the identifier {ids.shown(query.lookup)}; it was searched as words.",)
        unheard = (UNHEARD,) if listing.total and spelling.unheard(asked.query.words, reader) else ()
        notes = (
            *query.notes,
            *(unknown if query.lookup else ()),
            *unheard,
            *listing.notes,
            *self._behind(reader.state.seq),
        )
        if not listing.total:
            return Page(query, 0, notes=notes, mended=mended, near=self._loosened(query))
        end = min(query.offset + query.limit, MAX_OFFSET)
        return Page(
            query=query,
            total=listing.total,
            hits=self._hits(asked, listing, end),
            reach=len(listing.pks) if listing.deep else min(listing.total, MAX_OFFSET),
            facets=listing.facets,
            notes=notes,
            mended=mended,
        )

    def _meant(self, query: Query, reader: Reader) -> tuple[Asked, str]:
        """The question as it is answered, and its words if some were misspelled."""
        asked = self._asked(_worded(query), reader)
        mended = query.words if query.verbatim or query.lookup else spelling.mended(query.words, reader)
        if mended == query.words:
            return asked, ""
        return replace(asked, query=replace(asked.query, words=mended, text=mended)), mended

    def _hits(self, asked: Asked, listing: Listing, end: int) -> tuple[Hit, ...]:
        going = listing.likes
        if going is None:
            return shown.hits(asked, listing, end, asked.query.searched, self.weights)
        found = shown.hits(asked, listing, end, going.telling, alike.WEIGHTS)
        return shown.nearest(asked, found, going.vector, going.telling)

    def _asked(self, query: Query, reader: Reader) -> Asked:
        return Asked(query, reader, self._store, self._encoder, self.weights, self._given(query))

    def _given(self, query: Query) -> Given:
        """What the question's words for time and lists mean now."""
        named = [one.value for node in query.where for one in leaves(node) if isinstance(one, Is) and one.field == "in"]
        return Given(datetime.now(UTC).date(), {fold(name): self._listed(name, query.asker) for name in named})

    def _listed(self, name: str, asker: int) -> tuple[int, ...]:
        """The papers on the list that *asker* means; none where there is none that *asker* sees."""
        found = self._store.lists.meant(name, asker)
        return tuple(self._store.lists.papers(found.id)) if found else ()

    def _remembered(self, asked: Asked) -> Listing:
        """The list that this question has; on a later page the very one whose first page was shown, if it is known."""
        query, given = asked.query, asked.given
        same = replace(query, offset=0, limit=1, explain=False, verbatim=False)
        question = (query.text, same, given.today, *sorted(given.lists.items()))
        with self._lock:
            stamp, listing = self._lists.get(question, ("", None))
            same_view = stamp == asked.reader.stamp
            enough = listing is not None and (listing.deep or asked.wanted <= len(listing.pks))
            if listing and enough and (query.offset or same_view):
                self._lists.move_to_end(question)
                return listing
        listing = self._listing(asked)
        with self._lock:
            self._lists[question] = (asked.reader.stamp, listing)
            while len(self._lists) > REMEMBERED:
                self._lists.popitem(last=False)
        return listing

    def _listing(self, asked: Asked) -> Listing:
        if asked.query.like or asked.query.unlike:
            return alike.listing(asked)
        found = lists.listing(asked, deep=False)
        if asked.wanted > len(found.pks) and not found.deep:
            return lists.listing(asked, deep=True)
        return found

    def _loosened(self, query: Query) -> tuple[str, ...]:
        """The same question with one kind of condition dropped, where that finds something."""
        words = query.searched
        looser = [
            replace(query, words=words, phrases=()) if query.phrases else query,
            replace(query, without=()),
            replace(query, words=words, where=()) if query.where else query,
            replace(query, filters=Filters()),
            replace(query, words=words, phrases=(), without=(), where=(), filters=Filters()),
        ]
        found = dict.fromkeys(one.canonical() for one in looser if one != query and self.total(one))
        return tuple(filter(None, found))[:3]

    def _behind(self, seq: int) -> tuple[str, ...]:
        missing = self._store.change() - seq
        if missing <= 0:
            return ()
        return (f"{plural(missing, 'change')} not indexed yet; `broadsheet doctor` catches up.",)


def _worded(query: Query) -> Query:
    """A pasted id that nobody has is searched as words."""
    return replace(query, words=query.text, lookup="") if query.lookup else query
