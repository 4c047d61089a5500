"""Which ranges of a file were written: all of them, or what changed since a snapshot."""

from flowsync.emulator import ticks
from flowsync.emulator.operations import leases
from flowsync.emulator.operations.listing import page_size
from flowsync.emulator.operations.ranges import asked
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store.node import Node, Span
from flowsync.emulator.wire import Call, Reply, document, element


def list_ranges(service: Service, call: Call) -> Reply:
    """Lists the written ranges of a file; with prevsharesnapshot, those written or cleared since."""
    share = service.share(call)
    _, node = service.file(call, share)
    leases.guard_read(service, call, node)
    service.settle(call, node)
    since = _since(service, call, node)
    first, last = asked(call, node)
    found = [
        Span(max(span.start, first), min(span.end, last), span.tick, span.cleared)
        for span in _joined(_relevant(node, since))
        if span.start <= last and span.end >= first
    ]
    marker = call.query.get("marker", "")
    if marker and not marker.isdigit():
        raise Refused("InvalidQueryParameterValue")
    limit, start = page_size(call), int(marker or 0)
    text = "".join(_entry(span) for span in found[start : start + limit])
    if "maxresults" in call.query:
        following = str(start + limit) if start + limit < len(found) else ""
        text += element("NextMarker", following)
    headers = {
        "ETag": ticks.etag(node.changed),
        "Last-Modified": ticks.http_date(node.changed),
        "x-ms-content-length": str(node.size),
    }
    return document(200, f"<Ranges>{text}</Ranges>", headers)


def _entry(span: Span) -> str:
    tag = "ClearRange" if span.cleared else "Range"
    return f"<{tag}><Start>{span.start}</Start><End>{span.end}</End></{tag}>"


def _since(service: Service, call: Call, node: Node) -> int:
    """Returns the tick of the snapshot that the request compares with, 0 if it compares with none."""
    name = call.query.get("prevsharesnapshot")
    if name is None:
        return 0
    try:
        previous = service.store.share(call.target.account, call.target.share, name)
    except Refused as refused:
        raise Refused("PreviousSnapshotNotFound") from refused
    there = previous.tree.locate(call.parts).node
    if (there is None or there.file_id != node.file_id) and not call.flag("x-ms-file-support-rename"):
        raise Refused("PreviousSnapshotNotFound", "The file had another name when the snapshot was taken.")
    return previous.taken


def _relevant(node: Node, since: int) -> list[Span]:
    if since == 0:
        return [span for span in node.spans if not span.cleared]
    return [span for span in node.spans if span.tick > since]


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end + 1 == span.start and joined[-1].cleared == span.cleared:
            joined[-1].end = span.end
        else:
            joined.append(Span(span.start, span.end, span.tick, span.cleared))
    return joined
