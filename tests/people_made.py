"""Accounts and sessions for tests, made as the program makes them.

For other tests that need readers:

    with_accounts(library)                       # [people] accounts = invite, from now on
    ada = account(library, "Ada")                # -> Reader, without a browser; twice the same name, the same account
    ed = account(library, "Ed", role="editor")
    client = browser(library)                    # a browser at http://localhost:8008 that nobody has signed in with
    signed_in(client, library, "Ada")            # -> the same client: it has a real session cookie, and says of every
                                                 #    form that one of our own pages sent it (sec-fetch-site, origin)
    key = token(library, "Ada", "read write")    # a token of the API: headers={"authorization": f"Bearer {key}"}
"""

from dataclasses import replace

from fastapi.testclient import TestClient

from broadsheet.library import Library
from broadsheet.people import names, sessions, tokens
from broadsheet.people.rights import Reader, Role
from broadsheet.store import Name
from broadsheet.web import create_app

HERE = "http://localhost:8008"
OURS = {"origin": HERE, "sec-fetch-site": "same-origin"}


def with_accounts(library: Library, accounts: str = "invite", **more: object) -> Library:
    library.settings = replace(library.settings, **{"accounts": accounts, **more})  # type: ignore[arg-type]
    return library


def account(library: Library, name: str, role: Role = "reader", email: str | None = None) -> Reader:
    """The account of that name, made if it is not there."""
    found = library.store.accounts.named(names.key(name))
    if found is None:
        called = Name(name, names.key(name), names.likeness(name))
        found = library.store.accounts.add(called, email, role, None)
    return sessions.reader(found)


def browser(library: Library, address: str = HERE, at: str = "127.0.0.1") -> TestClient:
    """Somebody with a browser, who follows no redirect by itself."""
    return TestClient(create_app(library), base_url=address, client=(at, 50_000), follow_redirects=False)


def signed_in(client: TestClient, library: Library, name: str, role: Role = "reader") -> TestClient:
    """*client*, signed in as that account, which is made if it is not there."""
    key = sessions.begin(library.store, account(library, name, role).id, "link", "Mozilla/5.0 (X11; Linux) Firefox/150")
    secure = str(client.base_url).startswith("https:")
    client.cookies.clear()
    host = client.base_url.host
    domain = host if "." in host else f"{host}.local"  # as the client itself files what the server sets
    client.cookies.set("__Host-broadsheet" if secure else "broadsheet", key, domain, "/")
    client.headers.update({"origin": str(client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"})
    return client


def token(library: Library, name: str, scopes: str = "read", role: Role = "reader") -> str:
    """A token of the API, of that account."""
    return tokens.make(library.store, account(library, name, role), "a test", scopes.split()).key
