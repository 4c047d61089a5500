"""Parts of files: put, clear, list, and read."""

import os
import re
import stat

from flowsync.emulator import structured, ticks
from flowsync.emulator.operations import leases
from flowsync.emulator.operations.files import check_md5, md5
from flowsync.emulator.operations.properties import read_headers
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import MAX_BODY, Service
from flowsync.emulator.store import changes, disk
from flowsync.emulator.store.node import Node, Span
from flowsync.emulator.store.share import Share
from flowsync.emulator.store.tree import Place
from flowsync.emulator.wire import Call, Changed, Reply

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_AT_ONCE = 4 << 20
_CLEAR_UNIT = 512


def put(service: Service, call: Call) -> Reply:
    """Writes bytes into a file."""
    share = service.share(call, writes=True)
    start, end = whole_range(call)
    if end - start + 1 > MAX_BODY:
        raise Refused("RequestBodyTooLarge")
    if end - start + 1 != len(call.body):
        raise Refused("InvalidHeaderValue", "The range and the body differ in length.")
    check_md5(call)
    return write(service, call, share, start, call.body)


def write(service: Service, call: Call, share: Share, start: int, content: bytes) -> Reply:
    """Writes bytes into the file that a call names, wherever they come from."""
    end = start + len(content) - 1
    place, node = writable(service, call, share, start, end)
    _touch(service, call, node)
    node.spans = with_span(share, node.spans, Span(start, end, node.changed))
    changes.write_range(share.tree, place, node, start, content)
    return Reply(201, {**_written(node), "x-ms-request-server-encrypted": "true", "Content-MD5": md5(content)})


