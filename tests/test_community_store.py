"""Comments, the editors' desk, submissions and claims in the store, and what a deleted account leaves."""

import threading
from collections.abc import Callable

import pytest

from broadsheet.errors import Conflict, Forbidden, Mistake, NotFound, TooOften
from broadsheet.store import Store, comments
from broadsheet.store import community as acts
from broadsheet.store.community import Totals
from community_people import counted, reader, readers, sql
from test_store import fill


def audited(store: Store) -> list[tuple[object, ...]]:
    return sql(store, "SELECT account, act, object, detail FROM audit ORDER BY id")


def at_once(*acts: Callable[[], object]) -> list[BaseException | None]:
    """What each raised, when all are done beside each other."""
    raised: list[BaseException | None] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            acts[number]()
        except BaseException as error:  # noqa: BLE001  # told to the test, whatever it is
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# -- comments ----------------------------------------------------------------------------------------------------------


def test_a_thread_is_told_in_its_order(store: Store) -> None:
    fill(store, 2)
    ada, ben = readers(store, 2)
    first = store.comments.write(ada.id, 1, "One *word*.")
    answer = store.comments.write(ben.id, 1, "Another.", first.id)
    other = store.comments.write(ada.id, 2, "Elsewhere.")
    assert [(one.id, one.parent, one.name, one.text) for one in store.comments.of(1)] == [
        (first.id, None, ada.name, "One *word*."), (answer.id, first.id, ben.name, "Another."),
    ]  # fmt: skip
    assert [one.id for one in store.comments.of(1, after=first.id)] == [answer.id]
    assert [one.id for one in store.comments.latest(2)] == [other.id, answer.id]
    assert [one.id for one in store.comments.by(ada.id, before=other.id)] == [first.id]
    assert store.community.tallies([1, 2]) == {1: Totals(comments=2), 2: Totals(comments=1)} and counted(store)


def test_the_same_comment_sent_twice_is_one(store: Store) -> None:
    fill(store, 1)
    ada, ben = readers(store, 2)
    one = store.comments.write(ada.id, 1, "Again.")
    assert store.comments.write(ada.id, 1, "Again.") == one
    assert store.comments.write(ben.id, 1, "Again.").id != one.id
    assert store.comments.write(ada.id, 1, "Again.", one.id).id != one.id, "an answer with the same words is another"
    assert at_once(*[lambda: store.comments.write(ada.id, 1, "All at once.")] * 4) == [None] * 4
    assert store.community.tallies([1])[1].comments == 4 and counted(store)


def test_a_forged_parent_is_refused(store: Store) -> None:
    fill(store, 3)
    ada = reader(store, "Ada")
    one = store.comments.write(ada.id, 1, "Here.")
    with pytest.raises(Mistake, match="about another paper"):
        store.comments.write(ada.id, 2, "There.", one.id)
    for number in (one.id + 1, 0, -1, 1 << 40):
        with pytest.raises(NotFound, match="no comment"):
            store.comments.write(ada.id, 1, "Nowhere.", number)
    with store.writing() as writer:
        writer.absorb(1, 3)
    answer = store.comments.write(ada.id, 1, "The paper has another row now.", one.id)
    assert (answer.pk, store.comments.one(one.id).pk) == (3, 3)
    store.comments.remove(ada.id, one.id)
    with pytest.raises(Mistake, match="taken away meanwhile"):
        store.comments.write(ada.id, 3, "Too late.", one.id)
    assert counted(store)


def test_a_concurrent_edit_is_not_lost(store: Store) -> None:
    fill(store, 1)
    ada, ben = readers(store, 2)
    one = store.comments.write(ada.id, 1, "First.")
    done = store.comments.edit(ada.id, one.id, "Second.", one.version)
    assert (done.text, done.version) == ("Second.", 2) and done.edited is not None
    with pytest.raises(Conflict, match="has been changed"):
        store.comments.edit(ada.id, one.id, "From another tab.", one.version)
    assert store.comments.edit(ada.id, one.id, "Second.", one.version) == done, "the same form, sent twice"
    with pytest.raises(Forbidden, match="only who wrote"):
        store.comments.edit(ben.id, one.id, "Not mine.", 2)
    raised = at_once(*(lambda n=n: store.comments.edit(ada.id, one.id, f"Third, {n}", 2) for n in range(4)))
    assert sorted(type(error).__name__ for error in raised) == ["Conflict"] * 3 + ["NoneType"]
    assert store.comments.one(one.id).version == 3


