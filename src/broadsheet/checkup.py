"""What `doctor` looks at: store, indexes, encoder, settings, mail; and what it mends on the way."""

import time
from typing import NamedTuple

from broadsheet.editions import heart, shown
from broadsheet.errors import BroadsheetError, IndexStale
from broadsheet.library import Library
from broadsheet.mail import compose, mailbox, server, signing, write
from broadsheet.text import plural
from broadsheet.watch import Watch

LATE = 3600  # seconds after its hour that a letter waits for no good reason
MANY = 0.05  # of the addresses, suppressed: large receivers begin to doubt a sender there


class Finding(NamedTuple):
    what: str
    ok: bool
    said: str


def examine(library: Library, *, rebuild: bool, watch: Watch) -> list[Finding]:
    """Every check in turn; with *rebuild* the indexes are made anew, else only brought up to date."""
    return [
        Finding("home", True, str(library.home)),
        _store(library),
        _encoder(library),
        _index(library, rebuild, watch),
        _agreement(library),
        _set_aside(library),
        *_mail(library, int(time.time())),
    ]


def _store(library: Library) -> Finding:
    problems = library.store.check()
    said = "; ".join(problems) if problems else f"{plural(library.store.count(), 'paper')} in {library.store.name}"
    return Finding("store", not problems, said)


def _encoder(library: Library) -> Finding:
    try:
        contract = library.encoder.contract
    except BroadsheetError as error:
        return Finding("encoder", False, str(error))
    return Finding("encoder", True, f"{contract.name}, {contract.dim} dimensions, {contract.hash}")


def _index(library: Library, rebuild: bool, watch: Watch) -> Finding:
    try:
        count = library.rebuild(watch) if rebuild else library.refresh(watch)
    except BroadsheetError as error:
        return Finding("indexes", False, str(error))
    if rebuild:
        return Finding("indexes", True, f"made anew from {plural(count, 'paper')}")
    return Finding("indexes", True, f"caught up with {plural(count, 'change')}" if count else "up to date")


def _agreement(library: Library) -> Finding:
    """Store and indexes must hold the same number of papers; each part of the index, too."""
    try:
        reader = library.index.reader(library.encoder)
    except (IndexStale, BroadsheetError) as error:
        return Finding("agreement", False, str(error))
    papers = library.store.count()
    counts = (
        {"words": 0, "facts": 0} if reader is None else {"words": reader.lexical.count, "facts": reader.columns.count}
    )
    wrong = {name: count for name, count in counts.items() if count != papers}
    if wrong:
        told = ", ".join(f"{name} {count:,}" for name, count in wrong.items())
        return Finding("agreement", False, f"the store has {papers:,} papers, but {told}; try doctor --rebuild")
    return Finding("agreement", True, f"store and indexes hold the same {plural(papers, 'paper')}")


def _set_aside(library: Library) -> Finding:
    failures = library.store.failures()
    if not failures:
        return Finding("set aside", True, "no record waits to be mended")
    told = ", ".join(f"{count:,} of {source}" for source, count in failures.items())
    return Finding("set aside", True, f"records that could not be taken: {told}")


def _mail(library: Library, now: int) -> list[Finding]:
    """What keeps letters from arriving; one line where nobody gets any."""
    counts = library.store.subscribers.count()
    found = [_letters(library)]
    if not counts["active"]:
        return [*found, Finding("readers", True, "nobody has subscribed to letters")]
    return [*found, _at_work(library, now), _waiting(library, now), _suppressed(counts)]


def _letters(library: Library) -> Finding:
    """Whether a letter could be written, signed and sent: templates, key, server, address, mailbox."""
    config = library.settings
    try:
        where = server.server(config)
        write.check(library.home)
        compose.check(library.home)
        root, signer, box = shown.root(config), signing.signer(config), mailbox.place(config)
    except BroadsheetError as error:
        return Finding("mail", False, str(error))
    way = f"by {where.host}" if where else "into the folder outbox, as no mail server is set"
    signed = f"signed by {signer.selector}._domainkey.{signer.domain}" if signer else "not signed (no dkim_key)"
    back = f"what comes back is read at {box.host}" if box else "what comes back is not read (no imap)"
    return Finding("mail", True, f"letters leave {way}; {signed}; {back}; links lead to {root}")


def _at_work(library: Library, now: int) -> Finding:
    if silence := heart.silence(library.home, now):
        return Finding("work", False, silence)
    state = heart.read(library.home)
    failing = [f"{name}: {step.said}" for name, step in state.steps.items() if not step.ok]
    if failing:
        return Finding("work", False, "; ".join(failing))
    return Finding("work", True, f"`broadsheet work` is there, last heard of {heart.said(state.beat)} UTC")


def _waiting(library: Library, now: int) -> Finding:
    count, earliest = library.store.editions.waiting()
    late = earliest is not None and earliest < now - LATE
    since = f", the first since {heart.said(earliest)} UTC" if late and earliest else ""
    return Finding("letters", not late, f"{plural(count, 'letter')} {'waits' if count == 1 else 'wait'}{since}")


def _suppressed(counts: "dict[str, int]") -> Finding:
    """A list of addresses that mostly come back makes receivers take nothing at all."""
    stopped, active = counts.get("suppressed", 0), counts["active"]
    said = f"{plural(active, 'reader')}, {stopped:,} suppressed"
    if stopped > max(3, MANY * (active + stopped)):
        return Finding("readers", False, f"{said}: that is many; /owner/mail says why, and whom")
    return Finding("readers", True, said)
