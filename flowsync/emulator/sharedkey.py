"""SharedKey: the string that a request signs with the account's key, and whether the signature is right."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from functools import lru_cache

from flowsync.emulator.refusal import Refused
from flowsync.emulator.wire import Call, account_of

_STANDARD = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def check(call: Call, accounts: Mapping[str, bytes]) -> None:
    """Raises Refused unless the Authorization header is signed with the account's key."""
    signer, _, given = call.headers.get("Authorization", "").removeprefix("SharedKey ").partition(":")
    account = account_of(signer)
    key = accounts.get(account)
    if key is None or account != call.target.account:
        raise Refused("AuthenticationFailed")
    if not any(hmac.compare_digest(given, sign(key, text)) for text in strings_to_sign(call, signer)):
        raise Refused("AuthenticationFailed")


def sign(key: bytes, text: str) -> str:
    """Returns the signature of a text."""
    return base64.b64encode(hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()).decode()


def strings_to_sign(call: Call, signer: str) -> Iterable[str]:
    """Yields what may have been signed: headers in .NET's culture order, then in plain order, as clients differ.

    ``signer`` is the account as the client spells it: in a loopback URL's path that may be a whole host.
    """
    lower = {name.lower(): value for name, value in call.headers.items()}
    standard = [lower.get(name, "") for name in _STANDARD]
    if standard[2] == "0":
        standard[2] = ""
    if "x-ms-date" in lower:
        standard[5] = ""
    extensions = [name for name in lower if name.startswith("x-ms-")]
    resource = f"/{signer}{call.raw_path}"
    resource += "".join(f"\n{name}:{value}" for name, value in sorted(call.query.items()))
    head = "\n".join((call.method, *standard))
    seen = set()
    for order in (sorted(extensions, key=_culture), sorted(extensions)):
        signed_headers = "".join(f"{name}:{lower[name].strip()}\n" for name in order)
        for standard_range in (head, head[: head.rfind("\n") + 1]):
            text = f"{standard_range}\n{signed_headers}{resource}"
            if text not in seen:
                seen.add(text)
                yield text


_WEIGHT = {character: chr(1 + place) for place, character in enumerate("!#$%&*.^_`|~+")}


@lru_cache(4096)
def _culture(name: str) -> tuple[str, str]:
    """Sorts as .NET's culture comparison does: marks, digits, letters; hyphens count only between equals, and last."""
    return "".join(_WEIGHT.get(character, character) for character in name if character != "-"), name.replace(
        "-", "\x7f"
    )
