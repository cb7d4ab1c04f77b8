"""Every error that Broadsheet raises on purpose.

Three kinds of wrong: the user's mistake (`Mistake`, exit 2 or HTTP 4xx), the world's fault
(`WorldError`, carried as a value through a batch), and ours, which is a crash and never caught.
"""


class BroadsheetError(Exception):
    """The root. Its text is one sentence for a person: what, what it got, what would be right."""


class Mistake(BroadsheetError):
    """Something the user can put right: a wrong value, an unknown name, a missing file."""


class UnknownName(Mistake):
    """A plug-in, setting or verb that does not exist."""


class NotFound(Mistake):
    """A paper, reader or file that is not there."""


class Forbidden(Mistake):
    """Something that this reader may not do; the text says who may."""


class TooOften(Mistake):
    """The same reader did the same so often that it waits a while; the text says how long, *after* in seconds."""

    after = 60


class Conflict(Mistake):
    """Somebody else has changed it since this reader looked; nothing was changed, and both are told."""


class MissingExtra(Mistake):
    """A feature whose optional dependencies are not installed; the text says the command."""


class WorldError(BroadsheetError):
    """The world's fault: network, disk, a malformed record. Retried when that can help."""


class SourceError(WorldError):
    """Bytes from a source that cannot be read as papers. The only error a `parse` may raise."""


class StoreError(WorldError):
    """The store cannot be read or written: full disk, lost server, newer library."""


class Busy(StoreError):
    """Another process was writing to the store for longer than this one would wait."""


class IndexStale(WorldError):
    """A derived index that does not fit its store or its encoder; rebuilding it helps."""
