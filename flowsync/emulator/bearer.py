"""Entra bearer tokens: whose they are and for what audience. Their signature is not checked: this is an emulator.

A token must be a JWT for one of the audiences that the service knows, and not expired. A test that has only a made-up
string for a token can have it accepted by asking for it.
"""

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from flowsync.emulator.refusal import Refused

NOBODY = "00000000-0000-0000-0000-000000000000"
DATA_SINCE = "2022-11-02"
SHARES_SINCE = "2024-11-04"
_EPOCH = 621_355_968_000_000_000
_CHALLENGE = (
    f"Bearer authorization_uri=https://login.microsoftonline.com/{NOBODY}/oauth2/authorize "
    "resource_id=https://storage.azure.com"
)
_SENTENCES = {
    "form": "The bearer token is not a JWT.",
    "audience": "The bearer token is for another audience.",
    "expiry": "The bearer token has expired.",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who bears a token: object id and tenant, and the names that people know them by."""

    oid: str
    tid: str
    upn: str = ""
    name: str = ""


class Distrusted(Exception):
    """A token that is no token, is for somebody else, or is over."""

    def __init__(self, why: Literal["form", "audience", "expiry"]) -> None:
        super().__init__(_SENTENCES[why])
        self.why = why


def read(authorization: str, audiences: Collection[str], now: int, accept_opaque: bool) -> Identity:
    """Returns the bearer of a token; raises Distrusted."""
    token = authorization.removeprefix("Bearer ").strip()
    claims = _claims(token)
    if claims is None:
        if accept_opaque and token:
            return Identity(NOBODY, NOBODY)
        raise Distrusted("form")
    named = claims.get("aud")
    if not any(str(one).rstrip("/") in audiences for one in (named if isinstance(named, list) else [named])):
        raise Distrusted("audience")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or now >= _EPOCH + int(expires * 10_000_000):
        raise Distrusted("expiry")
    text = {name: str(claims.get(name) or "") for name in ("upn", "email", "name")}
    upn = text["upn"] or text["email"]
    return Identity(str(claims.get("oid", NOBODY)), str(claims.get("tid", NOBODY)), upn, text["name"] or upn)


def check(authorization: str, account: str, now: int, accept_opaque: bool) -> Identity:
    """Returns the bearer of a token for storage; raises Refused, with the challenge that says what to ask for."""
    try:
        return read(authorization, _audiences(account), now, accept_opaque)
    except Distrusted as error:
        raise Refused("InvalidAuthenticationInfo", str(error), headers={"WWW-Authenticate": _CHALLENGE}) from error


def _audiences(account: str) -> set[str]:
    return {
        "https://storage.azure.com",
        f"https://{account}.file.core.windows.net",
        f"https://{account}.blob.core.windows.net",
        "e406a681-f3d4-42a8-90b6-c2b029497af1",
    }


def _claims(token: str) -> dict[str, object] | None:
    pieces = token.split(".")
    if len(pieces) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None
