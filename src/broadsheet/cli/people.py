"""The verbs about who reads here: account, invite, audit. Whoever runs them is the owner."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from broadsheet.cli._group import cli, json_option, library_of
from broadsheet.errors import Mistake, NotFound

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.people.invitations import Invited
    from broadsheet.people.rights import Reader
    from broadsheet.store import Account

_ROLES = click.Choice(("reader", "editor", "admin"))


@cli.group()
def account() -> None:
    """Who has an account here: add, list, link, address, role, suspend, restore, remove."""


def _owner() -> "Reader":
    from broadsheet.people.rights import Reader
    from broadsheet.store import OWNER

    return Reader(OWNER, "owner", "admin", via="machine")


def _find(library: "Library", name: str) -> "Account":
    """The account of that name, address or number. Raises NotFound."""
    from broadsheet.people import addresses, names

    store = library.store.accounts
    found = store.named(names.key(name.strip()))
    if found is None and "@" in name:
        found = store.by_email(addresses.address(name))
    if found is None:
        raise NotFound(f"nobody here is called {name[:80]!r}; `broadsheet account list` shows all")
    return found


def _dict(one: "Account") -> dict[str, Any]:
    return {**one._asdict(), "made": _when(one.made)}


def _when(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _address(library: "Library", path: str) -> str:
    """The whole address of a page, where the library knows its own."""
    config = library.settings
    return (config.address.rstrip("/") or f"http://localhost:{config.port}") + path


def _note(library: "Library") -> None:
    from broadsheet import console

    if library.settings.accounts == "off":
        console.say('Nobody can sign in yet: accounts = "invite" under [people] in broadsheet.toml turns accounts on.')


@account.command()
@click.argument("email")
@click.option("--name", required=True, help="What they are called here.")
@click.option("--role", type=_ROLES, default="reader", show_default=True, help="What they may do.")
@json_option
@click.pass_context
def add(context: click.Context, email: str, name: str, role: str, as_json: bool) -> None:
    """Make an account for whoever reads at EMAIL; they sign in by a letter, or by a link from `account link`."""
    from broadsheet import console
    from broadsheet.people import addresses, signin

    library = library_of(context, create=True)
    made = library.store.accounts.add(signin.called(name), addresses.address(email), role, _owner().id)
    if as_json:
        console.print_json(_dict(made))
        return
    console.say(f"{made.name} ({made.email}) has an account, as {role}.")
    _note(library)
    console.say(f"A link to sign in with: {console.program('account', 'link', made.name)}")


@account.command("list")
@json_option
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """Show all accounts."""
    from broadsheet import console

    library, found, after = library_of(context), [], 0
    while some := library.store.accounts.some(1_000, after):
        found += some
        after = some[-1].id
    if as_json:
        console.print_json({"accounts": [_dict(one) for one in found]})
        return
    rows = [(one.name, one.email or "", one.role, one.state, _when(one.made)[:10]) for one in found]
    console.table(console.out(), rows, ("name", "address", "role", "state", "since"))


@account.command()
@click.argument("name")
@json_option
@click.pass_context
def link(context: click.Context, name: str, as_json: bool) -> None:
    """Print a link that signs in as NAME, once, within a day."""
    from broadsheet import console
    from broadsheet.people import signin

    library = library_of(context)
    there = _address(library, f"/sign-in/{signin.shell_link(library.store, _find(library, name))}")
    if as_json:
        console.print_json({"link": there})
        return
    click.echo(there)
    console.say("It works once, until tomorrow at this time. Whoever has it can sign in.")
    _note(library)


@account.command()
@click.argument("name")
@click.argument("email", required=False)
@json_option
@click.pass_context
def address(context: click.Context, name: str, email: str | None, as_json: bool) -> None:
    """Give the account NAME the address EMAIL, or none. `account address owner me@example.org` lets you sign in."""
    from broadsheet.people import addresses

    library = library_of(context, create=True)
    found = _find(library, name)
    library.store.accounts.set_email(found.id, addresses.address(email) if email else None, _owner().id)
    _say(library, found, as_json, f"letters go to {addresses.address(email)} now" if email else "has no address now")


def _say(library: "Library", before: "Account", as_json: bool, sentence: str) -> None:
    from broadsheet import console

    if as_json:
        after = library.store.accounts.at(before.id)
        console.print_json(_dict(after) if after else {"id": before.id, "state": "gone"})
    else:
        console.say(f"{before.name}: {sentence}.")


@account.command()
@click.argument("name")
@click.argument("new", type=_ROLES)
@json_option
@click.pass_context
def role(context: click.Context, name: str, new: str, as_json: bool) -> None:
    """Make the account NAME a reader, an editor or an admin."""
    library = library_of(context)
    found = _find(library, name)
    library.store.accounts.set_role(found.id, new, _owner().id)
    _say(library, found, as_json, f"{new} now, {found.role} before")


@account.command()
@click.argument("name")
@json_option
@click.pass_context
def suspend(context: click.Context, name: str, as_json: bool) -> None:
    """Sign NAME out everywhere, and let them in no more until `account restore`."""
    library = library_of(context)
    found = _find(library, name)
    library.store.accounts.suspend(found.id, _owner().id)
    _say(library, found, as_json, "suspended, and signed out everywhere")


@account.command()
@click.argument("name")
@json_option
@click.pass_context
def restore(context: click.Context, name: str, as_json: bool) -> None:
    """Take a suspension back."""
    library = library_of(context)
    found = _find(library, name)
    library.store.accounts.restore(found.id, _owner().id)
    _say(library, found, as_json, "can sign in again")


@account.command()
@click.argument("name")
@click.option("--yes", help="The name once more, so that nothing goes by mistake.", metavar="NAME")
@json_option
@click.pass_context
def remove(context: click.Context, name: str, yes: str | None, as_json: bool) -> None:
    """Delete the account NAME and all that is its own, for good: votes, words, lists, keys."""
    from broadsheet.people import leaving, sessions

    library = library_of(context)
    found = _find(library, name)
    if yes is None and not as_json:
        yes = click.prompt(f"Type {found.name} to delete that account, for good", err=True)
    leaving.leave(library.store, sessions.reader(found), yes or "", by=_owner().id)
    _say(library, found, as_json, "deleted")


@cli.command()
@click.argument("email", required=False)
@click.option("--link", "by_link", is_flag=True, help="Print a link to hand over, in place of a letter.")
@click.option("--role", type=_ROLES, default="reader", show_default=True, help="What they may do.")
@click.option("--uses", type=int, default=1, show_default=True, help="How often a link can be used.")
@click.option("--days", type=int, default=14, show_default=True, help="For how long.")
@json_option
@click.pass_context
def invite(
    context: click.Context, email: str | None, by_link: bool, role: str, uses: int, days: int, as_json: bool
) -> None:
    """Invite whoever reads at EMAIL by a letter, or whoever gets the link that --link prints."""
    from broadsheet import console
    from broadsheet.people import invitations

    if bool(email) == by_link:
        raise Mistake("give an address to send the invitation to, or --link for one to hand over")
    library = library_of(context, create=True)
    if email and library.settings.smtp and not library.settings.address:
        raise Mistake('the link in a letter needs the address of this library: address = "https://..." under [web]')
    made = invitations.make(library.store, _owner(), email=email or "", role=role, uses=uses, days=days)
    there = _address(library, f"/join/{made.key}")
    if made.email:
        _send(library, made, there)
    if as_json:
        console.print_json({"email": made.email, "link": "" if made.email else there, "days": days, "uses": uses})
    elif made.email:
        where = "sent" if library.settings.smtp else f"written into {library.home / 'outbox'}: no mail server is set"
        console.say(f"The invitation of {made.email} was {where}.")
    else:
        click.echo(there)
        console.say(f"It can be used {uses} time{'s' if uses > 1 else ''}, for {days} days.")
    if not as_json:
        _note(library)


def _send(library: "Library", made: "Invited", there: str) -> None:
    from broadsheet.mail import send, write

    config = library.settings
    server = send.server(config)
    values = {"site": config.title, "link": there, "days": made.days, "by": "The owner"}
    message = write.letter("invitation", made.email, send.sender(config), home=config.home, **values)
    if server:
        send.deliver(server, message, send.signer(config))
    else:
        send.keep(library.home, message)


@cli.command()
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
@click.pass_context
def audit(context: click.Context, limit: int, as_json: bool) -> None:
    """Show what administrators and editors did, and what happened at the doors, the latest first."""
    from broadsheet import console
    from broadsheet.people import acts

    store = library_of(context).store
    found = store.audit.entries(limit)
    objects = acts.objects(store, found)
    if as_json:
        rows = [{**one._asdict(), "at": _when(one.at), "to": objects.get(one.object, "")} for one in found]
        console.print_json({"audit": rows})
        return
    if not found:
        console.say("Nothing was done yet.")
        return
    table = [
        (_when(one.at).replace("T", " ")[:16], _who(one.account, one.name), acts.words(one),
         objects.get(one.object, one.object), one.detail)
        for one in found
    ]  # fmt: skip
    console.table(console.out(), table, ("when (UTC)", "who", "did", "to", "more"))


def _who(account: int | None, name: str) -> str:
    return "the machine" if account is None else name or f"account {account}"
