"""Leases on shares and snapshots: for ever or 15 to 60 seconds, renewed, changed, released, broken over time."""

from flowsync.emulator import ticks
from flowsync.emulator.operations.leases import lease_id, same
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store.node import INFINITE, Lease, lease_for
from flowsync.emulator.store.share import Share
from flowsync.emulator.wire import Call, Reply

_MISSING = "There is currently a lease on the file share and no lease ID was specified in the request."
_LOST = "A lease ID was specified, but the lease for the file share has expired."
_MAX_BREAK = 60


def guard(service: Service, call: Call, share: Share, always: bool = True) -> None:
    """Raises Refused unless a change of the share is allowed; ``always`` demands the id, else only checks one given."""
    given = call.headers.get("x-ms-lease-id")
    lease = share.lease
    if lease is not None and lease.locks(service.clock.now()):
        if given is None:
            if always:
                raise Refused("LeaseIdMissing", _MISSING)
        elif not same(given, lease.id):
            raise Refused("LeaseIdMismatchWithContainerOperation")
    elif given is not None:
        if lease is not None and same(given, lease.id):
            raise Refused("LeaseLost", _LOST)
        raise Refused("LeaseNotPresentWithContainerOperation")


def guard_read(service: Service, call: Call, share: Share) -> None:
    """A read needs no lease id, but a wrong one is refused."""
    guard(service, call, share, always=False)


def headers(service: Service, share: Share) -> dict[str, str]:
    """State of a share's lease, as headers."""
    state, status, duration = state_of(service, share)
    result = {"x-ms-lease-state": state, "x-ms-lease-status": status}
    return {**result, "x-ms-lease-duration": duration} if duration else result


def state_of(service: Service, share: Share) -> tuple[str, str, str]:
    """Returns state, status and duration of a share's lease, as the service words them."""
    state = share.lease.state(service.clock.now()) if share.lease else "available"
    duration = (
        ("infinite" if share.lease.duration == INFINITE else "fixed") if share.lease and state == "leased" else ""
    )
    return state, "locked" if state in ("leased", "breaking") else "unlocked", duration


def acquire(service: Service, call: Call) -> Reply:
    """Takes the lease."""
    share = service.share(call)
    duration = _duration(call)
    proposed = lease_id(call, "x-ms-proposed-lease-id")
    now = service.clock.now()
    if share.lease is not None and share.lease.state(now) == "breaking":
        ours = same(proposed, share.lease.id)
        raise Refused("LeaseIsBreakingAndCannotBeAcquired" if ours else "LeaseAlreadyPresent")
    if share.lease is not None and share.lease.locks(now) and not same(proposed, share.lease.id):
        raise Refused("LeaseAlreadyPresent")
    share.lease = lease_for(proposed, duration, now)
    service.store.save(share)
    return _reply(201, share, {"x-ms-lease-id": share.lease.id})


def renew(service: Service, call: Call) -> Reply:
    """Starts a lease's time anew, even after it ran out."""
    share = service.share(call)
    lease = _mine(call, share)
    if lease.broken:
        raise Refused("LeaseIsBrokenAndCannotBeRenewed")
    share.lease = lease_for(lease.id, lease.duration, service.clock.now())
    service.store.save(share)
    return _reply(200, share, {"x-ms-lease-id": lease.id})


def change(service: Service, call: Call) -> Reply:
    """Gives the lease another id."""
    share = service.share(call)
    proposed = lease_id(call, "x-ms-proposed-lease-id")
    if share.lease is None or share.lease.state(service.clock.now()) in ("broken", "expired"):
        raise Refused("LeaseNotPresentWithLeaseOperation")
    if share.lease.broken:
        raise Refused("LeaseIsBreakingAndCannotBeChanged")
    if not same(call.need("x-ms-lease-id"), share.lease.id) and not same(proposed, share.lease.id):
        raise Refused("LeaseIdMismatchWithLeaseOperation")
    share.lease.id = proposed or share.lease.id
    service.store.save(share)
    return _reply(200, share, {"x-ms-lease-id": share.lease.id})


def release(service: Service, call: Call) -> Reply:
    """Gives the lease back."""
    share = service.share(call)
    _mine(call, share)
    share.lease = None
    service.store.save(share)
    return _reply(200, share, {"x-ms-lease-time": "0"})


def break_(service: Service, call: Call) -> Reply:
    """Ends the lease after the break period, or when its own time is over if that is sooner."""
    share = service.share(call)
    lease, now = share.lease, service.clock.now()
    if lease is None:
        raise Refused("LeaseNotPresentWithLeaseOperation")
    period = call.number("x-ms-lease-break-period", -1)
    if period > _MAX_BREAK:
        raise Refused("InvalidHeaderValue")
    left = max(0, -(-(lease.ends - now) // ticks.PER_SECOND)) if lease.ends else 0
    if lease.duration == INFINITE and not lease.broken:
        seconds = max(period, 0)
    else:
        seconds = left if period < 0 else min(period, left)
    lease.broken, lease.ends = True, now + seconds * ticks.PER_SECOND if seconds else 0
    service.store.save(share)
    return _reply(202, share, {"x-ms-lease-time": str(seconds)})


def _mine(call: Call, share: Share) -> Lease:
    given = call.need("x-ms-lease-id")
    if share.lease is None:
        raise Refused("LeaseNotPresentWithLeaseOperation")
    if not same(given, share.lease.id):
        raise Refused("LeaseIdMismatchWithLeaseOperation")
    return share.lease


def _duration(call: Call) -> int:
    text = call.headers.get("x-ms-lease-duration", "")
    if text == "-1":
        return INFINITE
    if not text.isdigit() or not 15 <= int(text) <= 60:
        raise Refused("InvalidHeaderValue")
    return int(text)


def _reply(status: int, share: Share, headers: dict[str, str]) -> Reply:
    return Reply(
        status, {"ETag": ticks.etag(share.changed), "Last-Modified": ticks.http_date(share.changed), **headers}
    )
