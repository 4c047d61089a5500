"""Which operation a request asks for: one table from level, verb, restype and comp to a name and a function.

``needs`` are the permission letters of a shared access signature, any of which will do; ``kinds`` are the kinds of
resource that an account's signature must be for (service, container, object).
"""

from collections.abc import Mapping

from flowsync.emulator.operation import Operation
from flowsync.emulator.operations import (
    account,
    copying,
    files,
    folders,
    handles,
    leases,
    listing,
    policies,
    range_lists,
    ranges,
    rename,
    share_leases,
    shares,
)
from flowsync.emulator.refusal import Refused
from flowsync.emulator.wire import Call

Key = tuple[str, str, str, str]  # level, verb, restype, comp

_SERVICE: Mapping[Key, Operation] = {
    ("service", "GET", "", "list"): Operation("list_shares", account.list_shares, "l", "s"),
    ("service", "GET", "service", "properties"): Operation("get_service", account.get_properties, "r", "s"),
    ("service", "PUT", "service", "properties"): Operation("set_service", account.set_properties, "w", "s"),
    ("service", "POST", "service", "userdelegationkey"): Operation(
        "user_delegation_key", account.user_delegation_key, "", "s"
    ),
}

_SHARE: Mapping[Key, Operation] = {
    ("share", "PUT", "share", ""): Operation("create_share", shares.create, "cw", "c"),
    ("share", "GET", "share", ""): Operation("get_share", shares.get_properties, "r", "c"),
    ("share", "HEAD", "share", ""): Operation("get_share", shares.get_properties, "r", "c"),
    ("share", "DELETE", "share", ""): Operation("delete_share", shares.delete, "d", "c"),
    ("share", "PUT", "share", "properties"): Operation("set_share_properties", shares.set_properties, "w", "c"),
    ("share", "PUT", "share", "metadata"): Operation("set_share_metadata", shares.set_metadata, "w", "c"),
    ("share", "GET", "share", "metadata"): Operation("get_share_metadata", shares.get_metadata, "r", "c"),
    ("share", "HEAD", "share", "metadata"): Operation("get_share_metadata", shares.get_metadata, "r", "c"),
    ("share", "PUT", "share", "snapshot"): Operation("create_snapshot", shares.take_snapshot, "cw", "c"),
    ("share", "PUT", "share", "undelete"): Operation("undelete_share", shares.undelete, "w", "c"),
    ("share", "GET", "share", "stats"): Operation("get_share_stats", shares.statistics, "r", "c"),
    ("share", "GET", "share", "acl"): Operation("get_share_acl", policies.get, "", "c"),
    ("share", "PUT", "share", "acl"): Operation("set_share_acl", policies.set_, "", "c"),
    ("share", "PUT", "share", "filepermission"): Operation("create_permission", policies.create_permission, "cw", "oc"),
    ("share", "GET", "share", "filepermission"): Operation("get_permission", policies.get_permission, "r", "oc"),
    ("share", "PUT", "share", "lease:acquire"): Operation("acquire_share_lease", share_leases.acquire, "wd", "c"),
    ("share", "PUT", "share", "lease:renew"): Operation("renew_share_lease", share_leases.renew, "wd", "c"),
    ("share", "PUT", "share", "lease:change"): Operation("change_share_lease", share_leases.change, "wd", "c"),
    ("share", "PUT", "share", "lease:release"): Operation("release_share_lease", share_leases.release, "wd", "c"),
    ("share", "PUT", "share", "lease:break"): Operation("break_share_lease", share_leases.break_, "wd", "c"),
}

_FOLDER: Mapping[Key, Operation] = {
    ("path", "PUT", "directory", ""): Operation("create_directory", folders.create, "cw"),
    ("path", "GET", "directory", ""): Operation("get_directory", folders.get_properties, "r"),
    ("path", "HEAD", "directory", ""): Operation("get_directory", folders.get_properties, "r"),
    ("path", "DELETE", "directory", ""): Operation("delete_directory", folders.delete, "d"),
    ("path", "PUT", "directory", "properties"): Operation("set_directory_properties", folders.set_properties, "w"),
    ("path", "PUT", "directory", "metadata"): Operation("set_directory_metadata", folders.set_metadata, "w"),
    ("path", "GET", "directory", "metadata"): Operation("get_directory_metadata", folders.get_properties, "r"),
    ("path", "PUT", "directory", "rename"): Operation("rename_directory", rename.rename, "w"),
    ("path", "GET", "directory", "list"): Operation("list", listing.list_folder, "l", "oc"),
}

