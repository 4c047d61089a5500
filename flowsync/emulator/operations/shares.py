"""Shares themselves: create, properties, metadata, leases' guard, snapshots, statistics, delete and undelete."""

from flowsync.emulator import names, ticks
from flowsync.emulator.operations import share_leases
from flowsync.emulator.operations.properties import checked_metadata, metadata_headers
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store import deletion, snapshot
from flowsync.emulator.store.share import Share
from flowsync.emulator.wire import Call, Reply, document

MAX_SNAPSHOTS = 200
MAX_QUOTA = 102_400
_TIERS = {"transactionoptimized": "TransactionOptimized", "hot": "Hot", "cool": "Cool"}
_PREMIUM = ("x-ms-root-squash", "x-ms-share-paid-bursting-enabled", "x-ms-share-provisioned-iops")


def create(service: Service, call: Call) -> Reply:
    """Creates a share."""
    if not names.share_is_legal(call.target.share):
        raise Refused("InvalidResourceName")
    metadata, quota, tier = checked_metadata(call), _quota(call, 5120), _tier(call)
    share = service.store.create(call.target.account, call.target.share)
    share.metadata, share.quota = metadata, quota
    share.properties = {"tier": tier, "tier-changed": ticks.http_date(share.changed)}
    service.store.save(share)
    return Reply(201, changed_headers(share))


def get_properties(service: Service, call: Call) -> Reply:
    """Says everything about a share but its files."""
    share = service.share(call)
    share.tree.locate(())
    share_leases.guard_read(service, call, share)
    tier = {} if share.snapshot else tier_headers(share)
    return Reply(
        200,
        {
            **changed_headers(share),
            **metadata_headers(share.metadata),
            "x-ms-share-quota": str(share.quota),
            **tier,
            **share_leases.headers(service, share),
            "x-ms-has-immutability-policy": "false",
            "x-ms-has-legal-hold": "false",
        },
    )


def get_metadata(service: Service, call: Call) -> Reply:
    """Says a share's metadata."""
    share = service.share(call)
    share_leases.guard_read(service, call, share)
    return Reply(200, {**changed_headers(share), **metadata_headers(share.metadata)})


def delete(service: Service, call: Call) -> Reply:
    """Deletes a share, or one snapshot; a deleted share can be had back while the retention lasts."""
    share = service.share(call)
    mode = call.headers.get("x-ms-delete-snapshots", "").lower()
    if mode not in ("", "include", "include-leased"):
        raise Refused("InvalidHeaderValue")
    share_leases.guard(service, call, share)
    if share.snapshot:
        if mode:
            raise Refused("InvalidQueryParameterValue")
        service.store.discard(share)
        return Reply(202)
    snapshots = service.store.snapshots(share)
    if snapshots and not mode:
        raise Refused("ShareHasSnapshots")
    now = service.clock.now()
    if mode == "include" and any(one.lease and one.lease.locks(now) for one in snapshots):
        raise Refused("LeaseIdMissing")
    for one in snapshots:
        service.store.discard(one)
    deletion.delete(service.store, share)
    return Reply(202)


def undelete(service: Service, call: Call) -> Reply:
    """Brings a deleted share back."""
    name, version = call.need("x-ms-deleted-share-name"), call.need("x-ms-deleted-share-version")
    if name != call.target.share:
        raise Refused("InvalidHeaderValue")
    share = deletion.undelete(service.store, call.target.account, name, version)
    return Reply(201, changed_headers(share))


def take_snapshot(service: Service, call: Call) -> Reply:
    """Takes a snapshot of the whole share."""
    share = service.share(call, writes=True)
    if len(service.store.snapshots(share)) >= MAX_SNAPSHOTS:
        raise Refused("ShareSnapshotCountExceeded")
    taken = snapshot.take(service.store, share, checked_metadata(call))
    return Reply(201, {**changed_headers(share), "x-ms-snapshot": taken.snapshot})


def statistics(service: Service, call: Call) -> Reply:
    """Says how many bytes the files of a share hold."""
    share = service.share(call)
    share_leases.guard_read(service, call, share)
    used = service.store.used_bytes(share)
    text = f"<ShareStats><ShareUsageBytes>{used}</ShareUsageBytes></ShareStats>"
    return document(200, text, changed_headers(share))


def set_metadata(service: Service, call: Call) -> Reply:
    """Replaces a share's metadata."""
    share = service.share(call, writes=True)
    share_leases.guard(service, call, share, always=False)
    share.metadata = checked_metadata(call)
    return touched(service, share)


def set_properties(service: Service, call: Call) -> Reply:
    """Sets a share's quota and tier."""
    share = service.share(call, writes=True)
    share_leases.guard(service, call, share, always=False)
    quota = _quota(call, share.quota)
    if "x-ms-access-tier" in call.headers:
        changed = ticks.http_date(service.clock.now())
        share.properties = {**share.properties, "tier": _tier(call), "tier-changed": changed}
    share.quota = quota
    return touched(service, share)


def touched(service: Service, share: Share) -> Reply:
    """Keeps a change of a share's own properties."""
    share.changed = service.clock.next()
    service.store.save(share)
    return Reply(200, changed_headers(share))


def changed_headers(share: Share) -> dict[str, str]:
    """ETag and Last-Modified of a share."""
    return {"ETag": ticks.etag(share.changed), "Last-Modified": ticks.http_date(share.changed)}


def tier_headers(share: Share) -> dict[str, str]:
    """A share's tier and since when."""
    return {
        "x-ms-access-tier": share.properties.get("tier", "TransactionOptimized"),
        "x-ms-access-tier-change-time": share.properties.get("tier-changed", ticks.http_date(share.changed)),
    }


def _quota(call: Call, default: int) -> int:
    quota = call.number("x-ms-share-quota", default)
    if not 1 <= quota <= MAX_QUOTA:
        raise Refused("InvalidHeaderValue")
    return quota


def _tier(call: Call) -> str:
    if any(header in call.headers for header in _PREMIUM) or call.headers.get("x-ms-enabled-protocols", "SMB") != "SMB":
        raise Refused("UnsupportedHeader", "This is a standard account: no NFS, no provisioned or bursting shares.")
    tier = _TIERS.get(call.headers.get("x-ms-access-tier", "TransactionOptimized").lower())
    if tier is None:
        raise Refused("InvalidHeaderValue")
    return tier
