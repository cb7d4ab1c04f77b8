"""Lists of papers: those of one reader, and what this reader may do with those of others.

Who made a list may do everything with it. A list that belongs to a group is kept by its members: each puts papers on it
and takes off what they put there; its editors and owners may do the rest. A list that a reader does not see is none.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from broadsheet.errors import Forbidden, Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.shelves._reader import Reading
from broadsheet.shelves.names import missing, named, noted, seen_by
from broadsheet.store import Entry, List, Team
from broadsheet.text import clean, clip, fold

SAVED = "saved"  # the list that is meant when none is named
_DENIED = "only who made this list{} may change it; a copy of it would be your own"


class Kept(NamedTuple):
    """A paper on a list, and how it came there."""

    paper: Paper
    entry: Entry


class May(NamedTuple):
    """What a reader may do with a list: change it in every way, put papers on it."""

    edit: bool = False
    add: bool = False


class Listing(Reading):
    """A reader's lists. A name may be written in any case, with and without accents; ``whose/name`` is another's."""

    # -- looking -----------------------------------------------------------------------------------------------------

    def lists(self) -> tuple[List, ...]:
        """The lists that this reader has made, by name."""
        return tuple(self.store.lists.own(self.account))

    def group_lists(self) -> tuple[List, ...]:
        """The lists of the groups that this reader belongs to, but for the reader's own."""
        return tuple(one for one in self.store.lists.of_groups(self.account) if one.account != self.account)

    def list_called(self, name: str) -> List:
        """This reader's list of that name, or with ``whose/name`` one that others share. Raises NotFound."""
        found = self.store.lists.meant(clean(name), self.account)
        return found or missing("list", name, (one.name for one in self.lists()))

    def list_at(self, id: int) -> List:
        """The list of that number. Raises NotFound, also for one that this reader may not see."""
        if found := self.store.lists.at(id, self.account):
            return found
        raise NotFound("there is no such list here")

    def list_name(self, name: str) -> str:
        """The name of a list as it was first written. Raises NotFound."""
        key = fold(clean(name))
        found = self.store.lists.named(key, self.account)
        if found is None and key != SAVED:
            missing("list", name, (one.name for one in self.lists()))
        return found.name if found else SAVED

    def kept(self, name: str = SAVED) -> tuple[Paper, ...]:
        """The papers on a list, the last put there first. Raises NotFound."""
        found = self.store.lists.meant(clean(name), self.account)
        if found is None:
            self.list_name(name)
            return ()
        return tuple(self.store.get(self.store.lists.papers(found.id)).values())

    def entries(
        self, one: List, *, offset: int = 0, limit: int = 50, before: tuple[int, int] | None = None
    ) -> tuple[Kept, ...]:
        """Some papers of a list with their notes, the last put there first, those behind *before* (when, pk)."""
        found = self.store.lists.entries(one.id, offset, limit, before)
        papers = self.store.get([entry.pk for entry in found])
        return tuple(Kept(papers[entry.pk], entry) for entry in found if entry.pk in papers)

    def may(self, one: List) -> May:
        """What this reader may do with a list."""
        if one.account == self.account:
            return May(True, True)
        team = self.store.teams.at(one.team, self.account) if one.team and self.account else None
        return May(team.edits, team.inside) if team else May()

    # -- papers on lists ---------------------------------------------------------------------------------------------

    def keep(self, ids: Sequence[str], name: str = SAVED, note: str = "") -> tuple[Paper, ...]:
        """Put papers on a list; those that were not on it. A list of one's own is made if it is not there.

        Raises NotFound for an unknown id, Mistake for a name or a list that is another's.
        """
        why = noted(note)
        if "/" in name and (found := self.store.lists.meant(clean(name), self.account)):
            return self.keep_on(found, ids, why)
        called = named(name)
        _, done = self.store.lists.keep_as(self.account, called, self._pks(ids), why)
        return tuple(self.store.get(done).values())

    def keep_on(self, one: List, ids: Sequence[str], note: str = "") -> tuple[Paper, ...]:
        """As `keep`, for a list that is there."""
        if not self.may(one).add:
            raise Forbidden(_denied(one))
        return tuple(self.store.get(self.store.lists.keep(one.id, self._pks(ids), self.account, noted(note))).values())

    def unkeep(self, ids: Sequence[str], name: str = SAVED) -> tuple[Paper, ...]:
        """Take papers off a list; those that were on it. Raises NotFound for an unknown id, or list."""
        found = self.store.lists.meant(clean(name), self.account)
        if found is None:
            self.list_name(name)
            return ()
        return self.unkeep_from(found, ids)

    def unkeep_from(self, one: List, ids: Sequence[str]) -> tuple[Paper, ...]:
        """As `unkeep`. Members of a group take off what they put there, its editors everything."""
        pks, may = self._pks(ids), self.may(one)
        if not may.add or not (may.edit or self.store.lists.put_by(one.id, pks) <= {self.account}):
            raise Forbidden(_denied(one))
        return tuple(self.store.get(self.store.lists.unkeep(one.id, pks)).values())

    def note_kept(self, one: List, identifier: str, note: str) -> None:
        """Say why a paper is on a list; an empty note takes the old one away. Raises NotFound, Mistake."""
        (pk,), may = self._pks([identifier]), self.may(one)
        if not may.add or not (may.edit or self.store.lists.put_by(one.id, [pk]) <= {self.account}):
            raise Forbidden(_denied(one))
        if not self.store.lists.note(one.id, pk, noted(note)):
            raise NotFound(f"this paper is not on the list {one.name!r}")

    def move_kept(self, one: List, ids: Sequence[str], into: List) -> tuple[Paper, ...]:
        """Put papers of a list on another, and take them off the first; those that were not on the other."""
        if not (self.may(one).edit and self.may(into).add):
            raise Forbidden(_denied(into if self.may(one).edit else one))
        done = self.store.lists.copy(one.id, into.id, self._pks(ids), self.account, move=True)
        return tuple(self.store.get(done).values())

    # -- lists themselves --------------------------------------------------------------------------------------------

    def begin_list(self, name: str, *, note: str = "", seen: str = "private", group: str = "") -> List:
        """A new list, which belongs to *group* if one is named. Raises Mistake, NotFound for a group."""
        called, team = named(name), self._team(group)
        wanted = seen_by("group" if team and seen == "private" else seen, team)
        of = team.id if team else None
        id = self.store.lists.begin(self.account, called, note=noted(note), seen_by=wanted, team=of)
        if not id:
            raise Mistake(_taken(called))
        return self.list_at(id)

    def change_list(
        self, one: List, *, name: str | None = None, note: str | None = None, seen: str | None = None,
        group: str | None = None,
    ) -> List:  # fmt: skip
        """Name, describe or share a list anew; None leaves things as they are. Raises Mistake, NotFound.

        An empty *group* takes it out of its group, which only who made it can do; a private list is in none.
        """
        if not self.may(one).edit or (one.account != self.account and (group is not None or seen == "private")):
            raise Forbidden(_denied(one))
        team = self._team(one.group if group is None else group)
        if seen == "private" and not group:
            team = None
        wanted = seen or ("private" if one.seen_by == "group" and team is None else one.seen_by)
        if group and seen is None and one.seen_by == "private":
            wanted = "group"
        called = one.name if name is None else named(name)
        told = one.note if note is None else noted(note)
        team_id = team.id if team else None
        if not self.store.lists.change(one.id, called, told, seen_by(wanted, team), team_id):
            raise Mistake(_taken(called))
        return self.list_at(one.id)

    def copy_list(self, one: List, name: str) -> List:
        """A private list of one's own with the same papers and notes. Raises Mistake."""
        made = self.begin_list(name, note=one.note)
        self.store.lists.copy(one.id, made.id, self.store.lists.papers(one.id), self.account)
        return self.list_at(made.id)

    def remove_list(self, one: List) -> None:
        """The list goes, for good; its papers stay in the library. Raises Mistake."""
        if not self.may(one).edit:
            raise Forbidden(_denied(one))
        self.store.lists.remove(one.id)

    def _team(self, name: str) -> Team | None:
        """The group of that name that this reader is in. Raises NotFound."""
        if not name:
            return None
        found = self.store.teams.named(clean(name), self.account)
        if found is None or not found.inside:
            missing("group of yours", name, (one.name for one in self.store.teams.of(self.account) if one.inside))
        return found


def told(one: List) -> Mapping[str, Any]:
    """A list in JSON; times are ISO 8601 in UTC."""
    return {
        "id": one.id, "name": one.name, "reader": one.owner, "seen_by": one.seen_by, "group": one.group,
        "note": one.note, "papers": one.papers, "made": moment(one.made), "at": moment(one.at),
    }  # fmt: skip


def told_entry(kept: Kept) -> Mapping[str, Any]:
    """A paper of a list in JSON."""
    return {**kept.paper.to_dict(), "note": kept.entry.note, "by": kept.entry.by, "at": moment(kept.entry.at)}


def moment(at: int) -> str:
    """Unix seconds as ISO 8601 in UTC; empty for never."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""


def _taken(name: str) -> str:
    return f"you have a list {clip(name, 40)!r} already; take another name"


def _denied(one: List) -> str:
    return _DENIED.format(f", or an editor of {one.group}," if one.team else "")
