"""Directories: create, properties, metadata, delete."""

from flowsync.emulator import ticks
from flowsync.emulator.operations.properties import (
    metadata_headers,
    smb_headers,
    take_metadata,
    take_smb,
    written_headers,
)
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store import changes
from flowsync.emulator.wire import Call, Reply


def create(service: Service, call: Call) -> Reply:
    """Creates an empty folder in an existing one."""
    share = service.share(call, writes=True)
    place = share.tree.locate(call.parts)
    if place.node is not None:
        raise Refused("ResourceAlreadyExists" if place.node.folder else "ResourceTypeMismatch")
    if place.parent is None:
        raise Refused("ParentNotFound")
    node = share.tree.index.new_node(place.parent, place.name, is_folder=True)
    take_metadata(call, node)
    take_smb(service, share, call, node, created=True)
    changes.make_folder(share.tree, place, node)
    return Reply(201, {**written_headers(node), **smb_headers(node), "x-ms-file-file-type": "Directory"})


def get_properties(service: Service, call: Call) -> Reply:
    """Says everything about a folder but what is in it."""
    share = service.share(call)
    _, node = service.folder(call, share)
    return Reply(
        200,
        {
            "ETag": ticks.etag(node.changed),
            "Last-Modified": ticks.http_date(node.changed),
            "x-ms-server-encrypted": "true",
            **smb_headers(node),
            **metadata_headers(node.metadata),
            "x-ms-file-file-type": "Directory",
        },
    )


def delete(service: Service, call: Call) -> Reply:
    """Deletes an empty folder."""
    share = service.share(call, writes=True)
    place, node = service.folder(call, share)
    if place.parent is None:
        raise Refused("InvalidUri", "The root of a share cannot be deleted.")
    if share.tree.children(place)[1]:
        raise Refused("DirectoryNotEmpty")
    service.neighbours.check_delete(node)
    if "ReadOnly" in node.attributes:
        raise Refused("ReadOnlyAttribute")
    changes.remove(share.tree, place)
    return Reply(202)


def set_properties(service: Service, call: Call) -> Reply:
    """Sets a folder's SMB properties."""
    share = service.share(call, writes=True)
    place, node = service.folder(call, share)
    take_smb(service, share, call, node, created=False)
    changes.update(share.tree, place, node)
    return Reply(200, {**written_headers(node), **smb_headers(node)})


def set_metadata(service: Service, call: Call) -> Reply:
    """Replaces a folder's metadata."""
    share = service.share(call, writes=True)
    place, node = service.folder(call, share)
    take_metadata(call, node)
    node.changed = service.clock.next()
    changes.update(share.tree, place, node)
    return Reply(200, written_headers(node))
