"""Lists and groups in the store: who sees what, what is counted, what happens at once, and when somebody goes."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from broadsheet.errors import Conflict, Mistake, NotFound
from broadsheet.store import OWNER, List, Store, heirs, lists, shelves, teams
from broadsheet.store.teams import Called
from community_people import counted, reader, readers, sql
from test_store import fill


@pytest.fixture
def papers(store: Store) -> Store:
    fill(store, 8)
    return store


def begin(store: Store, account: int, name: str, seen: str = "private", team: int | None = None) -> int:
    return store.lists.begin(account, name, seen_by=seen, team=team)


def team(store: Store, owner: int, name: str, seen: str = "members", joining: str = "ask") -> int:
    key = name.lower()
    return store.teams.create(owner, Called(name, key, key.replace(" ", ""), "", seen, joining))


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """What each does, begun at the same moment by a thread of its own; an error that it raised."""
    done: list[object] = [None] * len(acts)
    ready = threading.Barrier(len(acts))

    def run(place: int) -> None:
        ready.wait()
        try:
            done[place] = acts[place]()
        except (Mistake, NotFound, Conflict) as error:
            done[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def seen(found: Sequence[List]) -> list[str]:
    return [one.name for one in found]


def saves(store: Store) -> dict[int, int]:
    return {pk: total.saves for pk, total in store.community.tallies([*range(1, 9)]).items() if total.saves}


def test_saves_are_readers_and_not_lists(papers: Store) -> None:
    ada, ben = readers(papers, 2)
    first, second = begin(papers, ada.id, "first"), begin(papers, ada.id, "second")
    assert papers.lists.keep(first, [3, 1, 3], ada.id) == [3, 1] and papers.lists.keep(second, [1], ada.id) == [1]
    assert papers.lists.keep(first, [1, 3], ada.id) == [], "twice is once"
    papers.lists.keep_as(ben.id, "mine", [1, 2])
    assert saves(papers) == {1: 2, 2: 1, 3: 1} and counted(papers)
    assert papers.lists.unkeep(first, [1, 2]) == [1]
    assert saves(papers) == {1: 2, 2: 1, 3: 1}, "it is on another list of the same reader"
    papers.lists.remove(second)
    assert saves(papers) == {1: 1, 2: 1, 3: 1} and counted(papers)
    with pytest.raises(NotFound, match="not here any more"):
        papers.lists.keep(second, [1], ada.id)
    assert papers.lists.keep(first, [99], ada.id) == [] and papers.check() == []


def test_a_paper_that_was_merged_is_kept_as_what_it_has_become(papers: Store) -> None:
    one = begin(papers, OWNER, "saved")
    with papers.writing() as writer:
        writer.absorb(2, 1)
        writer.remove(3)
    assert papers.lists.keep(one, [2, 3, 4], OWNER) == [1, 4]
    assert papers.lists.papers(one) == [4, 1] and counted(papers)


def test_who_sees_a_list(papers: Store) -> None:
    ada, ben, eve = readers(papers, 3)
    lab = team(papers, ada.id, "Lab")
    assert papers.teams.invite(lab, ben.name) == "invited" and papers.teams.join(lab, ben.id) == "member"
    papers.teams.join(lab, eve.id)  # has only asked
    begin(papers, ada.id, "private")
    begin(papers, ada.id, "shared", "group", lab)
    begin(papers, ada.id, "open", "public")
    where = papers.lists
    assert seen(where.own(ada.id)) == ["open", "private", "shared"]
    assert seen(where.of_groups(ben.id)) == ["shared"] and where.of_groups(eve.id) == []
    assert seen(where.public(9)) == ["open"] == seen(where.of_reader(ada.id))
    assert seen(where.of_group(lab, ben.id)) == ["shared"] and where.of_group(lab, eve.id) == []
    numbers = {one.name: one.id for one in where.own(ada.id)}
    for who, names in ((0, {"open"}), (eve.id, {"open"}), (ben.id, {"open", "shared"}), (ada.id, set(numbers))):
        assert {name for name, id in numbers.items() if where.at(id, who)} == names
        assert {name for name in numbers if where.meant(f"{ada.name}/{name}", who)} == names
    assert where.meant("LAB/Shared", ben.id) and where.meant("lab/shared", eve.id) is None
    assert where.meant("private", ada.id) and where.meant("private", ben.id) is None and where.meant("open") is None
    assert where.at(1 << 70) is None and where.at(-1) is None and papers.teams.at(1 << 70) is None


def test_names_are_given_once_also_at_once(papers: Store) -> None:
    ada = reader(papers, "Ada")
    made = at_once([lambda: begin(papers, ada.id, "Tö read")] * 4)
    assert sorted(made, key=bool)[:3] == [0, 0, 0] and begin(papers, ada.id, "TO READ") == 0
    other = begin(papers, ada.id, "other")
    assert not papers.lists.change(other, "to READ", "", "private", None)
    assert papers.lists.change(other, "OTHER", "a note", "public", None)
    both = at_once([lambda: papers.lists.keep_as(ada.id, "new one", [1, 2]) for _ in range(4)])
    assert sum(len(done[1]) for done in both if isinstance(done, tuple)) == 2 and counted(papers)


def test_editors_who_add_at_once_each_add(papers: Store) -> None:
    people = readers(papers, 4)
    lab = team(papers, people[0].id, "Lab", joining="open")
    for one in people[1:]:
        papers.teams.join(lab, one.id)
    shared = begin(papers, people[0].id, "shared", "group", lab)
    own = [begin(papers, one.id, "own") for one in people]
    acts: list[Callable[[], object]] = [
        partial(papers.lists.keep, on, [pk], who.id)
        for who, mine in zip(people, own, strict=True)
        for pk in (1, 2, 3)
        for on in (shared, mine)
    ]
    acts += [partial(papers.community.vote, people[0].id, pk) for pk in (1, 2)]
    done = at_once(acts)
    assert not [one for one in done if isinstance(one, Exception)]
    assert sorted(papers.lists.papers(shared)) == [1, 2, 3]
    assert saves(papers) == {1: 4, 2: 4, 3: 4} and counted(papers)
    at_once([partial(papers.lists.unkeep, on, [1, 2, 3]) for on in (shared, *own) for _ in range(2)])
    assert saves(papers) == {} and counted(papers)


def test_keeping_while_papers_are_merged_keeps_what_is_there(papers: Store) -> None:
    ada = reader(papers, "Ada")
    one = begin(papers, ada.id, "all")

    def merge() -> None:
        for gone in (2, 3, 4, 5):
            with papers.writing() as writer:
                writer.absorb(gone, 1)

    at_once([merge, *(partial(papers.lists.keep, one, [pk], ada.id) for pk in (5, 4, 3, 2))])
    assert papers.lists.papers(one) == [1] and counted(papers) and papers.check() == []


def test_a_list_is_copied_and_papers_are_moved(papers: Store) -> None:
    ada = reader(papers, "Ada")
    one, other = begin(papers, ada.id, "one"), begin(papers, ada.id, "other")
    papers.lists.keep(one, [1, 2], ada.id, "why not")
    assert papers.lists.copy(one, other, [1, 2], ada.id) == [1, 2]
    assert [entry.note for entry in papers.lists.entries(other, 0, 9)] == ["why not", "why not"]
    papers.lists.unkeep(other, [2])
    assert papers.lists.copy(one, other, [1, 2], ada.id, move=True) == [2], "the first was there"
    assert papers.lists.papers(one) == [] and sorted(papers.lists.papers(other)) == [1, 2] and counted(papers)
    assert papers.lists.note(other, 2, "now") and not papers.lists.note(one, 2, "now")
    with pytest.raises(NotFound):
        papers.lists.copy(one, 99, [1], ada.id)


def test_there_are_ends(papers: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_LISTS", 2)
    monkeypatch.setattr(lists, "MOST_PAPERS", 3)
    monkeypatch.setattr(shelves, "MOST_SEARCHES", 1)
    monkeypatch.setattr(teams, "MOST_GROUPS", 1)
    one = begin(papers, OWNER, "one")
    with pytest.raises(Mistake, match="can hold 3 papers"):
        papers.lists.keep(one, [1, 2, 3, 4], OWNER)
    assert papers.lists.papers(one) == [] and saves(papers) == {}, "none of it is kept"
    two = begin(papers, OWNER, "two")
    papers.lists.keep(two, [1, 2], OWNER)
    papers.lists.keep(one, [3, 4], OWNER)
    with pytest.raises(Mistake, match="can hold 3 papers"):
        papers.lists.copy(one, two, [3, 4], OWNER, move=True)
    with pytest.raises(Mistake, match="can have 2 lists"):
        begin(papers, OWNER, "three")
    papers.searches.save(OWNER, "a", "lamps", "new", 0)
    with pytest.raises(Mistake, match="can have 1 saved search"):
        papers.searches.save(OWNER, "b", "lamps", "new", 0)
    team(papers, OWNER, "Lab")
    with pytest.raises(Mistake, match="can begin 1 groups"):
        team(papers, OWNER, "Other")
    assert counted(papers) and papers.check() == []


# -- groups ------------------------------------------------------------------------------------------------------------


def test_how_one_joins(papers: Store) -> None:
    ada, ben, eve = readers(papers, 3)
    open_, asks, invites = (team(papers, ada.id, name, joining=name) for name in ("open", "ask", "invite"))
    assert papers.teams.join(open_, ben.id) == "member" == papers.teams.join(open_, ben.id)
    assert papers.teams.join(asks, ben.id) == "asked" == papers.teams.join(asks, ben.id)
    assert papers.teams.invite(asks, ben.name.upper()) == "member", "who has asked is let in"
    with pytest.raises(Mistake, match="invites its members"):
        papers.teams.join(invites, ben.id)
    with pytest.raises(NotFound, match="no reader 'Nobody'"):
        papers.teams.invite(invites, "Nobody")
    assert papers.teams.invite(invites, ben.name) == "invited" and papers.teams.join(invites, ben.id) == "member"
    assert papers.teams.invite(invites, eve.name) == "invited" and papers.teams.leave(invites, eve.id)
    assert papers.teams.join(open_, ada.id) == "owner", "nobody loses a role by joining again"
    assert [(one.name, one.role) for one in papers.teams.members(invites)] == [
        (ada.name, "owner"),
        (ben.name, "member"),
    ]
    assert [one.name for one in papers.teams.of(ben.id)] == ["ask", "invite", "open"]
    assert [one.members for one in papers.teams.of(ben.id)] == [2, 2, 2]
    with pytest.raises(NotFound):
        papers.teams.join(99, ben.id)


def test_who_sees_a_group(papers: Store) -> None:
    ada, ben, eve = readers(papers, 3)
    hidden, shown = team(papers, ada.id, "Hidden"), team(papers, ada.id, "Shown", "all")
    papers.teams.invite(hidden, ben.name)
    for who in (0, eve.id):
        assert (
            papers.teams.at(hidden, who)
            is None
            is papers.teams.named("hidden", who)
            is papers.teams.like("hidden", who)
        )
        assert [one.name for one in papers.teams.all(who)] == ["Shown"]
        assert [one.name for one in papers.teams.shown(ada.id, who)] == ["Shown"]
    invited = papers.teams.at(hidden, ben.id)
    assert invited and invited.role == "invited" and not invited.inside and not invited.edits
    assert [one.name for one in papers.teams.all(ada.id, limit=1)] == ["Hidden"]
    assert [one.id for one in papers.teams.all(ada.id, after="hidden")] == [shown]


def test_a_group_has_an_owner_and_a_name_of_its_own(papers: Store) -> None:
    ada, ben = reader(papers, "Ada"), reader(papers, "Ben")
    made = at_once([lambda: team(papers, ada.id, "Lab", joining="open")] * 3)
    lab = next(one for one in made if one)
    assert (
        sorted(made, key=bool)[:2] == [0, 0] and team(papers, ada.id, "l ab") == 0 and team(papers, ben.id, "ADA") == 0
    )
    papers.teams.join(int(str(lab)), ben.id)
    number = int(str(lab))
    with pytest.raises(Mistake, match="has an owner"):
        papers.teams.give(number, ada.id, "member")
    papers.teams.give(number, ben.id, "owner")
    papers.teams.give(number, ada.id, "member")
    assert papers.teams.leave(number, ben.id) and not papers.teams.leave(number, ben.id)
    assert [(one.name, one.role) for one in papers.teams.members(number)] == [("Ada", "owner")]
    assert papers.teams.leave(number, ada.id) and papers.teams.at(number, ada.id) is None
    with pytest.raises(NotFound):
        papers.teams.give(number, ada.id, "editor")


def test_two_owners_who_leave_at_once_leave_no_group_without_one(papers: Store) -> None:
    ada, ben, eve = readers(papers, 3)
    lab = team(papers, ada.id, "Lab", joining="open")
    for one in (ben, eve):
        papers.teams.join(lab, one.id)
    papers.teams.give(lab, ben.id, "owner")
    at_once([lambda: papers.teams.leave(lab, ada.id), lambda: papers.teams.leave(lab, ben.id)])
    assert [(one.name, one.role) for one in papers.teams.members(lab)] == [(eve.name, "owner")]


def test_what_members_mean_is_told_by_how_many(papers: Store) -> None:
    people = readers(papers, 4)
    lab = team(papers, people[0].id, "Lab", joining="open")
    for one in people[1:3]:
        papers.teams.join(lab, one.id)
    few = papers.teams.join(lab, reader(papers, "Fourth").id)
    shared = begin(papers, people[0].id, "shared", "group", lab)
    papers.lists.keep(shared, [1], people[0].id)
    papers.lists.keep(begin(papers, people[1].id, "open", "public"), [1], people[1].id)
    papers.lists.keep(begin(papers, people[1].id, "hidden"), [2], people[1].id)
    papers.lists.keep(begin(papers, people[3].id, "open", "public"), [3], people[3].id)
    papers.community.vote(people[2].id, 1)
    papers.community.vote(people[2].id, 4)
    papers.community.vote(people[3].id, 5)
    papers.desk.submit(people[1].id, 4)
    found = {one.pk: one[1:4] for one in papers.teams.recent(lab, 9, inside=True)}
    assert found == {1: (2, 1, 0), 4: (0, 1, 1)}, "private lists and strangers are not told of"
    outside = {one.pk: one[1:4] for one in papers.teams.recent(lab, 9, inside=False)}
    assert outside == {1: (1, 0, 0), 4: (0, 0, 1)}, "votes, and the group's own lists, are for its members"
    assert [one.pk for one in papers.teams.recent(lab, 1, inside=True)] == [1]
    assert papers.teams.recent(lab, 9, inside=True, now=int(time.time()) + teams.LATELY + 60) == []
    papers.teams.leave(lab, papers.teams.members(lab)[-1].account)
    alone = {one.pk: one.votes for one in papers.teams.recent(lab, 9, inside=True)}
    assert few == "member" and alone == {1: 0, 4: 0}, "of three members a vote says too much"
    assert papers.teams.latest(lab, 9, people[1].id) == [1] and papers.teams.latest(lab, 9) == []


# -- when somebody goes ------------------------------------------------------------------------------------------------


def forget(store: Store, account: int) -> None:
    with store._database.between() as connection:
        shelves.forget(connection, account)
        teams.forget(connection, account)


def test_what_becomes_of_the_lists_and_groups_of_who_goes(papers: Store) -> None:
    ada, ben, eve = reader(papers, "Ada"), reader(papers, "Ben"), reader(papers, "Eve")
    lab, alone = team(papers, ada.id, "Lab", joining="open"), team(papers, ada.id, "Alone")
    papers.teams.join(lab, eve.id)
    papers.teams.join(lab, ben.id)
    papers.teams.give(lab, ben.id, "editor")
    shared, own = begin(papers, ada.id, "To read", "group", lab), begin(papers, ada.id, "own", "public")
    begin(papers, ben.id, "to READ")
    papers.lists.keep(shared, [1, 2], ada.id, "read this")
    papers.lists.keep(shared, [3], eve.id)
    papers.lists.keep(own, [1, 4], ada.id)
    papers.lists.keep_as(ben.id, "to read", [1])
    papers.searches.save(ada.id, "lamps", "lamps", "new", 0)
    key = papers.searches.feed_key(ada.id, b"key")
    assert papers.searches.opens(ada.id, key)
    forget(papers, ada.id)
    assert papers.lists.own(ada.id) == [] and papers.searches.all(ada.id) == [] and papers.teams.of(ada.id) == []
    assert [(one.name, one.role) for one in papers.teams.members(lab)] == [("Ben", "owner"), ("Eve", "member")]
    assert [(one.id, one.name) for one in papers.lists.of_group(lab, eve.id)] == [(shared, "To read 2")]
    assert [(entry.pk, entry.by) for entry in papers.lists.entries(shared, 0, 9)] == [(3, "Eve"), (2, ""), (1, "")]
    assert saves(papers) == {1: 1, 2: 1, 3: 1} and counted(papers)
    assert papers.teams.named("alone", ada.id) is None and sql(papers, "SELECT id FROM team") == [(lab,)]
    assert sql(papers, 'SELECT "by" FROM team') == [(None,)] and alone != lab
    assert not papers.searches.opens(ada.id, key) and papers.check() == []


def test_lists_of_a_group_that_goes_are_private(papers: Store) -> None:
    ada, ben = readers(papers, 2)
    lab = team(papers, ada.id, "Lab", joining="open")
    papers.teams.join(lab, ben.id)
    begin(papers, ben.id, "shared", "public", lab)
    papers.teams.remove(lab)
    (one,) = papers.lists.own(ben.id)
    assert (one.seen_by, one.team, one.group) == ("private", None, "") and papers.lists.public(9) == []
    with papers._database.reading() as connection:
        assert heirs.heir(connection, lab, ada.id) is None


def test_a_feed_key_opens_until_it_is_thrown_away(store: Store) -> None:
    ada = reader(store, "Ada")
    made = at_once([partial(store.searches.feed_key, ada.id, key) for key in (b"one", b"two", b"three")])
    assert len(set(made)) == 1, "all are told the same"
    (key,) = set(made)
    assert isinstance(key, bytes) and store.searches.opens(ada.id, key)
    assert not store.searches.opens(ada.id, key + b"x") and not store.searches.opens(OWNER, key)
    sql(store, "UPDATE account SET state = 'suspended' WHERE id = :id", id=ada.id)
    assert not store.searches.opens(ada.id, key)
    sql(store, "UPDATE account SET state = 'active' WHERE id = :id", id=ada.id)
    store.searches.revoke_feeds(ada.id)
    assert not store.searches.opens(ada.id, key) and store.searches.feed_key(ada.id, b"four") == b"four"
