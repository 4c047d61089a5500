"""The control endpoint: counts, faults and latency over HTTP, for an emulator that runs as its own process.

It lives under a path that no account can have, is off unless asked for, and asks for no signature.
"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from flowsync.emulator.faults import Fault

if TYPE_CHECKING:
    from flowsync.emulator.server import Handler

PREFIX = "/!control/"


async def answer(handler: "Handler", request: web.BaseRequest) -> web.Response:
    """Answers one request to the control endpoint."""
    topic = request.path[len(PREFIX) :]
    body = await request.read()
    try:
        given: Any = json.loads(body) if body else {}
        result = _act(handler, request.method, topic, given)
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)
    return web.json_response(
        {"error": "There is no such control."} if result is None else result, status=200 if result is not None else 404
    )


def _act(handler: "Handler", method: str, topic: str, given: Any) -> Any:
    match method, topic:
        case "GET", "counts":
            return handler.witness.counts()
        case "DELETE", "counts":
            handler.witness.reset()
            return {}
        case "GET", "log":
            return [{"operation": operation, "path": path} for operation, path in handler.witness.log]
        case "GET", "faults":
            return [asdict(fault) for fault in handler.faults.rules()]
        case "POST", "faults":
            return [
                asdict(handler.faults.add(Fault(**rule))) for rule in (given if isinstance(given, list) else [given])
            ]
        case "DELETE", "faults":
            handler.faults.clear()
            return {}
        case "PUT", "latency":
            handler.latency = float(given["seconds"])
            return {"seconds": handler.latency}
        case "PUT", "clock":
            handler.service.clock.skew = float(given["skew"])
            return {"skew": handler.service.clock.skew}
    return None
