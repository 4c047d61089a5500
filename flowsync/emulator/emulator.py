"""The emulator as a value: started in a thread of this process, looked at, edited, disturbed, stopped."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from flowsync.emulator.background import Background
from flowsync.emulator.blobs.store import Blobs
from flowsync.emulator.faults import Faults
from flowsync.emulator.server import Handler, Listening, listen
from flowsync.emulator.service import Service
from flowsync.emulator.smb_client import SmbClient
from flowsync.emulator.store import deletion
from flowsync.emulator.store.share import INSIDE, Store
from flowsync.emulator.ticks import Clock
from flowsync.emulator.tls import make_certificate
from flowsync.emulator.witness import Callback, Witness
from flowsync.emulator.workspace.state import Workspace, Workspaces
from flowsync.errors import FlowsyncError, UsageError

WELL_KNOWN_ACCOUNT = "devstoreaccount1"
WELL_KNOWN_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account and key that every storage emulator uses; they open nothing but an emulator."""


class Emulator:
    """An Azure Files service on loopback. Use it as a context manager."""

    def __init__(
        self,
        data: Path,
        port: int = 0,
        account: str = WELL_KNOWN_ACCOUNT,
        key: str = WELL_KNOWN_KEY,
        latency: float = 0.0,
        *,
        host: str = "127.0.0.1",
        accounts: Mapping[str, str] | None = None,
        shares: tuple[str, ...] = (),
        control: bool = False,
        log: bool = False,
        seed: int = 0,
        opaque_tokens: bool = False,
        tls: bool = False,
        workspaces: Sequence[str] = (),
    ) -> None:
        self.data, self.account, self.key, self.host = data, account, key, host
        self.faults = Faults(seed)
        self._witness = Witness(log)
        self._wanted_port, self._port = port, 0
        self._latency, self._control, self._shares = latency, control, shares
        self._accounts = {name: base64.b64decode(text) for name, text in {account: key, **(accounts or {})}.items()}
        self._opaque_tokens = opaque_tokens
        self.workspaces = tuple(_workspace(text, account) for text in workspaces)
        # a workspace's clients send bearer tokens, and those only over https
        self._certificate = make_certificate(data, host) if tls or workspaces else None
        self._background = Background(self._serve)
        self._handler: Handler | None = None

    @property
    def base_url(self) -> str:
        """Where it listens: what stands for Resource Manager and for the workspaces' services."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._certificate else 'http'}://{host}:{self._port}"

    @property
    def url(self) -> str:
        """The file service's URL, with the account in its path."""
        return f"{self.base_url}/{self.account}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def connection_string(self) -> str:
        """What goes into AZURE_STORAGE_CONNECTION_STRING."""
        protocol = "https" if self._certificate else "http"
        return (
            f"DefaultEndpointsProtocol={protocol};AccountName={self.account};AccountKey={self.key};"
            f"FileEndpoint={self.url};"
        )

    @property
    def ca_file(self) -> Path:
        """The certificate to trust, for SSL_CERT_FILE or REQUESTS_CA_BUNDLE."""
        if self._certificate is None:
            raise RuntimeError("This emulator speaks plain http.")
        return self._certificate.certificate

    @property
    def smb(self) -> SmbClient:
        """Someone who has the shares mounted."""
        loop = self._background.loop
        if loop is None:
            raise RuntimeError("The emulator was not started.")
        return SmbClient(self._running().service, self.account, loop)

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests so far, by operation."""
        return self._witness.counts()

    @property
    def log(self) -> list[tuple[str, str]]:
        """(operation, share/path) of every request so far, if ``log=True``."""
        return list(self._witness.log)

    @property
    def latency(self) -> float:
        """Seconds that every request waits."""
        return self._running().latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._running().latency = seconds

    @property
    def clock(self) -> Clock:
        """The service's clock; set its ``skew``, in seconds, to be wrong."""
        return self._running().service.clock

    def reset_counts(self) -> None:
        """Starts counts and log anew."""
        self._witness.reset()

    def on_request(self, callback: Callback) -> Callback:
        """Calls back before and after each request's effect, from another thread; the request waits for it."""
        self._witness.callbacks.append(callback)
        return callback

    def off_request(self, callback: Callback) -> None:
        """Calls back no more."""
        self._witness.callbacks.remove(callback)

    def share_folder(self, share: str) -> Path:
        """Returns the folder on disk that is the share; making it makes the share."""
        return self.data.resolve() / self.account / share

    def start(self) -> None:
        """Starts the server and returns once it listens."""
        self._background.start()

    def stop(self) -> None:
        """Stops the server; what it keeps stays on disk."""
        self._background.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> Handler:
        if self._handler is None:
            raise RuntimeError("The emulator was not started.")
        return self._handler

    async def _serve(self, background: Background) -> None:
        store = Store(self.data, Clock())
        listening: Listening | None = None
        try:
            deletion.purge(store)
            service = _open(store, self._accounts, [(self.account, name) for name in self._shares], self.workspaces)
            service.opaque_tokens = self._opaque_tokens
            service.later = asyncio.get_running_loop().call_later
            self._handler = Handler(service, self.faults, self._witness, self._latency, self._control)
            tls = self._certificate.context() if self._certificate else None
            try:
                listening = await listen(self._handler, self.host, self._wanted_port, tls)
            except OSError as error:
                where = f"{self.host}:{self._wanted_port}"
                raise FlowsyncError(
                    f"The emulator cannot listen on {where}: {error.strerror}.", "Choose another --port."
                ) from error
            self._port = listening.port
            await background.until_stopped()
        finally:
            if listening is not None:
                await listening.end()
            if self._handler is not None:
                self._handler.close()
            store.close()


def _open(
    store: Store, accounts: Mapping[str, bytes], shares: Sequence[tuple[str, str]], served: Sequence[Workspace]
) -> Service:
    """Makes what the requests work on, with the shares (account, name) and containers that are to be there."""
    blobs = Blobs(store.data / INSIDE / "blobs", store.catalog)
    for workspace in served:
        blobs.serve(workspace.account, workspace.container)
    for account, share in (*shares, *((workspace.account, workspace.share) for workspace in served)):
        if not store.exists(account, share):
            store.create(account, share)
    return Service(store, store.clock, accounts, Workspaces(served, store.catalog), blobs)


def _workspace(text: str, account: str) -> Workspace:
    subscription, _, rest = text.partition("/")
    group, _, name = rest.partition("/")
    if not (subscription and group and name) or "/" in name:
        raise UsageError(f"A workspace is SUBSCRIPTION/GROUP/NAME, not {text!r}.", "Any three names will do.")
    return Workspace(subscription, group, name, account)
