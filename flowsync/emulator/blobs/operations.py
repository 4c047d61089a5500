"""Whole blobs: put, read, say what is known, set metadata, list names."""

import re
from collections.abc import Mapping

from flowsync.emulator import ticks
from flowsync.emulator.blobs.store import Blob
from flowsync.emulator.names import decode
from flowsync.emulator.operation import Operation
from flowsync.emulator.operations.files import check_md5, md5
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply, document, element

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def put(service: Service, call: Call) -> Reply:
    """Writes a blob in one request."""
    if call.need("x-ms-blob-type") != "BlockBlob":
        raise Refused("InvalidHeaderValue", "This emulator has block blobs only.")
    check_md5(call)
    container, name = _container(service, call), _name(call)
    before = service.blobs.find(call.target.account, container, name)
    if call.headers.get("If-None-Match") == "*" and before is not None:
        raise Refused("BlobAlreadyExists")
    now = service.clock.next()
    content_type = call.headers.get("x-ms-blob-content-type") or "application/octet-stream"
    created = before.created if before else now
    blob = Blob(name, len(call.body), md5(call.body), content_type, created, now, call.metadata())
    service.blobs.write(call.target.account, container, blob, call.body)
    return Reply(201, {**_version(blob), "Content-MD5": blob.md5, "x-ms-request-server-encrypted": "true"})


def set_metadata(service: Service, call: Call) -> Reply:
    """Replaces a blob's metadata."""
    blob = _blob(service, call)
    blob.metadata, blob.changed = call.metadata(), service.clock.next()
    service.blobs.keep(call.target.account, call.target.share, blob)
    return Reply(200, _version(blob))


def head(service: Service, call: Call) -> Reply:
    """Says everything about a blob but its content."""
    blob = _blob(service, call)
    return Reply(200, {**_properties(blob), "Content-Length": str(blob.size), "Content-MD5": blob.md5})


def get(service: Service, call: Call) -> Reply:
    """Reads a blob or a range of it."""
    blob = _blob(service, call)
    content = service.blobs.read(call.target.account, call.target.share, blob.name)
    text = call.headers.get("x-ms-range") or call.headers.get("Range")
    if text is None:
        return Reply(200, {**_properties(blob), "Content-MD5": blob.md5}, content)
    match = _RANGE.fullmatch(text)
    start = int(match[1]) if match else len(content)
    if match is None or start >= len(content):
        raise Refused("InvalidRange")
    end = min(int(match[2] or len(content)), len(content) - 1)
    headers = {"Content-Range": f"bytes {start}-{end}/{len(content)}", "x-ms-blob-content-md5": blob.md5}
    return Reply(206, {**_properties(blob), **headers}, content[start : end + 1])


def list_(service: Service, call: Call) -> Reply:
    """Lists the names below a prefix, all on one page."""
    container, prefix = _container(service, call), call.query.get("prefix", "")
    found = "".join(
        f"<Blob>{element('Name', name)}<Properties><BlobType>BlockBlob</BlobType></Properties></Blob>"
        for name in service.blobs.names(call.target.account, container, prefix)
    )
    return document(200, f"<EnumerationResults><Blobs>{found}</Blobs><NextMarker/></EnumerationResults>")


def _container(service: Service, call: Call) -> str:
    if not service.blobs.has(call.target.account, call.target.share):
        raise Refused("ContainerNotFound")
    return call.target.share


def _name(call: Call) -> str:
    name = decode(call.target.raw_path)
    if not name or len(name) > 1024:
        raise Refused("InvalidResourceName")
    return name


def _blob(service: Service, call: Call) -> Blob:
    blob = service.blobs.find(call.target.account, _container(service, call), _name(call))
    if blob is None:
        raise Refused("BlobNotFound")
    return blob


def _version(blob: Blob) -> dict[str, str]:
    return {"ETag": ticks.etag(blob.changed), "Last-Modified": ticks.http_date(blob.changed)}


def _properties(blob: Blob) -> dict[str, str]:
    return {
        **_version(blob),
        "Accept-Ranges": "bytes",
        "Content-Type": blob.content_type,
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": ticks.http_date(blob.created),
        **{f"x-ms-meta-{key}": value for key, value in blob.metadata.items()},
    }


TABLE: Mapping[tuple[str, str], Operation] = {
    ("PUT", ""): Operation("put_blob", put, "cw"),
    ("PUT", "metadata"): Operation("set_blob_metadata", set_metadata, "w"),
    ("HEAD", ""): Operation("head_blob", head, "r"),
    ("GET", ""): Operation("get_blob", get, "r"),
    ("GET", "list"): Operation("list_blobs", list_, "l", "c"),
}
