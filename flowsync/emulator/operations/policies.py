"""A share's stored access policies and its file permissions (security descriptors)."""

import json
from xml.etree import ElementTree

from flowsync.emulator import sddl, ticks
from flowsync.emulator.operations import share_leases
from flowsync.emulator.operations.properties import DEFAULT_KEY, DEFAULT_SDDL, keep_permission
from flowsync.emulator.operations.shares import changed_headers, touched
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply, document, element

MAX_POLICIES = 5
_MAX_PERMISSION = 8 * 1024


def get(service: Service, call: Call) -> Reply:
    """Says the stored access policies."""
    share = service.share(call)
    share_leases.guard_read(service, call, share)
    text = "".join(_write(policy) for policy in share.policies)
    return document(200, f"<SignedIdentifiers>{text}</SignedIdentifiers>", changed_headers(share))


def set_(service: Service, call: Call) -> Reply:
    """Replaces the stored access policies."""
    share = service.share(call, writes=True)
    share_leases.guard(service, call, share, always=False)
    policies = [_read(item) for item in call.xml().findall("SignedIdentifier")] if call.body.strip() else []
    if len(policies) > MAX_POLICIES:
        raise Refused("InvalidXmlDocument", "A share has at most five stored access policies.")
    share.policies = policies
    return touched(service, share)


def _read(item: ElementTree.Element) -> dict[str, str]:
    name = item.findtext("Id")
    if not name or len(name) > 64:
        raise Refused("InvalidXmlNodeValue")
    policy = {"Id": name}
    for field in ("Start", "Expiry"):
        if text := item.findtext(f"AccessPolicy/{field}"):
            try:
                policy[field] = ticks.iso(ticks.parse_iso(text))
            except ValueError as error:
                raise Refused("InvalidXmlNodeValue") from error
    if permission := item.findtext("AccessPolicy/Permission"):
        policy["Permission"] = permission
    return policy


def _write(policy: dict[str, str]) -> str:
    inner = "".join(element(field, text) for field, text in policy.items() if field != "Id")
    access = f"<AccessPolicy>{inner}</AccessPolicy>" if inner else "<AccessPolicy />"
    return f"<SignedIdentifier>{element('Id', policy['Id'])}{access}</SignedIdentifier>"


def create_permission(service: Service, call: Call) -> Reply:
    """Keeps a security descriptor and gives its key."""
    share = service.share(call, writes=True)
    try:
        given = json.loads(call.body)
        text, form = str(given["permission"]), str(given.get("format") or "sddl").lower()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("InvalidInput", "The body is not a permission in JSON.") from error
    if len(text) > _MAX_PERMISSION:
        raise Refused("RequestBodyTooLarge")
    return Reply(201, {"x-ms-file-permission-key": keep_permission(service, share, text, form)})


def get_permission(service: Service, call: Call) -> Reply:
    """Says the security descriptor of a key."""
    share = service.share(call)
    key = call.need("x-ms-file-permission-key")
    text = DEFAULT_SDDL if key == DEFAULT_KEY else share.permissions.get(key)
    if text is None:
        raise Refused("ResourceNotFound")
    form = call.headers.get("x-ms-file-permission-format", "sddl").lower()
    if form not in ("sddl", "binary"):
        raise Refused("InvalidHeaderValue")
    shown = text if form == "sddl" else sddl.to_binary(text)
    body = json.dumps(
        {"permission": shown, "format": form}
        if "x-ms-file-permission-format" in call.headers
        else {"permission": shown}
    )
    return Reply(200, {"Content-Type": "application/json"}, body.encode())
