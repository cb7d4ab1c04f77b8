"""The API does what its description says: whatever is asked, a described answer, and never a fault of ours.

The description makes the questions (Schemathesis), a real server over a real library answers them. A few a route here;
`make soak` asks many more.
"""

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import community_people
import store_servers
import web_library
from broadsheet import groups
from broadsheet.community import trending
from broadsheet.library import Library
from broadsheet.store import OWNER
from broadsheet.web import api, create_app, server
from broadsheet.web.api_schema import operations
from returned_mail import complaint, report

FLAGS = {"edit": "all", "proxy": "http://127.0.0.1:9"}  # nobody is asked, whatever is submitted
TODAY = datetime.now(UTC).date()
EXAMPLES = 6 * int(os.environ.get("BROADSHEET_SOAK", "1"))  # a route and a way of asking
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip


def _description() -> dict[str, Any]:
    """What the API says of itself; it needs no library for that."""
    app = FastAPI(title="Broadsheet", version="1")
    api.add(app)
    return app.openapi()


DESCRIPTION = _description()
schemathesis.openapi.media_type("message/rfc822", st.one_of(st.binary(), st.sampled_from([report(), complaint()])))
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
SCHEMA.config.generation.update(with_security_parameters=False)  # a token is sent by us, where one is
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]

# What is there: else most questions would be about papers that nobody has.
KNOWN: Mapping[str, Any] = {
    "identifier": "series3", "number": 1, "name": "routes", "day": TODAY.isoformat(), "month": f"{TODAY:%Y-%m}",
    "week": f"{TODAY:%G-W%V}", "topic": "weather", "slug": "graph-lab",
}  # fmt: skip


@pytest.fixture(scope="module", params=store_servers.BOTH)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose library lets all who ask be its owner."""
    store = ""
    if request.param == "postgresql":
        place: store_servers.Server = request.getfixturevalue("postgres")
        place.run("CREATE DATABASE api")
        store = place.url("api")
        request.addfinalizer(lambda: place.run("DROP DATABASE api WITH (FORCE)"))
    with web_library.make(tmp_path_factory.mktemp("schema"), flags={**FLAGS, "store": store}) as library:
        if not store:
            web_library.lived_in(library)
        library.keep(["series1", "series2"], "to read")
        library.save_search("routes", "weather routing")
        groups.begin(library.store, OWNER, "Graph Lab")
        readers(library)
        listener = server.bind("127.0.0.1", 0)
        host, port = listener.getsockname()
        running = uvicorn.Server(server.config(create_app(library), host=host, port=port))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield f"http://{host}:{port}"
        running.should_exit = True
        thread.join()


def readers(library: Library) -> None:
    """What others did here: votes of today, so that something rises."""
    found = library.store.resolve([f"id:series{number}" for number in range(8)])
    for place, reader in enumerate(community_people.readers(library.store, 8)):
        for pk in [*found.values()][place:]:
            library.store.community.vote(reader.id, pk)
    soon = int(time.time()) + 600  # nothing rises in no time
    assert trending.refresh(library.home, library.store, library.index, every=0, now=soon)


def test_the_description_is_valid() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1")
    SCHEMA.validate()


def test_every_route_is_described() -> None:
    assert len(OPERATIONS) == len(list(operations(DESCRIPTION)))
    bare = []
    for _, method, operation in operations(DESCRIPTION):
        name = f"{method} {operation['operationId']}"
        parameters = [one for one in operation.get("parameters", ()) if "$ref" not in one and one["in"] != "path"]
        bare += [f"{name}: {one['name']}" for one in parameters if not one.get("description")]
        bare += [name for part in ("summary", "tags", "responses") if not operation.get(part)]
        bare += [f"{name}: 422" for status in operation["responses"] if status == "422"]
        good = [answer for status, answer in operation["responses"].items() if status in ("200", "201")]
        shapes = [answer["content"].get("application/json", {}).get("schema") for answer in good]
        bare += [f"{name}: what it answers" for shape in shapes if shape is not None and "$ref" not in shape]
    assert bare == []


def test_a_stranger_is_sent_away_from_all_that_takes_a_reader(tmp_path: Path) -> None:
    with web_library.make(tmp_path, [], {"accounts": "open"}) as library:
        client = TestClient(create_app(library), base_url="https://papers.example")
        for item in operations(DESCRIPTION):
            if {} in item.said["security"]:
                continue
            path = re.sub(r"{(\w+)}", lambda match: str(KNOWN.get(match[1], "1")), item.path)
            kind = next(iter(item.said.get("requestBody", {}).get("content", {})), "application/json")
            body = "{}" if item.method in ("post", "put", "patch") else None
            headers = {"content-type": kind} if body else {}
            answer = client.request(item.method, path, content=body, headers=headers)
            assert answer.status_code == 401, item
            assert answer.headers["www-authenticate"] == 'Bearer realm="broadsheet"'
            headers["authorization"] = "Bearer bs_none"
            asked = client.request(item.method, path, content=body, headers=headers)
            assert asked.status_code == 401, item


def check(cases: st.SearchStrategy[Any], base: str, *more: Any) -> None:
    """Asks *cases* of the server, and looks at what it answers."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=cases)
    def ask(case: Any) -> None:
        case.call_and_validate(base_url=base, checks=[*CHECKS, *more])

    ask()


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.label for one in OPERATIONS])
def test_the_answer_is_as_described(operation: Any, base: str) -> None:
    known = {one.name: KNOWN[one.name] for one in operation.path_parameters if one.name in KNOWN}
    there = operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known)
    check(st.one_of(there, operation.as_strategy(GenerationMode.POSITIVE)) if known else there, base)


TAKING = [one for one in OPERATIONS if one.body or one.query]  # of the others, nothing can be asked wrongly


@pytest.mark.parametrize("operation", TAKING, ids=[one.label for one in TAKING])
def test_what_is_against_the_description_is_refused(operation: Any, base: str) -> None:
    check(operation.as_strategy(GenerationMode.NEGATIVE), base, negative_data_rejection)
