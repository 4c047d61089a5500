"""The control endpoint: counts, faults, latency and the SMB neighbour over HTTP, for an emulator in its own process.

It lives under a path that no account can have, is off unless asked for, and asks for no signature, but answers
requests from this machine only:

    GET, DELETE       counts                  requests by operation; start anew
    GET               log                     operation and path of each request
    GET, POST, DELETE faults                  the rules in force; add one (or a list); remove all
    PUT               latency, clock          {"seconds": 0.02}; {"skew": -900}
    GET, PUT          workspaces              conditions of the workspaces; change: {"name", "phase": "read-only", …}
    POST              smb/open                {"share", "path", "access", "sharing", "flush_seconds"} -> {"id"}
    POST              smb/write               {"id", "text" or "base64", "start"}: unflushed
    POST              smb/flush, smb/close    {"id"}
    POST              smb/lock, smb/unlock    {"id", "start", "length"}
    POST              smb/delete              {"id"}: pending until the last handle is closed
"""

import base64
import ipaddress
import json
from dataclasses import asdict
from typing import Any, Protocol

from aiohttp import web

from flowsync.emulator import names
from flowsync.emulator.faults import Fault, Faults
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.witness import Witness

PREFIX = "/!control/"


class Panel(Protocol):
    """What can be controlled."""

    service: Service
    faults: Faults
    witness: Witness
    latency: float


async def answer(panel: Panel, request: web.BaseRequest) -> web.Response:
    """Answers one request to the control endpoint."""
    if not ipaddress.ip_address((request.remote or "0.0.0.0").partition("%")[0]).is_loopback:
        return web.json_response({"error": "Control is for this machine only."}, status=403)
    topic = request.path[len(PREFIX) :]
    body = await request.read()
    try:
        given: Any = json.loads(body) if body else {}
        result = _act(panel, request.method, topic, given)
    except (ValueError, TypeError, KeyError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
    except Refused as refused:
        return web.json_response({"error": refused.code}, status=refused.status)
    return web.json_response(
        {"error": "There is no such control."} if result is None else result, status=200 if result is not None else 404
    )


def _act(panel: Panel, method: str, topic: str, given: Any) -> Any:
    if topic.startswith("smb/") and method == "POST":
        return _smb(panel.service, topic[len("smb/") :], given)
    match method, topic:
        case "GET", "counts":
            return panel.witness.counts()
        case "DELETE", "counts":
            panel.witness.reset()
            return {}
        case "GET", "log":
            return [{"operation": operation, "path": path} for operation, path in panel.witness.log]
        case "GET", "faults":
            return [asdict(fault) for fault in panel.faults.rules()]
        case "POST", "faults":
            return [asdict(panel.faults.add(Fault(**rule))) for rule in (given if isinstance(given, list) else [given])]
        case "DELETE", "faults":
            panel.faults.clear()
            return {}
        case "PUT", "latency":
            panel.latency = float(given["seconds"])
            return {"seconds": panel.latency}
        case "GET", "workspaces":
            return [workspace.conditions() for workspace in panel.service.workspaces]
        case "PUT", "workspaces":
            return panel.service.workspaces.named(given.pop("name", "")).change(given)
        case "PUT", "clock":
            panel.service.clock.skew = float(given["skew"])
            return {"skew": panel.service.clock.skew}
    return None


def _smb(service: Service, verb: str, given: Any) -> Any:
    neighbours = service.neighbours
    if verb == "open":
        account = given.get("account") or next(iter(service.accounts))
        share = service.store.share(account, given["share"])
        place = share.tree.locate(names.split(given["path"], True))
        access, sharing = given.get("access", "rw"), given.get("sharing", "rwd")
        handle = neighbours.open(share, place, given["path"], access, sharing, service.clock)
        handle.flush_seconds = float(given.get("flush_seconds", 0))
        return {"id": handle.id}
    handle = neighbours.find(int(given["id"]))
    match verb:
        case "write":
            content = base64.b64decode(given["base64"]) if "base64" in given else str(given["text"]).encode()
            handle.unflushed[int(given.get("start", 0))] = content
        case "flush":
            neighbours.flush(handle, service.clock)
        case "close":
            neighbours.close(handle, service.clock)
        case "lock":
            handle.locks.append((int(given["start"]), int(given["start"]) + int(given["length"]) - 1))
        case "unlock":
            handle.locks.clear()
        case "delete":
            handle.deletes = True
        case _:
            return None
    return {"id": handle.id}