_FILE: Mapping[Key, Operation] = {
    ("path", "PUT", "", ""): Operation("create_file", files.create, "cw"),
    ("path", "PUT", "", "copy:start"): Operation("copy_file", copying.start, "cw"),
    ("path", "PUT", "", "copy:abort"): Operation("abort_copy", copying.abort, "w"),
    ("path", "GET", "", ""): Operation("get_file", ranges.get, "r"),
    ("path", "HEAD", "", ""): Operation("head_file", files.head, "r"),
    ("path", "DELETE", "", ""): Operation("delete_file", files.delete, "d"),
    ("path", "PUT", "", "properties"): Operation("set_file_properties", files.set_properties, "w"),
    ("path", "PUT", "", "metadata"): Operation("set_file_metadata", files.set_metadata, "w"),
    ("path", "GET", "", "metadata"): Operation("get_file_metadata", files.get_metadata, "r"),
    ("path", "HEAD", "", "metadata"): Operation("get_file_metadata", files.get_metadata, "r"),
    ("path", "PUT", "", "rename"): Operation("rename_file", rename.rename, "w"),
    ("path", "PUT", "", "range:update"): Operation("put_range", ranges.put, "w"),
    ("path", "PUT", "", "range:from"): Operation("put_range_from_url", copying.put_range, "w"),
    ("path", "PUT", "", "range:clear"): Operation("clear_range", ranges.clear, "w"),
    ("path", "GET", "", "rangelist"): Operation("list_ranges", range_lists.list_ranges, "r"),
    ("path", "PUT", "", "lease:acquire"): Operation("acquire_lease", leases.acquire, "wd"),
    ("path", "PUT", "", "lease:change"): Operation("change_lease", leases.change, "wd"),
    ("path", "PUT", "", "lease:release"): Operation("release_lease", leases.release, "wd"),
    ("path", "PUT", "", "lease:break"): Operation("break_lease", leases.break_, "wd"),
    ("path", "GET", "", "listhandles"): Operation("list_handles", handles.list_handles, "l"),
    ("path", "PUT", "", "forceclosehandles"): Operation("close_handles", handles.close_handles, "w"),
}

TABLE: Mapping[Key, Operation] = {**_SERVICE, **_SHARE, **_FOLDER, **_FILE}

_ACTION_HEADER = {"range": "x-ms-write", "lease": "x-ms-lease-action", "copy": "x-ms-copy-action"}


def find(call: Call) -> Operation:
    """Returns the operation that a request asks for; raises Refused."""
    restype, comp = call.query.get("restype", "").lower(), _comp(call)
    if not call.target.share:
        level = "service"
    elif restype == "share":
        level = "share"
    else:
        level = "path"
    operation = TABLE.get((level, call.method, restype, comp))
    if operation is None:
        raise _unknown(call, (level, restype, comp))
    return operation


def _comp(call: Call) -> str:
    """Returns comp, made precise by the header that says which action is meant."""
    comp = call.query.get("comp", "").lower()
    if comp == "" and call.method == "PUT" and "x-ms-copy-source" in call.headers:
        return "copy:start"
    if comp == "range" and "x-ms-copy-source" in call.headers:
        return "range:from"
    if comp in _ACTION_HEADER:
        return f"{comp}:{call.need(_ACTION_HEADER[comp]).lower()}"
    return comp


def _unknown(call: Call, wanted: tuple[str, str, str]) -> Refused:
    if any((level, restype, comp) == wanted for level, _, restype, comp in TABLE):
        return Refused("UnsupportedHttpVerb")
    if ":" in wanted[2]:
        return Refused("InvalidHeaderValue")
    return Refused("InvalidQueryParameterValue" if call.query else "InvalidUri")
