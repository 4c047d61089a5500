"""Properties of files and folders: read from a request's headers into a node, and written into a reply's.

What belongs here: the header groups that many operations share (ETag, times, SMB, HTTP, metadata, lease, copy).
"""

import re
from urllib.parse import quote

from flowsync.emulator import sddl, ticks
from flowsync.emulator.names import digest
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.share import Share
from flowsync.emulator.wire import Call

HTTP = ("content-type", "content-encoding", "content-language", "content-disposition", "content-md5", "cache-control")
_CASED = {name: "-".join("MD5" if word == "md5" else word.capitalize() for word in name.split("-")) for name in HTTP}
_ATTRIBUTES = (
    "ReadOnly",
    "Hidden",
    "System",
    "Directory",
    "Archive",
    "Temporary",
    "Offline",
    "NotContentIndexed",
    "NoScrubData",
)
_KNOWN = {name.lower(): name for name in (*_ATTRIBUTES, "None", "Normal")}
_META_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-.]*")


def take_http(call: Call, node: Node) -> None:
    """Replaces all HTTP properties by those of the request; one that is not given is gone."""
    node.headers = {
        name: value for name in HTTP if (value := call.headers.get(f"x-ms-{name}")) is not None and value != ""
    }


def default_type(node: Node) -> None:
    """Gives a new file the type that the service gives to one whose creator named none."""
    node.headers.setdefault("content-type", "application/octet-stream")


def take_metadata(call: Call, node: Node) -> None:
    """Replaces the metadata by the request's."""
    node.metadata = checked_metadata(call)


def checked_metadata(call: Call) -> dict[str, str]:
    """Reads the request's metadata and refuses names that cannot be."""
    metadata = call.metadata()
    if not all(_META_NAME.fullmatch(name) for name in metadata):
        raise Refused("InvalidMetadata")
    if sum(len(key) + len(value) for key, value in metadata.items()) > 8192:
        raise Refused("InvalidMetadata", "The metadata is larger than 8 KiB.")
    return metadata


def take_smb(service: Service, share: Share, call: Call, node: Node, created: bool) -> None:
    """Takes attributes, times and permission; ``created`` decides what a header that is absent means.

    ChangeTime, and with it the ETag, moves to a new tick unless the request says another.
    """
    _take_attributes(call, node, created)
    now = service.clock.next()
    for header, field in (("creation", "created"), ("last-write", "written")):
        given = call.headers.get(f"x-ms-file-{header}-time")
        if given is None:
            given = "now" if created else "preserve"
        if given.lower() != "preserve":
            setattr(node, field, _moment(given, now))
    given = call.headers.get("x-ms-file-change-time")
    node.changed = now if given is None or given.lower() == "preserve" else _moment(given, now)
    _take_permission(share, call, node, service)


def _moment(text: str, now: int) -> int:
    if text.lower() == "now":
        return now
    try:
        return ticks.parse_iso(text)
    except ValueError as error:
        raise Refused("InvalidHeaderValue") from error


def _take_attributes(call: Call, node: Node, created: bool) -> None:
    given = call.headers.get("x-ms-file-attributes")
    must = "Directory" if node.folder else "Archive" if created else None
    if given is None or given.lower() == "preserve":
        node.attributes = must or node.attributes
        return
    words = [word.strip().lower() for word in given.split("|")]
    if any(word not in _KNOWN for word in words) or (not node.folder and "directory" in words):
        raise Refused("InvalidHeaderValue")
    chosen = {_KNOWN[word] for word in words} - {"None", "Normal"} | ({must} if must else set())
    node.attributes = " | ".join(name for name in _ATTRIBUTES if name in chosen) or "None"


def _take_permission(share: Share, call: Call, node: Node, service: Service) -> None:
    text, key = call.headers.get("x-ms-file-permission"), call.headers.get("x-ms-file-permission-key")
    if text is not None and key is not None:
        raise Refused("InvalidHeaderValue", "Give a permission or a permission's key, not both.")
    if key is not None:
        if key not in share.permissions and key != DEFAULT_KEY:
            raise Refused("InvalidHeaderValue", "There is no permission of this key.")
        node.permission = key
    elif text is not None and text.lower() not in ("inherit", "preserve"):
        form = call.headers.get("x-ms-file-permission-format", "sddl").lower()
        node.permission = keep_permission(service, share, text, form)


DEFAULT_SDDL = "O:SYG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;BU)(A;;0x1301bf;;;AU)"
DEFAULT_KEY = "7882616418388512093*10113757398281230364"


def keep_permission(service: Service, share: Share, text: str, form: str = "sddl") -> str:
    """Keeps a security descriptor in the share and returns its key, always the same for the same descriptor."""
    if form == "binary":
        text = sddl.to_text(text)
    elif form == "sddl":
        sddl.check(text)
    else:
        raise Refused("InvalidHeaderValue")
    if text == DEFAULT_SDDL:
        return DEFAULT_KEY
    key = f"{int(digest(text), 16)}*{int(digest(text[::-1]), 16)}"
    if key not in share.permissions:
        share.permissions[key] = text
        service.store.save(share)
    return key


def written_headers(node: Node) -> dict[str, str]:
    """ETag and Last-Modified, and that the service encrypts."""
    return {
        "ETag": ticks.etag(node.changed),
        "Last-Modified": ticks.http_date(node.changed),
        "x-ms-request-server-encrypted": "true",
    }


def smb_headers(node: Node) -> dict[str, str]:
    """Attributes, times and ids, as most replies carry them."""
    return {
        "x-ms-file-permission-key": node.permission or DEFAULT_KEY,
        "x-ms-file-attributes": node.attributes,
        "x-ms-file-creation-time": ticks.iso(node.created),
        "x-ms-file-last-write-time": ticks.iso(node.written),
        "x-ms-file-change-time": ticks.iso(node.changed),
        "x-ms-file-id": str(node.file_id),
        "x-ms-file-parent-id": str(node.up.file_id if node.up else 0),
    }


def read_headers(service: Service, call: Call, node: Node) -> dict[str, str]:
    """Everything that GET and HEAD of a file say besides its length."""
    headers = {
        "ETag": ticks.etag(node.changed),
        "Last-Modified": ticks.http_date(node.changed),
        "x-ms-type": "File",
        "x-ms-server-encrypted": "true",
        **smb_headers(node),
        **metadata_headers(node.metadata),
        **node.copy,
        **lease_headers(service, node),
    }
    headers.update((_CASED[name], value) for name, value in node.headers.items())
    headers.update(call.overrides)
    return headers


def metadata_headers(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata as headers."""
    return {f"x-ms-meta-{key}": value for key, value in metadata.items()}


def lease_headers(service: Service, node: Node) -> dict[str, str]:
    """State of a file's lease."""
    state = node.lease.state(service.clock.now()) if node.lease else "available"
    headers = {
        "x-ms-lease-state": state,
        "x-ms-lease-status": "locked" if state in ("leased", "breaking") else "unlocked",
    }
    if state == "leased" and node.lease:
        headers["x-ms-lease-duration"] = "infinite" if node.lease.duration == -1 else "fixed"
    return headers


def header_text(value: str) -> str:
    """Makes a value fit for a header."""
    return quote(value, safe="/:;=?@&+,!*'()~ ")
