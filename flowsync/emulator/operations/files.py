"""Files as a whole: create, with or without content, properties, metadata, delete."""

import base64
import binascii
import hashlib

from flowsync.emulator import ticks
from flowsync.emulator.operations import leases
from flowsync.emulator.operations.properties import (
    HTTP,
    default_type,
    read_headers,
    smb_headers,
    take_http,
    take_metadata,
    take_smb,
    written_headers,
)
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import MAX_BODY, Service
from flowsync.emulator.store import changes
from flowsync.emulator.store.node import Node, Span
from flowsync.emulator.store.share import Share
from flowsync.emulator.store.tree import Place
from flowsync.emulator.wire import Call, Reply

MAX_FILE = 4 << 40
_BODY_SINCE = "2026-02-06"


def create(service: Service, call: Call) -> Reply:
    """Creates a file of N zeros, or overwrites one; a body becomes its first bytes in the same step."""
    share = service.share(call, writes=True)
    if call.need("x-ms-type").lower() != "file":
        raise Refused("InvalidHeaderValue")
    size = call.number("x-ms-content-length")
    _check_body(call, size)
    place = place_for_file(share, call)
    node = node_for_file(service, share, call, place)
    take_http(call, node)
    default_type(node)
    take_metadata(call, node)
    take_smb(service, share, call, node, created=True)
    node.spans = [Span(0, len(call.body) - 1, node.changed)] if call.body else []
    node.copy = {}
    changes.write_whole(share.tree, place, node, call.body, size)
    headers = {**written_headers(node), **smb_headers(node), "x-ms-file-file-type": "Regular"}
    if call.body:
        headers["Content-MD5"] = md5(call.body)
    return Reply(201, headers)


def place_for_file(share: Share, call: Call) -> Place:
    """Finds where a file may be put: an existing folder, and no folder at the name itself."""
    place = share.tree.locate(call.parts)
    if not place.name:
        raise Refused("InvalidUri")
    if place.parent is None:
        raise Refused("ParentNotFound")
    if place.node is not None and place.node.folder:
        raise Refused("ResourceTypeMismatch")
    return place


def node_for_file(service: Service, share: Share, call: Call, place: Place) -> Node:
    """Returns the node to write at a place: the one that is there, if its lease allows, else a new one."""
    assert place.parent is not None
    if place.node is None:
        if "x-ms-lease-id" in call.headers:
            raise Refused("LeaseNotPresentWithFileOperation")
        return share.tree.index.new_node(place.parent, place.name, is_folder=False)
    leases.guard(service, call, place.node)
    service.neighbours.check(place.node, "wd")
    if "ReadOnly" in place.node.attributes:
        raise Refused("ReadOnlyAttribute")
    place.node.permission = ""
    return place.node


def _check_body(call: Call, size: int) -> None:
    if size > MAX_FILE:
        raise Refused("OutOfRangeInput")
    if not call.body:
        return
    if call.version < _BODY_SINCE:
        raise Refused("InvalidHeaderValue", "This version of the API creates files without a body.")
    if len(call.body) > MAX_BODY:
        raise Refused("RequestBodyTooLarge")
    if len(call.body) > size:
        raise Refused("InvalidHeaderValue", "The body is longer than x-ms-content-length.")
    check_md5(call)


def check_md5(call: Call) -> None:
    """Compares a body with the Content-MD5 that came with it."""
    given = call.headers.get("Content-MD5")
    if given is None:
        return
    try:
        digest = base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise Refused("InvalidMd5") from error
    if len(digest) != 16:
        raise Refused("InvalidMd5")
    if digest != hashlib.md5(call.body, usedforsecurity=False).digest():
        raise Refused("Md5Mismatch")


def md5(content: bytes) -> str:
    """Returns a content's MD5 as headers have it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def head(service: Service, call: Call) -> Reply:
    """Says everything about a file but its content."""
    share = service.share(call)
    _, node = service.file(call, share)
    leases.guard_read(service, call, node)
    service.settle(call, node)
    return Reply(
        200, {**read_headers(service, call, node), "Content-Length": str(node.size), "x-ms-file-file-type": "Regular"}
    )


def delete(service: Service, call: Call) -> Reply:
    """Deletes a file."""
    share = service.share(call, writes=True)
    place, node = service.file(call, share)
    leases.guard(service, call, node)
    service.neighbours.check_delete(node)
    if "ReadOnly" in node.attributes:
        raise Refused("ReadOnlyAttribute")
    changes.remove(share.tree, place)
    return Reply(202, {"x-ms-file-link-count": "0"} if "x-ms-file-link-count" in call.headers else {})


def set_properties(service: Service, call: Call) -> Reply:
    """Sets SMB properties; HTTP properties all together if any is given; resizes."""
    share = service.share(call, writes=True)
    place, node = service.file(call, share)
    leases.guard(service, call, node)
    service.neighbours.check(node, "w")
    size = call.number("x-ms-content-length", -1)
    if any(f"x-ms-{name}" in call.headers for name in HTTP):
        take_http(call, node)
    take_smb(service, share, call, node, created=False)
    if size >= 0 and size != node.size:
        node.spans = _cut(node.spans, size)
        changes.resize(share.tree, place, node, size)
    else:
        changes.update(share.tree, place, node)
    return Reply(200, {**written_headers(node), **smb_headers(node)})


def set_metadata(service: Service, call: Call) -> Reply:
    """Replaces a file's metadata."""
    share = service.share(call, writes=True)
    place, node = service.file(call, share)
    leases.guard(service, call, node)
    service.neighbours.check(node, "w")
    take_metadata(call, node)
    node.changed = service.clock.next()
    changes.update(share.tree, place, node)
    return Reply(200, written_headers(node))


def get_metadata(service: Service, call: Call) -> Reply:
    """Says a file's metadata."""
    share = service.share(call)
    _, node = service.file(call, share)
    metadata = {f"x-ms-meta-{key}": value for key, value in node.metadata.items()}
    return Reply(200, {"ETag": ticks.etag(node.changed), "Last-Modified": ticks.http_date(node.changed), **metadata})


def _cut(spans: list[Span], size: int) -> list[Span]:
    return [Span(span.start, min(span.end, size - 1), span.tick, span.cleared) for span in spans if span.start < size]
