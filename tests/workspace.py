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

import http.client
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flowsync.emulator import Emulator
from flowsync.emulator.people import User, write_az

NAMES = "5ba5c3d1-0c1e-4a6b-8a4e-3f0f3f6f9d11/flows-rg/flows-ws"

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
    az = write_az(folder / f"bin-{user.name}-{user.tenant[:8]}", user)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AZUREML_"))},
        "PATH": f"{az.parent}{os.pathsep}{os.environ['PATH']}",
        "SSL_CERT_FILE": str(emulator.ca_file),
        "REQUESTS_CA_BUNDLE": str(emulator.ca_file),
        "AZUREML_DEV_URL_MFE": emulator.base_url,
    }
