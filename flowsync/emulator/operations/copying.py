"""Copies between files of this emulator: at once within an account, in the background between two; ranges by URL.

A source is another file here, named by its whole URL. Within the account the caller's own right to it is enough for a
copy; everything else needs a signature in the source's URL, or a bearer token beside it.
"""

import uuid
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from multidict import CIMultiDict

from flowsync.emulator import access, bearer, names, ticks
from flowsync.emulator.operations import leases, ranges
from flowsync.emulator.operations.files import place_for_file
from flowsync.emulator.operations.properties import (
    default_type,
    take_metadata,
    take_smb,
)
from flowsync.emulator.operations.rename import source_of
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import MAX_BODY, Service
from flowsync.emulator.store import changes, disk
from flowsync.emulator.store.node import Node, Span
from flowsync.emulator.store.share import Share
from flowsync.emulator.store.tree import Place
from flowsync.emulator.wire import Call, Reply, split_query

BACKGROUND = 0.3
"""Seconds that a copy from another account is pending."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to copy from, found and allowed."""

    url: str
    account: str
    share: Share
    place: Place
    node: Node


def start(service: Service, call: Call) -> Reply:
    """Copies a file over a new or an existing one."""
    share = service.share(call, writes=True)
    source = _source(service, call, needs_proof=False)
    place = place_for_file(share, call)
    node = _target(service, call, share, place)
    node.copy = {
        "x-ms-copy-id": str(uuid.uuid4()),
        "x-ms-copy-source": source.url.partition("?")[0],
        "x-ms-copy-status": "pending",
        "x-ms-copy-progress": f"0/{source.node.size}",
    }
    _dress(service, call, share, source.node, node)
    if source.account == call.target.account:
        _finish(service, share, place, node, source)
    else:
        node.spans = []
        changes.write_whole(share.tree, place, node, b"", 0)
        copy_id = node.copy["x-ms-copy-id"]
        service.later(BACKGROUND, lambda: _finish_later(service, share, call.parts, copy_id, source))
    return Reply(
        202,
        {
            "ETag": ticks.etag(node.changed),
            "Last-Modified": ticks.http_date(node.changed),
            "x-ms-copy-id": node.copy["x-ms-copy-id"],
            "x-ms-copy-status": node.copy["x-ms-copy-status"],
        },
    )


def abort(service: Service, call: Call) -> Reply:
    """Stops a pending copy and leaves an empty file."""
    share = service.share(call, writes=True)
    place, node = service.file(call, share)
    if call.need("x-ms-copy-action").lower() != "abort":
        raise Refused("InvalidHeaderValue")
    if node.copy.get("x-ms-copy-status") != "pending":
        raise Refused("NoPendingCopyOperation")
    if call.query.get("copyid") != node.copy["x-ms-copy-id"]:
        raise Refused("CopyIdMismatch")
    leases.guard(service, call, node)
    node.copy |= {"x-ms-copy-status": "aborted", "x-ms-copy-completion-time": ticks.http_date(service.clock.now())}
    node.changed = service.clock.next()
    changes.update(share.tree, place, node)
    return Reply(204)


def _target(service: Service, call: Call, share: Share, place: Place) -> Node:
    assert place.parent is not None
    node = place.node
    if node is None:
        if "x-ms-lease-id" in call.headers:
            raise Refused("LeaseNotPresentWithFileOperation")
        return share.tree.index.new_node(place.parent, place.name, is_folder=False)
    leases.guard(service, call, node)
    service.neighbours.check(node, "wd")
    if node.copy.get("x-ms-copy-status") == "pending":
        raise Refused("PendingCopyOperation")
    if "ReadOnly" in node.attributes and not call.flag("x-ms-file-copy-ignore-readonly"):
        raise Refused("ReadOnlyAttribute")
    node.attributes = "Archive"
    return node


def _dress(service: Service, call: Call, share: Share, source: Node, node: Node) -> None:
    """Gives the copy its properties: the source's where the request says so, its own, or new ones."""
    node.headers = dict(source.headers)
    default_type(node)
    if call.metadata():
        take_metadata(call, node)
    else:
        node.metadata = dict(source.metadata)
    values = {header: call.headers.get(f"x-ms-file-{header}", "").lower() for header in _FROM_SOURCE}
    given = {key: value for key, value in call.headers.items() if values.get(key.lower()[10:], "") != "source"}
    if call.headers.get("x-ms-file-permission-copy-mode", "").lower() == "source":
        node.permission = source.permission
    take_smb(service, share, _with_headers(call, given), node, created=True)
    for header, name in _FROM_SOURCE.items():
        if values[header] == "source":
            setattr(node, name, getattr(source, name))
    if values["attributes"] not in ("", "source") and not call.flag("x-ms-file-copy-set-archive"):
        node.attributes = " | ".join(word for word in node.attributes.split(" | ") if word != "Archive") or "None"


