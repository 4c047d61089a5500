"""One request to Azure Files and its reply, through the SDK's aio client: signing, waiting, repeating, counting.

The SDK's own calls cost twice the CPU of the request they make (models, two passes over headers), and hide what a safe
write must know (ids and ETags of each reply, whether a reply was lost). So the SDK's client is built as usual, and
``Door`` is put where its retry policy would stand: a request sent through it passes what comes after in the SDK's
pipeline (its headers, credentials, transport), without what only observes, and nothing that comes before.
"""

import asyncio
import os
import ssl
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineContext, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.storage.fileshare.aio import ShareClient

from flowsync import __version__
from flowsync.errors import ShareError, ShareUnavailable
from flowsync.share.azure_credential import Access
from flowsync.share.azure_errors import from_reply, from_sdk
from flowsync.share.azure_retry import TRANSIENT, Patience, retry_after
from flowsync.share.codes import NO_ANSWER, failure

_OLDER = "2025-05-05"  # what other clouds may still be at; has all we need but creating a file with its content
_REPLACEABLE = frozenset({"AuthenticationFailed", "ShareNotFound"})  # to a key that is no more, a share that moved
# What only logs, traces or calls hooks that nobody set: a fifth of a request's CPU.
_OBSERVERS = frozenset(
    {
        "AsyncStorageResponseHook",
        "DistributedTracingPolicy",
        "HttpLoggingPolicy",
        "StorageLoggingPolicy",
        "StorageRequestHook",
    }
)
_PIECE = 256 * 1024  # bytes read from a connection at once


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. ``path`` is below the share's root, not encoded; ``into`` takes the body, at ``start``."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    into: BinaryIO | None = None
    start: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with a status that means success."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Door(AsyncHTTPPolicy[Any, Any]):
    """A way into the SDK's pipeline, right before credentials are added. The SDK's own requests just pass."""

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Passes a request of the SDK on."""
        return await self.next.send(request)

    def shorten(self) -> None:
        """Takes out of the pipeline behind the door what only observes; what is not known by its name stays."""
        at: Any = self
        while (following := getattr(at, "next", None)) is not None:
            if type(getattr(following, "_policy", following)).__name__ in _OBSERVERS:
                at.next = following.next
            else:
                at = following

    async def ask(self, transport: AioHttpTransport, request: HttpRequest, **options: Any) -> AsyncHttpResponse:
        """Sends a request of ours and returns its response, body unread."""
        context = PipelineContext(transport, stream=True, **options)
        sent = await self.next.send(PipelineRequest(request, context))
        response: AsyncHttpResponse = sent.http_response
        return response


class Wire:
    """A session with one share. Lives in one event loop; ``open`` it there."""

    def __init__(self, access: Access, share: str, width: int, patience: Patience) -> None:
        self.requests = 0
        self.date = ""  # of the last answer, as the service sent it
        self.version = ""  # of the protocol; the SDK's newest, unless the service is older
        self.hurried = False  # nothing is repeated any more: the session is closing
        self._access = access
        self._share = share
        self._width = width
        self._patience = patience
        self._url = f"{access.endpoint}/{share}"
        # aiohttp's own trust_env starts two threads for every single request
        proxy = _proxy(self._url)
        self._options = {"proxy": proxy} if proxy else {}
        self._headers = {"User-Agent": f"flowsync/{__version__}"}
        if access.with_token:  # each header more is CPU when a key signs
            self._headers["x-ms-file-request-intent"] = "backup"
        self._door = Door()
        self._session: aiohttp.ClientSession | None = None
        self._transport: AioHttpTransport | None = None
        self._client: ShareClient | None = None
        self._opening: asyncio.Lock | None = None
        self._retired: list[ShareClient] = []  # clients of credentials that were replaced; requests may be in flight
        self._quiet_until = 0.0
        self._accepted = False

    def url(self, path: str) -> str:
        """Returns the URL of a path on the share."""
        return f"{self._url}/{quote(path)}" if path else self._url

    def source(self, path: str) -> str:
        """Returns the URL of a path as the source of a rename."""
        return self.url(path) + (f"?{self._access.sas}" if self._access.sas else "")

    async def ask(self, ask: Ask) -> Reply:
        """Sends a request, again while that may help, and returns its reply; a ShareError says why there is none."""
        deadline = self._patience.clock() + self._patience.total
        tries = 0
        while True:
            await self._keep_quiet()
            wanted, access = 0.0, self._access
            try:
                response = await self._send(ask)
                if response.status_code < 300:
                    self._accepted = True
                    return Reply(response.status_code, response.headers, await self._body(ask, response))
                await response.read()
                error: ShareError = from_reply(response.status_code, response.headers, ask.path)
                if self._may_be_older(error) or await self._renewed(error, access):
                    continue
                error.hint = self._access.hints.get(error.code, error.hint)
                if response.status_code not in TRANSIENT:
                    raise error
                wanted = retry_after(response.headers.get("Retry-After"))
            except AzureError as sdk_error:
                # its text and its chain may hold a URL with a SAS
                error = from_sdk(sdk_error, urlsplit(self._url).netloc)
                error.hint = self._access.hints.get(error.code, error.hint)
                if not isinstance(error, ShareUnavailable):
                    raise error from None
            tries += 1
            pause = max(wanted, self._patience.pause(tries))
            if not self._again(tries, pause, deadline):
                raise error from None
            if wanted:
                self._quiet_until = max(self._quiet_until, self._patience.clock() + wanted)
            await self._patience.sleep(pause)

    async def wait(self, tries: int) -> None:
        """Waits for another writer to finish."""
        await self._patience.sleep(self._patience.pause(tries) / 4)

    async def open(self) -> None:
        """Opens the session."""
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if self._client is not None:
                return
            tracing = aiohttp.TraceConfig()
            tracing.on_request_headers_sent.append(self._count)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._width, ssl=_trust()),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trace_configs=[tracing],
            )
            self._transport = AioHttpTransport(
                session=self._session,
                session_owner=False,
                connection_timeout=self._patience.connect,
                read_timeout=self._patience.read,
                connection_data_block_size=_PIECE,
            )
            self._client = self._made()
            self.version = self._client.api_version

    def _made(self) -> ShareClient:
        client = ShareClient(
            self._access.endpoint,
            self._share,
            credential=self._access.credential,
            token_intent="backup",
            transport=self._transport,
            retry_policy=self._door,
        )
        self._door.shorten()
        return client

    async def close(self) -> None:
        """Closes the session."""
        for client in (*self._retired, self._client):
            if client is not None:
                await client.close()
        self._retired, self._client = [], None
        if self._session is not None:
            await self._session.close()
            self._session = None
        close = getattr(self._access.credential, "close", None)
        if close is not None:
            await close()

    async def _send(self, ask: Ask) -> AsyncHttpResponse:
        await self.open()
        assert self._transport is not None and self._client is not None
        headers: MutableMapping[str, str] = {**self._headers, "x-ms-version": self.version, **ask.headers}
        if ask.body or ask.method == "PUT":
            headers["Content-Length"] = str(len(ask.body))
        if ask.body:
            headers["Content-Type"] = "application/octet-stream"  # else aiohttp adds it after signing
        request = HttpRequest(
            ask.method, self.url(ask.path), params=ask.query, headers=headers, content=ask.body or None
        )
        response = await self._door.ask(self._transport, request, **self._options)
        self.date = response.headers.get("Date", self.date)
        return response

    async def _body(self, ask: Ask, response: AsyncHttpResponse) -> bytes:
        if "x-ms-version" not in response.headers and "x-ms-request-id" not in response.headers:
            await response.close()
            raise failure(NO_ANSWER, ask.path)  # a captive portal or a proxy's own page
        if ask.into is None:
            return b"".join([piece async for piece in response.iter_raw()])
        ask.into.seek(ask.start)
        async for piece in response.iter_raw():
            ask.into.write(piece)
        return b""

    def _may_be_older(self, error: ShareError) -> bool:
        """Speaks an older version from now on, if the service never accepted a request of the newest."""
        if error.code != "InvalidHeaderValue" or self._accepted or self.version <= _OLDER:
            return False
        self.version = _OLDER
        return True

    async def _renewed(self, error: ShareError, refused: Access) -> bool:
        """Takes up what opens the share now, if a key or SAS was refused that has been replaced meanwhile (rotated).

        Asking also corrects what is remembered of a share that moved, for the next run.
        """
        if error.code not in _REPLACEABLE or refused.renew is None or self.hurried:
            return False
        assert self._opening is not None
        async with self._opening:
            if self._access is not refused:  # another request has seen to it
                return True
            new = await asyncio.to_thread(refused.renew)
            if new.same_secret(refused) or self._client is None:
                return False
            self._retired.append(self._client)
            self._access, self._door = new, Door()
            self._client = self._made()
            return True

    def _again(self, tries: int, pause: float, deadline: float) -> bool:
        if self.hurried or (not self.date and tries > self._patience.first_contact):
            return False
        return self._patience.clock() + pause < deadline

    async def _keep_quiet(self) -> None:
        """Waits as long as the share asked all of us to wait (Retry-After), not only the request that was told."""
        rest = self._quiet_until - self._patience.clock()
        if rest > 0 and not self.hurried:
            await self._patience.sleep(rest)

    async def _count(self, session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
        self.requests += 1  # also when aiohttp repeats a request by itself on a connection that was gone


def _trust() -> ssl.SSLContext | bool:
    """Returns the certificates to trust where the environment names some: aiohttp itself looks only when imported.

    ``REQUESTS_CA_BUNDLE`` is what the other half of the SDK, and so a company's proxy, is told by.
    """
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    return ssl.create_default_context(cafile=named) if named and Path(named).is_file() else True


def _proxy(url: str) -> str:
    """Returns the proxy that the environment (or the system) names for this URL, or an empty string."""
    parts = urlsplit(url)
    return "" if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme, "")