def clear(service: Service, call: Call) -> Reply:
    """Writes zeros into a file and forgets what was there."""
    share = service.share(call, writes=True)
    start, end = whole_range(call)
    if call.body:
        raise Refused("InvalidHeaderValue")
    place, node = writable(service, call, share, start, end)
    _touch(service, call, node)
    inner = -(-start // _CLEAR_UNIT) * _CLEAR_UNIT, (end + 1) // _CLEAR_UNIT * _CLEAR_UNIT - 1
    if end == node.size - 1:
        inner = inner[0], end
    if inner[1] >= inner[0]:
        node.spans = with_span(share, node.spans, Span(*inner, node.changed, cleared=True))
    changes.clear_range(share.tree, place, node, start, end - start + 1)
    return Reply(201, _written(node))


def writable(service: Service, call: Call, share: Share, start: int, end: int) -> tuple[Place, Node]:
    """Finds the file to write a range into."""
    place, node = service.file(call, share)
    leases.guard(service, call, node)
    if "ReadOnly" in node.attributes:
        raise Refused("ReadOnlyAttribute")
    service.neighbours.check_range(node, start, end)
    if end >= node.size:
        raise Refused("InvalidRange")
    return place, node


def whole_range(call: Call) -> tuple[int, int]:
    """Reads the first and last byte that a write names."""
    found = _RANGE.fullmatch(call.headers.get("x-ms-range") or call.need("Range"))
    if found is None or not found[2] or int(found[2]) < int(found[1]):
        raise Refused("InvalidHeaderValue")
    return int(found[1]), int(found[2])


def with_span(share: Share, spans: list[Span], new: Span) -> list[Span]:
    """Returns a file's ranges with one more write (or clear) laid over them, sorted, neighbours joined."""
    result = []
    for span in spans:
        if span.start < new.start:
            result.append(Span(span.start, min(span.end, new.start - 1), span.tick, span.cleared))
        if span.end > new.end:
            result.append(Span(max(span.start, new.end + 1), span.end, span.tick, span.cleared))
    if not new.cleared or share.taken:
        result.append(new)
    result.sort(key=lambda span: span.start)
    joined: list[Span] = []
    for span in result:
        last = joined[-1] if joined else None
        if (
            last
            and last.end + 1 == span.start
            and last.cleared == span.cleared
            and min(last.tick, span.tick) > share.taken
        ):
            last.end, last.tick = span.end, max(last.tick, span.tick)
        else:
            joined.append(Span(span.start, span.end, span.tick, span.cleared))
    return joined


def _touch(service: Service, call: Call, node: Node) -> None:
    node.changed = service.clock.next()
    mode = call.headers.get("x-ms-file-last-write-time", "now").lower()
    if mode not in ("now", "preserve"):
        raise Refused("InvalidHeaderValue")
    if mode == "now":
        node.written = node.changed


def _written(node: Node) -> dict[str, str]:
    return {
        "ETag": ticks.etag(node.changed),
        "Last-Modified": ticks.http_date(node.changed),
        "x-ms-file-last-write-time": ticks.iso(node.written),
    }


def asked(call: Call, node: Node) -> tuple[int, int]:
    """Reads the first and last byte that a read is about, all of them if it names none."""
    text = call.headers.get("x-ms-range") or call.headers.get("Range")
    if text is None:
        return 0, max(node.size - 1, 0)
    found = _RANGE.fullmatch(text)
    if found is None:
        raise Refused("InvalidHeaderValue")
    first = int(found[1])
    last = int(found[2]) if found[2] else node.size - 1
    if first >= node.size or last < first:
        raise Refused("InvalidRange", headers={"Content-Range": f"bytes */{node.size}"})
    return first, min(last, node.size - 1)


def get(service: Service, call: Call) -> Reply:
    """Reads a file or a range of it: exactly the bytes of the ETag that goes with them."""
    share = service.share(call)
    place, node = service.file(call, share)
    leases.guard_read(service, call, node)
    service.neighbours.check(node, "r")
    service.settle(call, node)
    ranged = "x-ms-range" in call.headers or "Range" in call.headers
    with_md5 = call.flag("x-ms-range-get-content-md5")
    for _ in range(100):
        first, last = asked(call, node)
        length = last - first + 1 if node.size else 0
        if with_md5 and (not ranged or length > _AT_ONCE):
            raise Refused("InvalidHeaderValue" if not ranged else "OutOfRangeInput")
        body = _Body(place, node, first)
        if not body.is_current():
            body.close()
            place, node = service.file(call, share)
            continue
        return _reading(service, call, node, body, (first, last, length), ranged)
    raise Refused("InternalError", "The file on disk changes faster than it can be read.")


def _reading(
    service: Service, call: Call, node: Node, body: "_Body", span: tuple[int, int, int], ranged: bool
) -> Reply:
    first, last, length = span
    headers = {**read_headers(service, call, node), "Accept-Ranges": "bytes", "x-ms-file-file-type": "Regular"}
    if ranged:
        headers["Content-Range"] = f"bytes {first}-{last}/{node.size}"
        if stored := headers.pop("Content-MD5", None):
            headers["x-ms-content-md5"] = stored
    if "x-ms-structured-body" in call.headers:
        headers["x-ms-structured-content-length"] = str(length)
        framed, size = structured.Encoder(body, length), structured.length_of(length)
        return Reply(206 if ranged else 200, headers, stream=framed, length=size)
    if length > _AT_ONCE:
        return Reply(206 if ranged else 200, headers, stream=body, length=length)
    try:
        content = body.read(0, length)
    finally:
        body.close()
    if call.flag("x-ms-range-get-content-md5"):
        headers["Content-MD5"] = md5(content)
    return Reply(206 if ranged else 200, headers, content)


class _Body:
    """A file being sent: read piece by piece, and never past a change."""

    def __init__(self, place: Place, node: Node, first: int) -> None:
        self._node, self._first, self._changed, self._inode = node, first, node.changed, node.inode
        self._handle = disk.open_to_read(place.path)

    def is_current(self) -> bool:
        """Tells whether the open file is still what the node says."""
        found = os.fstat(self._handle)
        if not stat.S_ISREG(found.st_mode):
            return False
        if self._node.inode != self._inode:
            return True  # replaced since: what is open here is the old content, whole
        return self._node.changed == self._changed and (found.st_size, found.st_mtime_ns, found.st_ino) == (
            self._node.size,
            self._node.mtime,
            self._inode,
        )

    def read(self, offset: int, size: int) -> bytes:
        """Reads a piece; raises Changed if the file is no longer what the reply's ETag says."""
        content = disk.read_at(self._handle, self._first + offset, size)
        if not self.is_current() or len(content) != size:
            raise Changed
        return content

    def close(self) -> None:
        """Closes the file."""
        os.close(self._handle)
