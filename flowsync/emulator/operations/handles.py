"""SMB handles seen through REST: listed and closed by force."""

from flowsync.emulator import ticks
from flowsync.emulator.operations.listing import page_size
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.smb import Handle
from flowsync.emulator.store.node import Node
from flowsync.emulator.wire import Call, Reply, document, element

_RIGHTS = {"r": "Read", "w": "Write", "d": "Delete"}


def list_handles(service: Service, call: Call) -> Reply:
    """Lists the open handles on a file or folder, and below it if asked."""
    handles = _chosen(service, call, call.flag("x-ms-recursive"))
    limit = page_size(call)
    marker = call.query.get("marker", "")
    if marker and not marker.isdigit():
        raise Refused("InvalidQueryParameterValue")
    start = int(marker or 0)
    page = handles[start : start + limit]
    following = str(start + limit) if start + limit < len(handles) else ""
    text = "".join(_entry(handle) for handle in page)
    echo = f"<MaxResults>{limit}</MaxResults>" if "maxresults" in call.query else ""
    return document(
        200,
        f"<EnumerationResults>{echo}<Entries>{text}</Entries>{element('NextMarker', following)}</EnumerationResults>",
    )


def close_handles(service: Service, call: Call) -> Reply:
    """Closes one handle, or all of them."""
    wanted = call.need("x-ms-handle-id")
    if wanted != "*" and not wanted.isdigit():
        raise Refused("InvalidHeaderValue")
    recursive = call.flag("x-ms-recursive") or wanted != "*"  # one handle is found wherever below it is
    handles = [handle for handle in _chosen(service, call, recursive) if wanted in ("*", str(handle.id))]
    for handle in handles:
        handle.unflushed.clear()
        service.neighbours.close(handle, service.clock)
    return Reply(200, {"x-ms-number-of-handles-closed": str(len(handles)), "x-ms-number-of-handles-failed": "0"})


def _chosen(service: Service, call: Call, recursive: bool) -> list[Handle]:
    share = service.share(call)
    place = share.tree.locate(call.parts)
    if place.node is None:
        raise Refused("ResourceNotFound" if place.parent is not None else "ParentNotFound")
    if not recursive:
        return service.neighbours.handles(place.node)
    return [handle for handle in service.neighbours.all() if _below(handle.node, place.node)]


def _below(node: Node | None, top: Node) -> bool:
    return node is not None and (node is top or _below(node.up, top))


def _entry(handle: Handle) -> str:
    rights = "".join(element("AccessRight", _RIGHTS[letter]) for letter in handle.access)
    parent = handle.node.up.file_id if handle.node.up else 0
    fields = {
        "HandleId": str(handle.id),
        "Path": handle.path,
        "FileId": str(handle.node.file_id),
        "ParentId": str(parent),
        "SessionId": "1",
        "ClientIp": f"{handle.client}:445",
        "ClientName": handle.client,
        "OpenTime": ticks.http_date(handle.opened),
    }
    text = "".join(element(tag, value) for tag, value in fields.items())
    return f"<Handle>{text}<AccessRightList>{rights}</AccessRightList></Handle>"