def test_what_its_writer_takes_away_is_gone_with_its_words(store: Store) -> None:
    fill(store, 1)
    ada = reader(store, "Ada")
    one = store.comments.write(ada.id, 1, "A slip.")
    gone = store.comments.remove(ada.id, one.id)
    assert (gone.text, gone.gone_by, gone.by_editor) == ("", ada.id, False) and gone.gone is not None
    assert store.comments.remove(ada.id, one.id) == gone
    with pytest.raises(Mistake, match="cannot be changed"):
        store.comments.edit(ada.id, one.id, "Back?", gone.version)
    with pytest.raises(Mistake, match="cannot be put back"):
        store.comments.restore(ada.id, one.id)
    assert len(store.comments.of(1)) == 1 and store.comments.latest() == [] and audited(store) == []
    assert store.community.tallies([1])[1].comments == 0 and counted(store)


def test_what_an_editor_takes_away_can_come_back(store: Store) -> None:
    fill(store, 1)
    ada, ben = readers(store, 2)
    eve = reader(store, "Eve", "editor")
    one = store.comments.write(ada.id, 1, "Rude.")
    with pytest.raises(Forbidden, match="or an editor"):
        store.comments.remove(ben.id, one.id)
    assert store.comments.report(ben.id, one.id, "It is rude.").id == one.id
    store.comments.report(ben.id, one.id, "Very rude.")
    (seen,) = store.comments.reported()
    assert (seen.comment.id, seen.readers, seen.why) == (one.id, 1, "Very rude.")
    gone = store.comments.remove(eve.id, one.id, "Rude.", editor=True)
    assert gone.by_editor and gone.text == "Rude." and store.comments.reported() == []
    assert [c.id for c in store.comments.taken_away()] == [one.id]
    with pytest.raises(Mistake, match="already"):
        store.comments.report(ben.id, one.id)
    back = store.comments.restore(eve.id, one.id, "Not that rude.")
    assert back.gone is None and store.comments.restore(eve.id, one.id) == back and counted(store)
    store.comments.report(ben.id, one.id)
    store.comments.settle(eve.id, one.id)
    store.comments.settle(eve.id, one.id)
    where = f"comment {one.id}"
    assert audited(store) == [
        (eve.id, "comment.remove", where, "Rude."), (eve.id, "comment.restore", where, "Not that rude."),
        (eve.id, "comment.keep", where, ""),
    ]  # fmt: skip
    assert store.comments.reported() == []


def test_one_account_writes_so_much_and_then_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "MOST", 3)
    fill(store, 1)
    ada, ben = readers(store, 2)
    for number in range(3):
        store.comments.write(ada.id, 1, f"Number {number}")
    with pytest.raises(TooOften, match=r"3 comments in 10 minutes .* go on in \d+ minutes"):
        store.comments.write(ada.id, 1, "Number 3")
    assert store.comments.write(ada.id, 1, "Number 0").id, "what was sent twice is not counted twice"
    assert store.comments.write(ada.id, 1, "The owner's own", limited=False) and store.comments.write(ben.id, 1, "x")
    sql(store, "UPDATE comment SET made = made - 601")
    assert store.comments.write(ada.id, 1, "Later")


# -- the desk ----------------------------------------------------------------------------------------------------------


def order(store: Store, day: int = 20261120, team: int = 0) -> list[int]:
    found = store.desk.day(day, team)
    assert [one.place for one in found] == list(range(len(found)))
    return [one.pk for one in found]


def test_papers_are_chosen_ordered_and_taken_off(store: Store) -> None:
    fill(store, 4)
    eve = reader(store, "Eve", "editor").id
    for pk in (1, 2, 3, 3):
        store.desk.pick(eve, 20261120, pk, note=f"because of {pk}")
    store.desk.pick(eve, 20261120, 4, place=1)
    store.desk.pick(eve, 20261120, 4, team=7)
    assert order(store) == [1, 4, 2, 3] and order(store, team=7) == [4] and order(store, day=20261121) == []
    assert [one.pk for one in store.desk.step(eve, 20261120, 3, -1)] == [1, 4, 3, 2]
    for by, expected in ((-9, [3, 1, 4, 2]), (-1, [3, 1, 4, 2]), (9, [1, 4, 2, 3])):
        assert [one.pk for one in store.desk.step(eve, 20261120, 3, by)] == expected
    assert [one.pk for one in store.desk.put(eve, 20261120, 3, 0, [1, 4, 2, 3])] == [3, 1, 4, 2]
    gone = store.desk.unpick(eve, 20261120, 1)
    assert gone and (gone.place, gone.note, gone.name) == (1, "because of 1", "Eve") and order(store) == [3, 4, 2]
    assert store.desk.unpick(eve, 20261120, 1) is None
    store.desk.pick(eve, 20261120, gone.pk, note=gone.note, place=gone.place)
    assert order(store) == [3, 1, 4, 2]
    with pytest.raises(NotFound, match="any more"):
        store.desk.step(eve, 20261121, 1, 1)
    assert {row[1] for row in audited(store)} == {"pick", "unpick", "pick.move"}


