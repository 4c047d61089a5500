"""What is in conflict in a flow, as the daemon tells it: three versions of each file, and the files beside."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from typing import Any

from flowsync.errors import FlowsyncError
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.conflict import Resolution
from flowsync_tui.view.conflicted import Choice, Conflicted, merged_alone
from flowsync_tui.view.contents import content_of

SIDES = (Choice.BASE, Choice.LOCAL, Choice.REMOTE)
READ_UP_TO = 256 * 1024  # bytes of a file beside the conflict that validation looks into


async def conflict(room: FlowRoom) -> tuple[Resolution, Sequence[Mapping[str, Any]]]:
    """Returns what there is to decide, and every file of the flow as the daemon tells it."""
    found = await room.ask("files")
    files: Sequence[Mapping[str, Any]] = found["files"]
    clashing = [str(file["path"]) for file in files if file["state"] == "conflict"]
    conflicted = [Conflicted(path, *await _versions(room, path)) for path in clashing]
    fresh = Resolution(conflicted, found["sides"])
    await asyncio.to_thread(lambda: fresh.places)  # the merge, once
    return fresh, files


async def _versions(room: FlowRoom, path: str) -> tuple[bytes | None, bytes | None, bytes | None]:
    said = await asyncio.gather(*(room.said(path, choice.name.lower()) for choice in SIDES))
    if any(one is not None and one.get("too_large") for one in said):
        raise FlowsyncError(f"{path} is too large to be merged here", f"flowsync resolve {room.flow} --tool")
    base, local, remote = map(content_of, said)
    return base, local, remote


async def beside(room: FlowRoom, files: Sequence[Mapping[str, Any]], clashing: Container[str]) -> dict[str, bytes]:
    """Returns the files without conflict, as the merge will have them; what is large is taken for empty."""
    found: dict[str, bytes] = {}
    for file in files:
        path = str(file["path"])
        if path in clashing:
            continue
        content: bytes | None = b""
        if file["size"] <= READ_UP_TO:
            content = await _alone(room, file)
        elif not file["local"] and not file["remote"]:
            content = None
        if content is not None:
            found[path] = content
    return found


async def _alone(room: FlowRoom, file: Mapping[str, Any]) -> bytes | None:
    path, sides = str(file["path"]), ("base", "local", "remote")
    if len({file["local"], file["remote"]}) == 1 or file["base"] in (file["local"], file["remote"]):
        taken = "local" if file["remote"] in (file["base"], file["local"]) else "remote"
        return await room.content(path, taken) if file[taken] else None
    base, local, remote = [await room.content(path, side) if file[side] else None for side in sides]
    return merged_alone(path, base, local, remote)
