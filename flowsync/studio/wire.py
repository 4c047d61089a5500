"""One request to a workspace's services and its answer, through azure-core's pipeline: signing in, repeating.

A request that must not take effect twice is repeated only where the service has certainly not acted (429, or no
connection): whoever sends it looks whether it took effect if its answer got lost (``Lost`` says so).
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import Pipeline, PipelineRequest
from azure.core.pipeline.policies import HeadersPolicy, RequestIdPolicy, SansIOHTTPPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from flowsync import __version__
from flowsync.closing import Closing
from flowsync.errors import ShareDenied, ShareError, ShareUnavailable
from flowsync.studio import refusals
from flowsync.studio.claims import Person, read
from flowsync.studio.cloud import Cloud

_EARLY = 300.0  # seconds before its end at which a token is renewed
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class Lost(ShareUnavailable):
    """A write was sent and nobody knows whether it took effect."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on when a service is busy; in seconds. ``longest`` bounds what a Retry-After may ask for."""

    tries: int = 4
    first: float = 1.0
    longest: float = 60.0
    connect: float = 10.0
    read: float = 60.0
    sleep: Callable[[float], None] = time.sleep


class Bearer(SansIOHTTPPolicy[Any, Any]):
    """Puts the token into each request; keeps it until shortly before its end, or until a service refuses it."""

    def __init__(self, credential: TokenCredential, scope: str) -> None:
        self._credential, self._scope = credential, scope
        self._token: AccessToken | None = None

    def token(self) -> str:
        """Returns a token that is valid now."""
        if self._token is None or self._token.expires_on - time.time() < _EARLY:
            self._token = self._credential.get_token(self._scope)
        return self._token.token

    def forget(self) -> None:
        """Lets the next request ask for another token."""
        self._token = None

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Adds the token."""
        request.http_request.headers["Authorization"] = f"Bearer {self.token()}"


class Wire(Closing):
    """A connection to a cloud's services for whoever is signed in. Nothing is sent before the first ``ask``."""

    def __init__(self, cloud: Cloud, credential: TokenCredential, patience: Patience | None = None) -> None:
        self.cloud = cloud
        self.requests = 0
        self._patience = patience or Patience()
        self._credential = credential
        self._bearer = Bearer(credential, cloud.scope)
        self._transport = RequestsTransport(connection_timeout=self._patience.connect, read_timeout=self._patience.read)
        policies = [
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy(base_user_agent=f"flowsync/{__version__}"),
            RequestIdPolicy(),
            self._bearer,
        ]
        self._pipeline: Pipeline[HttpRequest, HttpResponse] = Pipeline(self._transport, policies)

    def person(self) -> Person:
        """Returns who is signed in."""
        try:
            return read(self._bearer.token())
        except ClientAuthenticationError:
            raise _nobody() from None

    def studio_token(self) -> str:
        """Returns a token for Studio itself, with which a run may act for the person."""
        return self.token_for(f"{self.cloud.portal.replace('studio.', '')}/.default")

    def token_for(self, scope: str) -> str:
        """Returns a token for another service than the workspace's."""
        try:
            return self._credential.get_token(scope).token
        except ClientAuthenticationError:
            raise _nobody() from None

    def ask(
        self,
        method: str,
        url: str,
        what: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        writes: bool = False,
        once: bool = False,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Sends a request and returns its answer's JSON (None for an empty one); a ShareError says why there is none.

        ``what`` is a noun for sentences; ``writes`` says that the request changes something, ``once`` that sending it
        twice would do so twice.
        """
        tries, refreshed = 0, False
        while True:
            tries += 1
            try:
                response = self._send(method, url, body, query, kind, headers or {})
            except ShareUnavailable as error:
                if (once and isinstance(error, Lost)) or tries >= self._patience.tries:
                    raise
                self._pause(tries, "")
                continue
            if response.status_code < 300:
                return _json(response, what)
            if response.status_code == 401 and not refreshed:
                refreshed = True  # a token may be refused before its time: its session was revoked, or the clock is off
                self._bearer.forget()
                continue
            refused = refusals.meaning(refusals.Refusal.of(response.status_code, response.text(), what, writes))
            if once and response.status_code in _TRANSIENT and response.status_code != 429:
                raise Lost(refused.message, refused.hint, refused.code)
            if response.status_code not in _TRANSIENT or tries >= self._patience.tries:
                raise refused
            self._pause(tries, response.headers.get("Retry-After", ""))

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()
        close = getattr(self._credential, "close", None)
        if close is not None:
            close()

    def _send(
        self,
        method: str,
        url: str,
        body: object,
        query: Mapping[str, str] | None,
        kind: str,
        more: Mapping[str, str],
    ) -> HttpResponse:
        headers = {**more, **({"Content-Type": kind} if body is not None else {})}
        content = json.dumps(body).encode() if body is not None else None
        request = HttpRequest(method, url, params=query, headers=headers, content=content)
        self.requests += 1
        try:
            response = self._pipeline.run(request, stream=False).http_response
            response.read()
            return response
        except ClientAuthenticationError:
            raise _nobody() from None
        except ServiceRequestError as error:  # nothing was sent
            raise _silent(url, error) from None
        except (ServiceResponseError, AzureError) as error:
            silent = _silent(url, error)
            raise Lost(silent.message, silent.hint, silent.code) from None

    def _pause(self, tries: int, wanted: str) -> None:
        try:
            seconds = float(wanted)
        except ValueError:
            seconds = 0.0
        self._patience.sleep(min(self._patience.longest, max(seconds, self._patience.first * 2.0 ** (tries - 1))))


def _json(response: HttpResponse, what: str) -> Any:
    text = response.text()
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        if response.headers.get("Content-Type", "").startswith("text/plain"):
            return text
        # a captive portal, or a proxy's own page
        raise ShareUnavailable(f"What answered for {what} is not Azure.", "check the network and the proxy") from None


def _nobody() -> ShareError:
    return ShareDenied(
        "Nobody is signed in to Azure here, or the sign-in has expired.",
        "az login (in CI: a workload identity, or AZURE_CLIENT_ID and the like)",
        "NotSignedIn",
    )


def _silent(url: str, error: AzureError) -> ShareUnavailable:
    from urllib.parse import urlsplit

    from flowsync.studio.reasons import reason

    return ShareUnavailable(
        f"{urlsplit(url).netloc} does not answer ({reason(error)}).", "check the network and the proxy", "NoAnswer"
    )