def test_two_editors_at_once_lose_nothing(store: Store) -> None:
    fill(store, 12)
    eve, max_ = (reader(store, name, "editor").id for name in ("Eve", "Max"))
    for pk in range(1, 7):
        store.desk.pick(eve, 20261120, pk)
    raised = at_once(
        *(lambda pk=pk: store.desk.pick(eve, 20261120, pk) for pk in (7, 8)),
        *(lambda pk=pk: store.desk.pick(max_, 20261120, pk, place=0) for pk in (9, 10)),
        *(lambda pk=pk: store.desk.step(max_, 20261120, pk, -2) for pk in (5, 6)),
        lambda: store.desk.unpick(eve, 20261120, 3),
    )
    assert raised == [None] * 7
    store.desk.step(eve, 20261120, 1, 0)
    found = [one.pk for one in store.desk.day(20261120)]
    assert sorted(found) == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    with pytest.raises(Conflict, match="somebody else has changed this day"):
        store.desk.put(eve, 20261120, 1, 0, [1, 2, 4])


def test_a_note_of_another_editor_is_not_overwritten(store: Store) -> None:
    fill(store, 1)
    eve, max_ = (reader(store, name, "editor").id for name in ("Eve", "Max"))
    store.desk.pick(eve, 20261120, 1)
    store.desk.note(eve, 20261120, 1, "Clear proofs.", was="")
    with pytest.raises(Conflict, match=r"“Clear proofs[.]”; yours was not kept"):
        store.desk.note(max_, 20261120, 1, "Great figures.", was="")
    store.desk.note(max_, 20261120, 1, "Clear proofs.", was="")
    store.desk.note(max_, 20261120, 1, "Proofs and figures.", was="Clear proofs.")
    assert store.desk.day(20261120)[0].note == "Proofs and figures."
    with pytest.raises(NotFound):
        store.desk.note(max_, 20261121, 1, "x", was="")


def test_a_day_has_an_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.store.desk.MOST", 2)
    fill(store, 3)
    eve = reader(store, "Eve", "editor").id
    store.desk.pick(eve, 20261120, 1)
    store.desk.pick(eve, 20261120, 2)
    with pytest.raises(Mistake, match="2 papers are the most"):
        store.desk.pick(eve, 20261120, 3)
    assert order(store) == [1, 2]


def test_a_paper_is_submitted_once_and_the_first_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.store.desk.SUBMITTED", 2)
    fill(store, 4)
    ada, ben = (one.id for one in readers(store, 2))
    assert store.desk.submit(ada, 1, "Read this.").new and not store.desk.submit(ada, 1, "Again.").new
    assert store.desk.submit(ben, 1, "Me too.")[:2] == (1, "Read this.")
    store.desk.submit(ada, 2)
    with pytest.raises(TooOften, match="2 papers a day"):
        store.desk.submit(ada, 3)
    assert not store.desk.submit(ada, 1).new and store.desk.submit(ada, 4, limited=False).new
    assert {one.pk for one in store.desk.submitted_by(ada)} == {1, 2, 4}
    assert not store.desk.take_back(ben, 1) and store.desk.take_back(ada, 1) and store.desk.submit(ben, 1).new


# -- claims ------------------------------------------------------------------------------------------------------------


def test_a_claim_is_asked_decided_and_decided_otherwise(store: Store) -> None:
    fill(store, 1)
    ada, ben = readers(store, 2)
    eve, max_ = (reader(store, name, "editor").id for name in ("Eve", "Max"))
    one = store.claims.ask(ada.id, 1, "Ada Byron")
    assert store.claims.ask(ada.id, 1, "Ada Byron") == one and store.claims.waiting() == 1
    assert one.state == "asked" and store.claims.authors(1) == {}
    done = store.claims.decide(eve, one.id, "approved", "Known to us.", "asked")
    assert (done.state, done.by, done.editor, done.note) == ("approved", eve, "Eve", "Known to us.")
    assert store.claims.authors(1) == {"Ada Byron": (ada.id, ada.name)}
    assert store.claims.approved([1, 2]) == {1: {ada.id: "Ada Byron"}}
    assert store.claims.decide(eve, one.id, "approved", "Known to us.", "asked") == done, "sent twice"
    with pytest.raises(Conflict, match="approved now by Eve"):
        store.claims.decide(max_, one.id, "refused", "Never heard of.", "asked")
    other = store.claims.ask(ben.id, 1, "Ada Byron")
    with pytest.raises(Mistake, match="somebody else is known as Ada Byron"):
        store.claims.decide(eve, other.id, "approved", "", "asked")
    store.claims.decide(max_, one.id, "refused", "A namesake.", "approved")
    store.claims.decide(eve, other.id, "approved", "", "asked")
    assert store.claims.authors(1) == {"Ada Byron": (ben.id, ben.name)} and store.claims.waiting() == 0
    with pytest.raises(Mistake, match="has refused this claim"):
        store.claims.ask(ada.id, 1, "Ada Byron")
    assert [row[1] for row in audited(store)] == ["claim.approved", "claim.refused", "claim.approved"]
    assert [one.state for one in store.claims.decided()].count("approved") == 1


