"""What a refusal of the workspace's services means: one sentence and one next step for each. Pure.

Three services speak here: Azure Resource Manager, the flow service and the index; all answer
``{"error": {"code", "message", …}}``. Their messages are read for what tells the causes of one status apart, and never
quoted whole: they hold object ids, and once in a while a token.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flowsync.errors import ShareDenied, ShareError, ShareMissing, ShareUnavailable, StudioReadOnly

ROLE = "AzureML Data Scientist"
RETIRED = "Studio takes no changes of flows any more: prompt flow is read-only, as after its retirement."
OVER = "Studio's registry of flows is gone: prompt flow was retired."
_PULLS = "flowsync goes on pulling; flowsync export --all keeps what is there"
_TENANTS = re.compile(r"https://sts\.[a-z.]+/([0-9a-fA-F-]{36})")
_ACTION = re.compile(r"perform action '([\w./]+)'")
_READ_ONLY = re.compile(r"read[- ]?only|retired|retirement|deprecated|no longer supported", re.IGNORECASE)
_NETWORK = re.compile(r"public (network )?access|private (link|endpoint)|firewall|ip address|virtual network", re.I)
_OWNER = re.compile(r"\bown(er|ed|s)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is none: what was asked for (a noun), and the service's status, code and message."""

    status: int
    what: str
    writing: bool
    code: str = ""
    message: str = ""

    @classmethod
    def of(cls, status: int, body: str, what: str, writing: bool) -> "Refusal":
        """Reads the body of an answer; one that is no JSON (a proxy's page) says nothing."""
        try:
            error = json.loads(body).get("error") or {}
        except (ValueError, AttributeError):
            return cls(status, what, writing)
        if not isinstance(error, dict):
            return cls(status, what, writing)
        inner = error.get("innerError") or error.get("innererror") or {}
        codes = [str(error.get("code") or "")]
        while isinstance(inner, dict) and inner:
            codes.append(str(inner.get("code") or ""))
            inner = inner.get("innerError") or inner.get("innererror") or {}
        specific = [code for code in codes if code and code not in ("UserError", "SystemError", "ServiceError")]
        return cls(status, what, writing, (specific or codes)[-1], str(error.get("message") or ""))


def meaning(refusal: Refusal) -> ShareError:
    """Returns the failure that a refusal means."""
    error = _BY_STATUS.get(refusal.status, _other)(refusal)
    error.code = error.code or refusal.code or str(refusal.status)
    return error


def _unauthorized(refusal: Refusal) -> ShareError:
    if refusal.code == "InvalidAuthenticationTokenTenant" or "wrong issuer" in refusal.message:
        tenants = list(dict.fromkeys(_TENANTS.findall(refusal.message)))
        theirs = next(iter(tenants[1:]), "")
        mine = f" ({tenants[0]})" if tenants else ""
        return ShareDenied(
            f"You are signed in to another tenant{mine} than the workspace's{f' ({theirs})' if theirs else ''}.",
            f"az login --tenant {theirs or 'TENANT'}",
        )
    return ShareDenied(
        f"Azure does not accept the sign-in for {refusal.what}: it has expired, or is for something else.",
        "az login, then run the command again",
    )


def _forbidden(refusal: Refusal) -> ShareError:
    if refusal.writing and (_READ_ONLY.search(refusal.message) or _READ_ONLY.search(refusal.code)):
        return StudioReadOnly(RETIRED, _PULLS)
    if _NETWORK.search(refusal.message):
        return ShareDenied(
            f"The workspace's firewall refuses this network for {refusal.what}.",
            "connect to its virtual network (VPN), or ask for this address to be allowed under Networking",
            "Firewall",
        )
    if action := _ACTION.search(refusal.message):
        return ShareDenied(
            f"You may not do this to {refusal.what}: the action {action[1]} is missing.",
            f"ask for the role '{ROLE}' on the workspace, then az login",
            "AuthorizationFailed",
        )
    if refusal.writing and (_OWNER.search(refusal.message) or "owner" in refusal.code.lower()):
        return ShareDenied(
            f"Only its owner may change {refusal.what} in the registry.",
            "ask the owner; its files can still be synced, or flowsync draft create a flow of your own",
            "NotOwner",
        )
    return ShareDenied(f"You may not do this to {refusal.what}.", f"ask for the role '{ROLE}' on the workspace")


def _missing(refusal: Refusal) -> ShareError:
    kinds = {
        "SubscriptionNotFound": ("The subscription is not there, or you may not see it.", "az account list"),
        "InvalidSubscriptionId": ("The subscription's id is not one.", "az account list"),
        "ResourceGroupNotFound": ("The resource group is not there, or you may not see it.", "az group list"),
    }
    if refusal.code in kinds:
        return ShareMissing(*kinds[refusal.code])
    return ShareMissing(
        f"{refusal.what[:1].upper()}{refusal.what[1:]} is not there.", "check its name; flowsync doctor"
    )


def _closed(refusal: Refusal) -> ShareError:
    """Returns what 405 and 410 mean: for a write, that there are none any more; 410 for anything, that it is over."""
    if refusal.writing:
        return StudioReadOnly(RETIRED, _PULLS)
    return StudioReadOnly(OVER, _PULLS) if refusal.status == 410 else _other(refusal)


def _conflict(refusal: Refusal) -> ShareError:
    if refusal.writing and _READ_ONLY.search(refusal.message):
        return StudioReadOnly(RETIRED, _PULLS)
    return ShareError(
        f"Studio refuses {refusal.what}: there is one already, or somebody changes it now.",
        "flowsync draft list, then try again",
    )


def _throttled(refusal: Refusal) -> ShareError:
    return ShareUnavailable(f"Azure was asked too often for {refusal.what}.", "try again in a minute")


def _broken(refusal: Refusal) -> ShareError:
    return ShareUnavailable(f"Azure failed at {refusal.what} (HTTP {refusal.status}).", "try again in a moment")


def _other(refusal: Refusal) -> ShareError:
    if refusal.status >= 500:
        return _broken(refusal)
    said = f"{refusal.code or 'no code'}, HTTP {refusal.status}"
    return ShareError(f"Azure refuses what was asked of {refusal.what} ({said}).", "flowsync doctor")


_BY_STATUS: Mapping[int, Callable[[Refusal], ShareError]] = {
    401: _unauthorized,
    403: _forbidden,
    404: _missing,
    405: _closed,
    409: _conflict,
    410: _closed,
    429: _throttled,
}
