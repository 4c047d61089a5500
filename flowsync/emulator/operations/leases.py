"""Leases on files: acquired for ever, changed, released, broken at once. And what a lease forbids to others."""

import uuid

from flowsync.emulator import ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store import changes
from flowsync.emulator.store.node import INFINITE, Lease, Node, lease_for
from flowsync.emulator.wire import Call, Reply


def guard(service: Service, call: Call, node: Node) -> None:
    """Raises Refused unless a change of this file is allowed by its lease and the request's lease id."""
    given = call.headers.get("x-ms-lease-id")
    check(service, given, node)


def check(service: Service, given: str | None, node: Node) -> None:
    """As ``guard``, with the lease id from wherever the request has it."""
    lease = node.lease
    now = service.clock.now()
    if lease is not None and lease.locks(now):
        if given is None:
            raise Refused("LeaseIdMissing")
        if not same(given, lease.id):
            raise Refused("LeaseIdMismatchWithFileOperation")
    elif given is not None:
        lost = lease is not None and same(given, lease.id)
        raise Refused("LeaseLost" if lost else "LeaseNotPresentWithFileOperation")


def guard_read(service: Service, call: Call, node: Node) -> None:
    """A read needs no lease id, but a wrong one is refused."""
    if "x-ms-lease-id" in call.headers:
        guard(service, call, node)


def acquire(service: Service, call: Call) -> Reply:
    """Takes the lease, or keeps it if the proposed id is the one that holds it."""
    share = service.share(call, writes=True)
    _, node = service.file(call, share)
    if call.headers.get("x-ms-lease-duration", "-1") != "-1":
        raise Refused("InvalidHeaderValue", "A file's lease has no end: x-ms-lease-duration must be -1.")
    proposed = lease_id(call, "x-ms-proposed-lease-id")
    service.neighbours.check_lease(node)
    if node.lease and node.lease.locks(service.clock.now()) and not same(proposed, node.lease.id):
        raise Refused("LeaseAlreadyPresent")
    node.lease = lease_for(proposed, INFINITE, service.clock.now())
    changes.note(share.tree, node)
    return _reply(201, node, node.lease)


def change(service: Service, call: Call) -> Reply:
    """Gives the lease another id."""
    share = service.share(call, writes=True)
    _, node = service.file(call, share)
    proposed = lease_id(call, "x-ms-proposed-lease-id")
    lease = _held(service, call, node)
    if same(call.need("x-ms-lease-id"), lease.id) or same(proposed, lease.id):
        lease.id = proposed or lease.id
    else:
        raise Refused("LeaseIdMismatchWithLeaseOperation")
    changes.note(share.tree, node)
    return _reply(200, node, lease)


def release(service: Service, call: Call) -> Reply:
    """Gives the lease back."""
    share = service.share(call, writes=True)
    _, node = service.file(call, share)
    given = call.need("x-ms-lease-id")
    if node.lease is None:
        raise Refused("LeaseNotPresentWithLeaseOperation")
    if not same(given, node.lease.id):
        raise Refused("LeaseIdMismatchWithLeaseOperation")
    node.lease = None
    changes.note(share.tree, node)
    return _reply(200, node, None)


def break_(service: Service, call: Call) -> Reply:
    """Ends the lease at once, whoever holds it."""
    share = service.share(call, writes=True)
    _, node = service.file(call, share)
    if node.lease is None:
        raise Refused("LeaseNotPresentWithLeaseOperation")
    given = call.headers.get("x-ms-lease-id")
    if given is not None and not same(given, node.lease.id):
        raise Refused("LeaseIdMismatchWithLeaseOperation")
    node.lease.broken, node.lease.ends = True, 0
    changes.note(share.tree, node)
    reply = _reply(202, node, None)
    reply.headers["x-ms-lease-time"] = "0"
    return reply


def lease_id(call: Call, header: str) -> str:
    """Reads a proposed lease id, "" if there is none; it must be a UUID."""
    text = call.headers.get(header, "")
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError as error:
        raise Refused("InvalidHeaderValue") from error


def same(one: str, other: str) -> bool:
    """Tells whether two lease ids are one."""
    return one.strip("{}").lower() == other.lower()


def _held(service: Service, call: Call, node: Node) -> Lease:
    if node.lease is None:
        raise Refused("LeaseNotPresentWithLeaseOperation")
    if not node.lease.locks(service.clock.now()):
        raise Refused(
            "LeaseNotPresentWithLeaseOperation" if not node.lease.broken else "LeaseIsBreakingAndCannotBeChanged"
        )
    return node.lease


def _reply(status: int, node: Node, lease: Lease | None) -> Reply:
    headers = {"ETag": ticks.etag(node.changed), "Last-Modified": ticks.http_date(node.changed)}
    if lease is not None:
        headers["x-ms-lease-id"] = lease.id
    return Reply(status, headers)
