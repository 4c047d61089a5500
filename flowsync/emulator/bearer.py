"""Entra bearer tokens: whose they are and for what audience. Their signature is not checked: this is an emulator.

A token must be a JWT whose audience is storage (or this account) and which has not expired. A test that has only a
made-up string for a token can have it accepted by asking for it.
"""

import base64
import binascii
import json
from dataclasses import dataclass

from flowsync.emulator.refusal import Refused

NOBODY = "00000000-0000-0000-0000-000000000000"
DATA_SINCE = "2022-11-02"
SHARES_SINCE = "2024-11-04"
_EPOCH = 621_355_968_000_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who bears a token: object id and tenant."""

    oid: str
    tid: str


def check(authorization: str, account: str, now: int, accept_opaque: bool) -> Identity:
    """Returns the bearer of a token; raises Refused, with the challenge that tells a client what to ask for."""
    token = authorization.removeprefix("Bearer ").strip()
    claims = _claims(token)
    if claims is None:
        if accept_opaque and token:
            return Identity(NOBODY, NOBODY)
        raise _challenged("The bearer token is not a JWT.")
    audiences = claims.get("aud")
    allowed = _audiences(account)
    if not any(str(one).rstrip("/") in allowed for one in (audiences if isinstance(audiences, list) else [audiences])):
        raise _challenged("The bearer token is for another audience.")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or now >= _EPOCH + int(expires * 10_000_000):
        raise _challenged("The bearer token has expired.")
    return Identity(str(claims.get("oid", NOBODY)), str(claims.get("tid", NOBODY)))


def _audiences(account: str) -> set[str]:
    return {
        "https://storage.azure.com",
        f"https://{account}.file.core.windows.net",
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


def _challenged(message: str) -> Refused:
    challenge = f"Bearer authorization_uri=https://login.microsoftonline.com/{NOBODY}/oauth2/authorize resource_id=https://storage.azure.com"
    return Refused("InvalidAuthenticationInfo", message, headers={"WWW-Authenticate": challenge})
