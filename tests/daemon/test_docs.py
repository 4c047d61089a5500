"""docs/ipc.md says what the daemon speaks: methods, events, states and errors, compared with code and wire."""

import json
import re
from pathlib import Path
from typing import Any

from daemon_process import Daemon
from flowsync.daemon import settings
from flowsync.daemon.board import Board, Health
from flowsync.daemon.clock import SystemClock
from flowsync.daemon.inbox import Inbox
from flowsync.daemon.methods import Methods
from flowsync.daemon.place import Place
from flowsync.daemon.quiet import Quiet
from flowsync.sync.result import Did
from world import World

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "ipc.md").read_text()
SCHEMA: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])["$defs"]


def fits(schema: dict[str, Any], value: Any) -> list[str]:
    """What of a value breaks the part of JSON Schema that the page uses."""
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    if "$ref" in schema:
        return fits(SCHEMA[schema["$ref"].rpartition("/")[2]], value)
    wrong = []
    named = schema.get("type", [])
    allowed = [named] if isinstance(named, str) else named
    if allowed and not any(isinstance(value, kinds[kind]) for kind in allowed):  # type: ignore[arg-type]
        wrong.append(f"{value!r} is no {allowed}")
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{value!r} is not one of {schema['enum']}")
    if isinstance(value, list):
        wrong += [said for item in value for said in fits(schema.get("items", {}), item)]
    if isinstance(value, dict):
        wrong += [f"{name} is missing" for name in schema.get("required", ()) if name not in value]
        if "oneOf" in schema and sum(not fits(one, value) for one in schema["oneOf"]) != 1:
            wrong.append("not exactly one of the alternatives")
        for name, inner in schema.get("properties", {}).items():
            wrong += [f"{name}: {said}" for said in (fits(inner, value[name]) if name in value else ())]
    return wrong


def test_the_page_names_exactly_the_methods_and_states(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path, tmp_path)
    methods = Methods(place, "studio", Inbox(SystemClock(), Quiet()), Board(), lambda: None, lambda: "")
    methods.close()
    known = {"hello", *methods.table}
    assert set(SCHEMA["request"]["properties"]["method"]["enum"]) == known
    table = PAGE.partition("## Methods")[2].partition("Hanging up")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == known
    assert set(SCHEMA["state"]["properties"]["health"]["enum"]) == {health.value for health in Health}
    assert all(f"`{health.value}`" in PAGE for health in Health)


def test_what_is_on_the_wire_fits_the_schema(world: World, daemon: Daemon) -> None:
    with daemon.client() as client:
        client.request("subscribe")
        client.send("command", {"name": "sync"})
        client.send("state")
        client.send("no such thing")
        client.send("pause", {"flows": 7})
        seen, answered = [], 0
        while answered < 4:
            message = client._read()
            assert message is not None
            answered += "id" in message
            seen.append(message)
    for message in seen:
        assert fits(SCHEMA["answer" if "id" in message else "notification"], message) == [], message
    assert {message["params"]["kind"] for message in seen if message.get("method") == "event"} <= {
        "health",
        "flows",
        "result",
        "live",
        "notice",
        "log",
        "progress",
    }
    (state,) = [message["result"] for message in seen if isinstance(message.get("result"), dict)]
    assert fits(SCHEMA["state"], state) == []
    assert fits(SCHEMA["state"], {**state, "health": "odd"}) != []


def test_what_is_looked_at_fits_the_schema(world: World, daemon: Daemon) -> None:
    world.write({"flows/chat/a.py": "x = 2\n"})
    asked = {
        "files": {"flow": "chat"},
        "content": {"flow": "chat", "path": "a.py", "at": "worktree"},
        "history": {"flow": "chat"},
        "compare": {"flow": "chat", "before": "base", "after": "worktree"},
        "findings": {"flow": "chat"},
        "log": {},
        "resolve": {"flow": "chat", "files": {"a.py": {"take": "local"}}},
        "discard": {"flow": "chat"},
        "restore": {"flow": "chat", "at": "HEAD"},
    }
    for method, params in asked.items():
        assert fits(SCHEMA[method], daemon.ask(method, **params)) == [], method
    assert fits(SCHEMA["files"], {**daemon.ask("files", flow="chat"), "files": [{}]}) != []


def test_the_page_names_everything_that_can_become_of_a_flow() -> None:
    assert set(SCHEMA["result"]["properties"]["did"]["enum"]) == {did.value for did in Did}


def test_every_setting_is_on_the_page() -> None:
    page = (DOCS / "daemon.md").read_text()
    for key in settings.KEYS.values():
        assert f"`{key.removeprefix('flowsync.')}`" in page
