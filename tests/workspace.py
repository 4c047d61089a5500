"""An emulated workspace to test with: the emulator, its users' tokens, a fake ``az`` and the environment they need.

    with workspace_emulator(tmp_path) as emulator:
        alice = User("alice")
        answer = call(emulator, "GET", f"{emulator.workspaces[0].arm_id}?api-version=2024-10-01", user=alice)
        assert answer.status == 200 and answer.json["properties"]["discoveryUrl"]

``emulator.workspaces[0]`` is the workspace; set ``credentials`` ("AccountKey", "Sas", "None"), ``key_access``,
``firewall``, ``phase`` ("active", "read-only", "gone"), ``roles`` ({"alice@contoso.com": [names of roles]}) and
``page_size`` while it runs. Single requests go wrong by ``emulator.faults`` (``refuse("create_flow",
code="TooManyRequests", retry_after=1)``); the operations' names are those of ``emulator.counts``.

A client process needs ``environment(...)``: a fake ``az`` on PATH signs in as ``user``, the certificate is trusted, and
AZUREML_DEV_URL_MFE says where Resource Manager is, as for azure-ai-ml.
"""

import base64
import http.client
import json
import os
import ssl
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flowsync.emulator import TENANT, Emulator

NAMES = "5ba5c3d1-0c1e-4a6b-8a4e-3f0f3f6f9d11/flows-rg/flows-ws"
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
        return f"{self.name}@contoso.com"

    @property
    def oid(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.upn))

    @property
    def claims(self) -> dict[str, str]:
        """What every token of theirs says."""
        who = {"upn": self.upn, "name": self.name.title()} if self.person else {"appid": self.oid}
        return {"oid": self.oid, "tid": self.tenant, **who}

    def token(self, audience: str = MANAGEMENT, seconds: float = 3600, **claims: object) -> str:
        """Makes an unsigned JWT; a claim that is None is left out."""
        now = int(time.time())
        body = {"aud": audience, "iat": now, "exp": now + int(seconds), **self.claims, **claims}
        parts = [{"alg": "none", "typ": "JWT"}, {key: value for key, value in body.items() if value is not None}]
        return ".".join(
            [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts] + ["c2ln"]
        )


ALICE, BOB = User("alice"), User("bob")


@dataclass
class Answer:
    """A reply, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes
    json: Any = field(init=False)

    def __post_init__(self) -> None:
        self.json = (
            json.loads(self.body) if self.headers.get("Content-Type", "").startswith("application/json") else None
        )

    @property
    def code(self) -> str:
        """The innermost code of an error."""
        error: Any = self.json["error"]
        code = error["code"]
        error = error.get("innerError")
        while error:
            code, error = error["code"], error.get("innerError")
        return str(code)


@contextmanager
def workspace_emulator(folder: Path, *names: str, **options: Any) -> Iterator[Emulator]:
    """Starts an emulator over TLS that serves one workspace (or those named) for as long as the block lasts."""
    with Emulator(folder / "azure", workspaces=names or (NAMES,), log=True, control=True, **options) as emulator:
        yield emulator


def call(
    emulator: Emulator,
    method: str,
    path: str,
    body: Any = None,
    *,
    user: User | None = ALICE,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Sends one request to a workspace's services, with a token of the user's if there is one."""
    sent = {**({"Authorization": f"Bearer {user.token()}"} if user else {}), **(headers or {})}
    content = None if body is None else json.dumps(body).encode()
    if content is not None:
        sent.setdefault("Content-Type", "application/json")
    trust = ssl.create_default_context(cafile=str(emulator.ca_file))
    where = urlsplit(emulator.base_url)
    connection = http.client.HTTPSConnection(where.hostname or "", where.port, timeout=30, context=trust)
    try:
        connection.request(method, path, content, sent)
        reply = connection.getresponse()
        return Answer(reply.status, dict(reply.getheaders()), reply.read())
    finally:
        connection.close()


def write_on_share(emulator: Emulator, path: str, content: str = "inputs: {}\noutputs: {}\nnodes: []\n") -> None:
    """Writes a file on the workspace's share, as Studio would."""
    file = emulator.share_folder(emulator.workspaces[0].share) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def environment(emulator: Emulator, folder: Path, user: User = ALICE) -> dict[str, str]:
    """Returns the environment of a client process that is signed in as ``user`` and trusts the emulator."""
    az = fake_az(folder / f"bin-{user.name}-{user.tenant[:8]}", user)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AZUREML_"))},
        "PATH": f"{az.parent}{os.pathsep}{os.environ['PATH']}",
        "SSL_CERT_FILE": str(emulator.ca_file),
        "REQUESTS_CA_BUNDLE": str(emulator.ca_file),
        "AZUREML_DEV_URL_MFE": emulator.base_url,
    }


def fake_az(folder: Path, user: User) -> Path:
    """Writes an ``az`` that prints tokens of a user for whatever audience is asked, as the real one does."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "az"
    claims = {"upn": user.upn, "oid": user.oid, "tid": user.tenant, "name": user.name.title()}
    script.write_text(
        _AZ.format(python=sys.executable, claims=json.dumps(claims), tenant=user.tenant), encoding="utf-8"
    )
    script.chmod(0o755)
    return script


_AZ = """#!{python} -IS
import base64, json, sys, time
words = sys.argv[1:]
given = {{words[i]: words[i + 1] for i in range(len(words) - 1) if words[i].startswith("--")}}
if words[:2] != ["account", "get-access-token"]:
    sys.exit(f"This az only makes tokens: {{words}}")
resource = given.get("--resource") or given.get("--scope", "").removesuffix("/.default")
claims = {{**{claims}, "aud": resource, "iat": int(time.time()), "exp": int(time.time()) + 3600}}
part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
token = ".".join([part({{"alg": "none", "typ": "JWT"}}), part(claims), "c2ln"])
print(json.dumps({{
    "accessToken": token, "expiresOn": time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(claims["exp"])),
    "expires_on": claims["exp"], "subscription": "", "tenant": "{tenant}", "tokenType": "Bearer",
}}))
"""
