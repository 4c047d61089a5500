"""Which operation a request asks for: one table from level, verb, restype and comp to a name and a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flowsync.emulator.operations import files, folders, leases, listing, ranges, rename, shares
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply

Run = Callable[[Service, Call], Reply]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's name, as counts and faults use it, and what does it."""

    name: str
    run: Run


Key = tuple[str, str, str, str]  # level, verb, restype, comp

TABLE: Mapping[Key, Operation] = {
    ("share", "PUT", "share", ""): Operation("create_share", shares.create),
    ("share", "GET", "share", ""): Operation("get_share", shares.get_properties),
    ("share", "HEAD", "share", ""): Operation("get_share", shares.get_properties),
    ("share", "DELETE", "share", ""): Operation("delete_share", shares.delete),
    ("share", "PUT", "share", "properties"): Operation("set_share_properties", shares.set_properties),
    ("share", "PUT", "share", "metadata"): Operation("set_share_metadata", shares.set_metadata),
    ("path", "PUT", "directory", ""): Operation("create_directory", folders.create),
    ("path", "GET", "directory", ""): Operation("get_directory", folders.get_properties),
    ("path", "HEAD", "directory", ""): Operation("get_directory", folders.get_properties),
    ("path", "DELETE", "directory", ""): Operation("delete_directory", folders.delete),
    ("path", "PUT", "directory", "properties"): Operation("set_directory_properties", folders.set_properties),
    ("path", "PUT", "directory", "metadata"): Operation("set_directory_metadata", folders.set_metadata),
    ("path", "PUT", "directory", "rename"): Operation("rename_directory", rename.rename),
    ("path", "GET", "directory", "list"): Operation("list", listing.list_folder),
    ("path", "PUT", "", ""): Operation("create_file", files.create),
    ("path", "GET", "", ""): Operation("get_file", ranges.get),
    ("path", "HEAD", "", ""): Operation("head_file", files.head),
    ("path", "DELETE", "", ""): Operation("delete_file", files.delete),
    ("path", "PUT", "", "properties"): Operation("set_file_properties", files.set_properties),
    ("path", "PUT", "", "metadata"): Operation("set_file_metadata", files.set_metadata),
    ("path", "GET", "", "metadata"): Operation("get_file_metadata", files.get_metadata),
    ("path", "HEAD", "", "metadata"): Operation("get_file_metadata", files.get_metadata),
    ("path", "PUT", "", "rename"): Operation("rename_file", rename.rename),
    ("path", "PUT", "", "range:update"): Operation("put_range", ranges.put),
    ("path", "PUT", "", "range:clear"): Operation("clear_range", ranges.clear),
    ("path", "GET", "", "rangelist"): Operation("list_ranges", ranges.list_ranges),
    ("path", "PUT", "", "lease:acquire"): Operation("acquire_lease", leases.acquire),
    ("path", "PUT", "", "lease:change"): Operation("change_lease", leases.change),
    ("path", "PUT", "", "lease:release"): Operation("release_lease", leases.release),
    ("path", "PUT", "", "lease:break"): Operation("break_lease", leases.break_),
}

_ACTION_HEADER = {"range": "x-ms-write", "lease": "x-ms-lease-action"}


def find(call: Call) -> Operation:
    """Returns the operation that a request asks for; raises Refused."""
    restype = call.query.get("restype", "").lower()
    comp = call.query.get("comp", "").lower()
    if not call.target.share:
        level = "service"
    elif restype == "share":
        level = "share"
    else:
        level = "path"
    if comp in _ACTION_HEADER:
        comp = f"{comp}:{call.need(_ACTION_HEADER[comp]).lower()}"
    operation = TABLE.get((level, call.method, restype, comp))
    if operation is None:
        known = any(key[0] == level and key[2:] == (restype, comp) for key in TABLE)
        raise Refused("UnsupportedHttpVerb" if known else "InvalidQueryParameterValue" if call.query else "InvalidUri")
    return operation
