"""Who is signed in, as the token itself says: read, never verified (that is the service's business). Pure."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Who bears a token: object id, tenant, the name that Studio's folder may have, and whether it is no human."""

    oid: str = ""
    tenant: str = ""
    upn: str = ""
    service: bool = False

    @property
    def alias(self) -> str:
        """The name of the folder that the official client would use: the user name up to the @, else the object id."""
        return self.upn.partition("@")[0] or self.oid

    @property
    def shown(self) -> str:
        """How to name them in a sentence."""
        return self.upn or (f"the service principal {self.oid}" if self.service else self.oid) or "somebody"


def read(token: str) -> Person:
    """Returns who bears a token; an unreadable one is nobody's."""
    claims = _claims(token)
    upn = next((text for key in ("upn", "email", "preferred_username", "unique_name") if (text := claims.get(key))), "")
    service = claims.get("idtyp") == "app" or not upn
    return Person(str(claims.get("oid", "")), str(claims.get("tid", "")), str(upn), service)


def mine(person: Person, folders: Collection[str]) -> str:
    """Returns which of the folders below ``Users`` is probably this person's, or an empty string.

    Studio's own name for it may differ from the alias (guests, renamed people), so a guess is only made where one
    folder fits: the alias in any case, or the alias as guests have it (``ada_contoso.com#EXT#``).
    """
    alias = person.alias.casefold()
    if not alias:
        return ""
    exact = [name for name in folders if name.casefold() == alias]
    if exact:
        return exact[0]
    plain = _letters(alias.partition("#")[0].partition("_")[0])
    near = [name for name in folders if plain and _letters(name.casefold().partition("_")[0]) == plain]
    return near[0] if len(near) == 1 else ""


def _letters(name: str) -> str:
    return "".join(character for character in name if character.isalnum())


def _claims(token: str) -> Mapping[str, object]:
    pieces = token.split(".")
    if len(pieces) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except (binascii.Error, ValueError):  # an opaque token tells nothing
        return {}
    return claims if isinstance(claims, dict) else {}
