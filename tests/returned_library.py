"""A library whose letters come back, for tests: readers, editions that were sent, and what a server says of one."""

from broadsheet.editions import links
from broadsheet.editions.content import Content, Why, pack
from broadsheet.library import Library
from broadsheet.mail import verp
from broadsheet.store import Edition, Schedule, Subscriber, Wish
from returned_mail import letter, report
from sending_library import NOW

RETURNS = "bounces@papers.example.org"
FROM = "Papers <papers@papers.example.org>"
HOUR, DAY = 3_600, 86_400
SAID = pack(Content(quiet=(Why("nothing", {"name": "arXiv"}),)))


def reader(library: Library, email: str = "ada@example.net") -> Subscriber:
    return library.store.subscribers.put(email, None, Schedule(), [Wish("rising")], NOW - 90 * DAY)


def edition(library: Library, one: Subscriber, day: int = 20261120, state: str = "sent") -> Edition:
    row = Edition(0, one.id, day, state, "", NOW, 0, 0, 9, b"\1\0\0\0", SAID, NOW, NOW)
    library.store.editions.put([row])
    return library.store.editions.of(one.id, 1)[0]


def key(library: Library, one: Edition) -> str:
    return links.edition_key(library.store, one, purpose="return")


def envelope(library: Library, one: Edition) -> str:
    return verp.envelope(RETURNS, key(library, one))


def back(library: Library, one: Edition, status: str = "5.1.1", **more: str) -> bytes:
    """The report of a server that *one* did not arrive."""
    given = {"said": f"smtp; 550 {status} no", "number": f"<{one.day}@mx>", "to": envelope(library, one), **more}
    return report(status, returned=letter(key(library, one)), **given)


def unsubscribe(library: Library, one: Subscriber) -> str:
    return verp.unsubscribe(RETURNS, links.key_of(library.store, one, "leave"))


def suppressed(library: Library, email: str = "ada@example.net") -> str:
    found = library.store.subscribers.suppressed([email]).get(email)
    return found.why if found else ""


def state(library: Library, one: Edition) -> str:
    found = library.store.editions.at(one.id)
    assert found is not None
    return found.state
