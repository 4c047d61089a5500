"""Renaming files and folders, over an existing file if asked."""

from urllib.parse import urlsplit

from flowsync.emulator import access, names
from flowsync.emulator.operations import leases
from flowsync.emulator.operations.properties import smb_headers, take_metadata, take_smb, written_headers
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service, expect
from flowsync.emulator.store import changes
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.tree import Place
from flowsync.emulator.wire import Call, Reply, Target, find_target, split_query


def rename(service: Service, call: Call) -> Reply:
    """Moves the source, a file or (with restype=directory) a folder, to the path of the call."""
    share = service.share(call, writes=True)
    source_target = source_of(service, call, "x-ms-file-rename-source")
    if (source_target.account, source_target.share) != (call.target.account, call.target.share):
        raise Refused("InvalidHeaderValue", "A rename stays in its share.")
    is_folder = call.query.get("restype") == "directory"
    source_parts = names.split(source_target.raw_path, call.flag("x-ms-source-allow-trailing-dot"))
    source = share.tree.locate(source_parts)
    node = expect(source, is_folder)
    _check_grant(service, call, source_target)
    if not source.name:
        raise Refused("InvalidUri", "The root of a share cannot be renamed.")
    target = share.tree.locate(call.parts)
    if (
        is_folder
        and tuple(map(names.fold, call.parts[: len(source_parts)])) == tuple(map(names.fold, source_parts))
        and target.node is not node
    ):
        raise Refused("InvalidHeaderValue", "A folder cannot be moved into itself.")
    _check_target(service, call, node, target)
    _check_source(service, call, node)
    if call.metadata():
        take_metadata(call, node)
    if "x-ms-content-type" in call.headers:
        node.headers["content-type"] = call.headers["x-ms-content-type"]
    take_smb(service, share, call, node, created=False)
    changes.move(share.tree, source, target)
    return Reply(200, {**written_headers(node), **smb_headers(node)})


def _check_grant(service: Service, call: Call, source: Target) -> None:
    """A signature for one file is none for the source: that one needs its own, in its URL."""
    if call.grant is None or not call.grant.one_file:
        return
    query = split_query(urlsplit(call.need("x-ms-file-rename-source")).query)
    if "sig" not in query:
        raise Refused("AuthorizationFailure")
    access.sas_grant(service, call, query, source).allows("w", "o")


def _check_source(service: Service, call: Call, node: Node) -> None:
    service.neighbours.check(node, "d")
    if not node.folder:
        leases.check(service, call.headers.get("x-ms-source-lease-id"), node)


def _check_target(service: Service, call: Call, source: Node, target: Place) -> None:
    if target.parent is None:
        raise Refused("ParentNotFound" if target.name else "ResourceAlreadyExists")
    there = target.node
    given = call.headers.get("x-ms-destination-lease-id")
    if there is None:
        if given is not None:
            raise Refused("LeaseNotPresentWithFileOperation")
        return
    if there is source:
        return  # only the case of the name changes
    if there.folder or not call.flag("x-ms-file-rename-replace-if-exists"):
        raise Refused("ResourceAlreadyExists")
    leases.check(service, given, there)
    service.neighbours.check_delete(there)
    if "ReadOnly" in there.attributes and not call.flag("x-ms-file-rename-ignore-readonly"):
        raise Refused("ReadOnlyAttribute")


def source_of(service: Service, call: Call, header: str) -> Target:
    """Reads a header that names another resource by its whole URL."""
    url = urlsplit(call.need(header))
    if not url.scheme or not url.netloc:
        raise Refused("InvalidHeaderValue")
    return find_target(url.path, url.netloc, service.accounts)
