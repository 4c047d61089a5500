"""Shared access signatures: account, service and user delegation; what each allows, for whom, and until when.

What belongs here: reading a token from a query, checking its signature and limits, and saying what it grants.
"""

import base64
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flowsync.emulator import names, sharedkey, ticks
from flowsync.emulator.grant import Grant
from flowsync.emulator.refusal import Refused
from flowsync.emulator.wire import Target

_OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}
_DELEGATED = ("skoid", "sktid", "skt", "ske", "sks", "skv", "skdutid", "sduoid")


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it came: its query, what it was used on, and how."""

    query: Mapping[str, str]
    target: Target
    secure: bool
    peer: str
    now: int
    policies: Sequence[Mapping[str, str]] = ()  # the share's stored access policies
    service: str = "f"  # that it was used on: files or blobs

    def get(self, name: str) -> str:
        """Returns a field, "" if it is not there."""
        return self.query.get(name, "")


def check(token: Presented, accounts: Mapping[str, bytes]) -> Grant:
    """Returns what a token grants; raises Refused if it is forged, over, or used from elsewhere."""
    key = accounts.get(token.target.account)
    if key is None:
        raise Refused("AuthenticationFailed")
    grant = _account(token, key) if token.get("ss") else _service(token, key)
    _check_way(token)
    return grant


def make_account_sas(account: str, key: bytes, service: str, expiry: int) -> str:
    """Makes a signature that allows everything below an account's service (``f`` or ``b``) until ``expiry`` (ticks)."""
    fields = {
        "sv": "2023-11-03",
        "ss": service,
        "srt": "sco",
        "sp": "rwdlc",
        "se": ticks.iso(expiry)[:19] + "Z",
        "spr": "https",
    }
    signed = sharedkey.sign(key, _account_text(account, fields) + "\n\n")
    return urlencode({**fields, "sig": signed})


def _account_text(account: str, fields: Mapping[str, str]) -> str:
    names = ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv")
    return "\n".join([account, *(fields.get(name, "") for name in names)])


def _account(token: Presented, key: bytes) -> Grant:
    text = _account_text(token.target.account, token.query)
    extended = [f"{text}\n\n", f"{text}\n"]  # with the encryption scope of newer versions, and without
    _check_signature(token, key, *extended)
    _check_time(token, token.get("st"), token.get("se"))
    if token.service not in token.get("ss"):
        raise Refused("AuthorizationServiceMismatch")
    return Grant(token.get("sp"), token.get("srt"))


def _service(token: Presented, key: bytes) -> Grant:
    if token.get("sr") not in ("s", "f"):
        raise Refused("AuthenticationFailed", "The signature is for neither a share nor a file.")
    resource = f"/file/{token.target.account}/{token.target.share}"
    if token.get("sr") == "f":
        resource += f"/{names.decode(token.target.raw_path)}"
    delegated = bool(token.get("skoid"))
    middle = [token.get(name) for name in _DELEGATED] if delegated else [token.get("si")]
    head = [token.get("sp"), token.get("st"), token.get("se"), resource, *middle]
    tail = [token.get(name) for name in ("sip", "spr", "sv", *_OVERRIDES)]
    if delegated:
        identity = [text for name in _DELEGATED[:-1] if (text := token.get(name))]
        key = base64.b64decode(delegation_key(key, identity))
        _check_time(token, token.get("skt"), token.get("ske"))
    _check_signature(token, key, "\n".join([*head, *tail]))
    policy = _policy(token)
    _check_time(token, token.get("st") or policy.get("Start", ""), token.get("se") or policy.get("Expiry", ""))
    overrides = {header: token.get(name) for name, header in _OVERRIDES.items() if token.get(name)}
    permissions = token.get("sp") or policy.get("Permission", "")
    return Grant(permissions, "o", token.get("sr") == "f", overrides, token.get("sduoid"))


def _policy(token: Presented) -> Mapping[str, str]:
    name = token.get("si")
    if not name:
        return {}
    for policy in token.policies:
        if policy["Id"] == name:
            return policy
    raise Refused("AuthenticationFailed", "There is no stored access policy of this name.")


def _check_signature(token: Presented, key: bytes, *texts: str) -> None:
    if not any(hmac.compare_digest(token.get("sig"), sharedkey.sign(key, text)) for text in texts):
        raise Refused("AuthenticationFailed", "The signature did not match.")


def _check_time(token: Presented, start: str, expiry: str) -> None:
    try:
        if not expiry or token.now >= _moment(expiry):
            raise Refused("AuthenticationFailed", "Signature not valid in the specified time frame: it has expired.")
        if start and token.now < _moment(start) - 5 * 60 * ticks.PER_SECOND:
            raise Refused("AuthenticationFailed", "Signature not valid in the specified time frame: not yet.")
    except ValueError as error:
        raise Refused("AuthenticationFailed", "The signature's times are not times.") from error


def _moment(text: str) -> int:
    return ticks.parse_iso(text if "T" in text else f"{text}T00:00:00Z")


def _check_way(token: Presented) -> None:
    if token.get("spr") == "https" and not token.secure:
        raise Refused("AuthorizationProtocolMismatch")
    allowed = token.get("sip")
    if allowed:
        first, _, last = allowed.partition("-")
        low, high = (int(ipaddress.ip_address(text)) for text in (first, last or first))
        if not low <= int(ipaddress.ip_address(token.peer)) <= high:
            raise Refused("AuthorizationSourceIPMismatch")


def delegation_key(account_key: bytes, fields: Sequence[str]) -> str:
    """Derives a user delegation key from the account's key and what the key is for."""
    return sharedkey.sign(account_key, "\n".join(["user delegation", *fields]))
