"""JSON in and JSON out."""

import json
from typing import Any

from flowsync.emulator.refusal import Refused
from flowsync.emulator.wire import Call, Reply

JSON = "application/json; charset=utf-8"


def given(call: Call) -> dict[str, Any]:
    """Reads the object that a request's body is; raises Refused."""
    try:
        value = json.loads(call.body or b"{}")
    except ValueError as error:
        raise Refused("BadArgument", "The body of the request is not JSON.") from error
    if not isinstance(value, dict):
        raise Refused("BadArgument", "The body of the request is not a JSON object.")
    return value


def reply(value: Any, status: int = 200) -> Reply:
    """Makes a reply of JSON."""
    return Reply(status, {"Content-Type": JSON}, json.dumps(value, ensure_ascii=False).encode())


def done() -> Reply:
    """Makes the reply of what has nothing to tell."""
    return Reply(200)
