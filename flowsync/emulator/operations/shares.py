"""Shares themselves: create, properties, metadata, delete."""

from flowsync.emulator import names, ticks
from flowsync.emulator.operations.properties import checked_metadata, metadata_headers
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store.share import Share
from flowsync.emulator.wire import Call, Reply


def create(service: Service, call: Call) -> Reply:
    """Creates a share."""
    if not names.share_is_legal(call.target.share):
        raise Refused("InvalidResourceName")
    metadata = checked_metadata(call)
    quota = _quota(call, 5120)
    share = service.store.create(call.target.account, call.target.share)
    share.metadata, share.quota = metadata, quota
    service.store.save(share)
    return Reply(201, changed_headers(share))


def get_properties(service: Service, call: Call) -> Reply:
    """Says everything about a share but its files."""
    share = service.share(call)
    share.tree.locate(())
    return Reply(
        200,
        {
            **changed_headers(share),
            **metadata_headers(share.metadata),
            "x-ms-share-quota": str(share.quota),
            "x-ms-access-tier": "TransactionOptimized",
            "x-ms-lease-state": "available",
            "x-ms-lease-status": "unlocked",
            "x-ms-has-immutability-policy": "false",
        },
    )


def delete(service: Service, call: Call) -> Reply:
    """Deletes a share with everything in it."""
    share = service.share(call)
    service.store.discard(share)
    return Reply(202)


def set_metadata(service: Service, call: Call) -> Reply:
    """Replaces a share's metadata."""
    share = service.share(call, writes=True)
    share.metadata = checked_metadata(call)
    return touched(service, share)


def set_properties(service: Service, call: Call) -> Reply:
    """Sets a share's quota and tier."""
    share = service.share(call, writes=True)
    share.quota = _quota(call, share.quota)
    return touched(service, share)


def touched(service: Service, share: Share) -> Reply:
    """Keeps a change of a share's own properties."""
    share.changed = service.clock.next()
    service.store.save(share)
    return Reply(200, changed_headers(share))


def changed_headers(share: Share) -> dict[str, str]:
    """ETag and Last-Modified of a share."""
    return {"ETag": ticks.etag(share.changed), "Last-Modified": ticks.http_date(share.changed)}


def _quota(call: Call, default: int) -> int:
    quota = call.number("x-ms-share-quota", default)
    if not 1 <= quota <= 102400:
        raise Refused("InvalidHeaderValue")
    return quota