_FROM_SOURCE = {
    "attributes": "attributes",
    "creation-time": "created",
    "last-write-time": "written",
    "change-time": "changed",
}


def _with_headers(call: Call, headers: dict[str, str]) -> Call:
    return replace(call, headers=CIMultiDict(headers))


def _finish(service: Service, share: Share, place: Place, node: Node, source: Source) -> None:
    size = source.node.size
    node.copy |= {
        "x-ms-copy-status": "success",
        "x-ms-copy-progress": f"{size}/{size}",
        "x-ms-copy-completion-time": ticks.http_date(service.clock.now()),
    }
    node.spans = [Span(span.start, span.end, node.changed) for span in source.node.spans if not span.cleared]
    changes.copy_whole(share.tree, place, node, source.place.path)


def _finish_later(service: Service, share: Share, parts: tuple[str, ...], copy_id: str, source: Source) -> None:
    """Ends a pending copy, unless its file or its source has gone another way meanwhile."""
    place = share.tree.locate(parts)
    node = place.node
    if node is None or node.copy.get("x-ms-copy-id") != copy_id or node.copy["x-ms-copy-status"] != "pending":
        return
    if not source.share.tree.fresh(source.node, source.place.path):
        node.copy |= {"x-ms-copy-status": "failed", "x-ms-copy-status-description": "404 ResourceNotFound"}
        changes.update(share.tree, place, node)
        return
    _finish(service, share, place, node, source)


def put_range(service: Service, call: Call) -> Reply:
    """Writes a range of another file into one."""
    share = service.share(call, writes=True)
    first, last = ranges.whole_range(call)
    if last - first + 1 > MAX_BODY:
        raise Refused("RequestBodyTooLarge")
    source = _source(service, call, needs_proof=True)
    start, end = ranges.whole_range(_with_headers(call, {"x-ms-range": call.headers.get("x-ms-source-range", "")}))
    if end - start != last - first:
        raise Refused("InvalidHeaderValue", "The two ranges differ in length.")
    if end >= source.node.size:
        raise Refused("InvalidRange")
    handle = disk.open_to_read(source.place.path)
    try:
        content = disk.read_at(handle, start, end - start + 1)
    finally:
        disk.close(handle)
    return ranges.write(service, call, share, first, content)


def _source(service: Service, call: Call, needs_proof: bool) -> Source:
    """Finds the file that x-ms-copy-source names and checks that the caller may read it."""
    url = call.need("x-ms-copy-source")
    target = source_of(service, call, "x-ms-copy-source")
    if target.account not in service.accounts:
        raise Refused("CannotVerifyCopySource")
    query = split_query(urlsplit(url).query)
    authorization = call.headers.get("x-ms-copy-source-authorization", "")
    if "sig" in query:
        try:
            access.sas_grant(service, call, query, target).allows("r", "o")
        except Refused as refused:
            raise _unverified(refused) from refused
    elif authorization:
        bearer.check(authorization, target.account, service.clock.now(), service.opaque_tokens)
    elif needs_proof or target.account != call.target.account or call.grant is not None:
        raise _unverified(Refused("NoAuthenticationInformation"))
    try:
        share = service.store.share(target.account, target.share, query.get("sharesnapshot", ""))
        place = share.tree.locate(names.split(target.raw_path, call.flag("x-ms-source-allow-trailing-dot")))
    except Refused as refused:
        raise _unverified(refused) from refused
    if place.node is None or place.node.folder:
        raise _unverified(Refused("ResourceNotFound"))
    service.settle(call, place.node)
    return Source(url, target.account, share, place, place.node)


def _unverified(cause: Refused) -> Refused:
    headers = {"x-ms-copy-source-status-code": str(cause.status), "x-ms-copy-source-error-code": cause.code}
    return Refused("CannotVerifyCopySource", cause.message, cause.status, headers)