def test_a_claim_is_withdrawn_by_who_made_it(store: Store) -> None:
    fill(store, 1)
    ada, ben = readers(store, 2)
    eve = reader(store, "Eve", "editor").id
    one = store.claims.ask(ada.id, 1, "Ada Byron")
    with pytest.raises(Forbidden, match="another reader's"):
        store.claims.withdraw(ben.id, one.id)
    store.claims.decide(eve, one.id, "approved", "", "asked")
    with pytest.raises(Mistake, match="you are known as Ada Byron"):
        store.claims.ask(ada.id, 1, "A. Byron")
    assert store.claims.withdraw(ada.id, one.id).state == "withdrawn" and store.claims.authors(1) == {}
    assert store.claims.withdraw(ada.id, one.id).state == "withdrawn"
    again = store.claims.ask(ada.id, 1, "A. Byron")
    assert (again.id, again.state, again.author, again.by) == (one.id, "asked", "A. Byron", None)
    for number in (0, 99, 1 << 40):
        with pytest.raises(NotFound, match="no claim"):
            store.claims.decide(eve, number, "approved", "", "asked")


def test_an_editor_does_not_decide_for_herself(store: Store) -> None:
    fill(store, 1)
    eve = reader(store, "Eve", "editor").id
    one = store.claims.ask(eve, 1, "Ada Byron")
    with pytest.raises(Forbidden, match="another editor"):
        store.claims.decide(eve, one.id, "approved", "", "asked")
    assert store.claims.decide(eve, one.id, "approved", "", "asked", own=True).state == "approved"


# -- an account goes ---------------------------------------------------------------------------------------------------


def test_a_deleted_account_takes_its_votes_and_leaves_places(store: Store) -> None:
    fill(store, 3)
    ada, ben = readers(store, 2)
    eve = reader(store, "Eve", "editor").id
    for account in (ada.id, ben.id):
        for pk in (1, 2):
            store.community.vote(account, pk)
    store.community.hide(ada.id, 1)
    first = store.comments.write(ada.id, 1, "My words.")
    second = store.comments.write(ada.id, 1, "Taken away by an editor.")
    answer = store.comments.write(ben.id, 1, "An answer.", first.id)
    store.comments.remove(eve, second.id, editor=True)
    store.comments.report(ada.id, answer.id)
    store.desk.submit(ada.id, 3, "Mine.")
    store.claims.ask(ada.id, 1, "Ada Byron")
    with store._database.reading() as connection:
        taken_along = acts.export(connection, ada.id)
    assert {kind: len(rows) for kind, rows in taken_along.items()} == {
        "votes": 2, "hidden_or_read": 1, "comments": 2, "reports": 1, "submissions": 1, "picks": 0, "claims": 1,
    }  # fmt: skip
    with store._database.writing() as connection:
        acts.forget(connection, ada.id)
    assert store.community.tallies([1, 2]) == {1: Totals(1, 0, 1), 2: Totals(1)} and counted(store)
    shown = store.comments.of(1)
    assert [(one.id, one.account, one.name, one.text) for one in shown] == [
        (first.id, None, "", ""), (second.id, None, "", ""), (answer.id, ben.id, ben.name, "An answer."),
    ]  # fmt: skip
    with pytest.raises(Mistake, match="cannot be put back"):
        store.comments.restore(eve, second.id)
    assert sql(store, "SELECT account, note FROM submission") == [(None, "")]
    for table in ("vote", "shade", "report", "claim"):
        assert sql(store, f"SELECT count(*) FROM {table} WHERE account = :ada", ada=ada.id) == [(0,)]
    with store._database.reading() as connection:
        assert not any(acts.export(connection, ada.id).values())
    with store._database.writing() as connection:
        acts.forget(connection, eve)
    assert store.comments.of(1)[1].gone is not None and counted(store)
