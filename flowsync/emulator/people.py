"""People who sign in to an emulated workspace: their tokens, and an ``az`` that hands these out.

Azure's libraries and the official clients ask the Azure CLI for tokens. With the ``az`` written here first on PATH,
they sign in to the emulator with nothing installed and nobody asked. Its tokens are unsigned: they open nothing else.
"""

import base64
import json
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowsync.emulator.workspace.state import TENANT

MANAGEMENT = "https://management.azure.com"
STORAGE = "https://storage.azure.com"


@dataclass(frozen=True)
class User:
    """Somebody who signs in: the object id follows from the name. One who is no person has no upn in the token."""

    name: str
    tenant: str = TENANT
    person: bool = True

    @property
    def upn(self) -> str:
        """The name to sign in with."""
        return self.name if "@" in self.name else f"{self.name}@contoso.com"

    @property
    def alias(self) -> str:
        """The name of their folder on the share."""
        return self.upn.partition("@")[0] if self.person else self.oid

    @property
    def oid(self) -> str:
        """The object id."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.upn))

    @property
    def claims(self) -> Mapping[str, str]:
        """What every token of theirs says."""
        who = {"upn": self.upn, "name": self.name.title()} if self.person else {"appid": self.oid}
        return {"oid": self.oid, "tid": self.tenant, **who}

    def token(self, audience: str = MANAGEMENT, seconds: float = 3600, **claims: object) -> str:
        """Makes an unsigned token; a claim that is None is left out."""
        now = int(time.time())
        body = {"aud": audience, "iat": now, "exp": now + int(seconds), **self.claims, **claims}
        parts = [{"alg": "none", "typ": "JWT"}, {key: value for key, value in body.items() if value is not None}]
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return ".".join([*texts, "c2ln"])  # some readers want something that could be a signature


def write_az(folder: Path, user: User) -> Path:
    """Writes an ``az`` that prints tokens of a user for whatever audience is asked; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "az"
    text = _AZ.format(python=sys.executable, claims=json.dumps(dict(user.claims)), tenant=user.tenant)
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)
    if sys.platform == "win32":
        (folder / "az.cmd").write_text(f'@"{sys.executable}" -IS "%~dp0az" %*\n', encoding="utf-8")
    return script


_AZ = """#!{python} -IS
import base64, json, sys, time
words = sys.argv[1:]
given = {{words[i]: words[i + 1] for i in range(len(words) - 1) if words[i].startswith("--")}}
if words[:2] != ["account", "get-access-token"]:
    sys.exit("This az belongs to flowsync's emulator and only makes tokens: az account get-access-token")
resource = given.get("--resource") or given.get("--scope", "").removesuffix("/.default")
claims = {{**{claims}, "aud": resource, "iat": int(time.time()), "exp": int(time.time()) + 3600}}
part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
token = ".".join([part({{"alg": "none", "typ": "JWT"}}), part(claims), "c2ln"])
print(json.dumps({{
    "accessToken": token, "expiresOn": time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(claims["exp"])),
    "expires_on": claims["exp"], "subscription": "", "tenant": "{tenant}", "tokenType": "Bearer",
}}))
"""
