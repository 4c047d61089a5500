"""From what the SDK raises or the service answers to a ShareError. No secret gets through: nothing is quoted."""

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)

from flowsync.errors import ShareDenied, ShareError, ShareUnavailable
from flowsync.share.codes import NO_ANSWER, TABLE, failure

_SKEW = 600  # seconds; the service refuses signatures that are 15 minutes off

# For replies without a code: HEAD through some proxies, gateways, throttling in front of the service.
_BY_STATUS = {
    401: "NoAuthenticationInformation",
    403: "AuthenticationFailed",
    404: "ResourceNotFound",
    408: "OperationTimedOut",
    416: "InvalidRange",
    429: "TooManyRequests",
    500: "InternalError",
    502: NO_ANSWER,
    503: "ServerBusy",
    504: NO_ANSWER,
}


def from_reply(status: int, headers: Mapping[str, str], path: str) -> ShareError:
    """Returns the failure that a reply means."""
    code = headers.get("x-ms-error-code") or _BY_STATUS.get(status, "")
    error = failure("TooManyRequests" if status == 429 and code not in TABLE else code, path, status)
    off = _seconds_off(headers.get("Date"))
    if code == "AuthenticationFailed" and abs(off) > _SKEW:
        error.hint = f"this machine's clock is {round(abs(off) / 60)} minutes {'slow' if off > 0 else 'fast'}: set it"
    return error


def from_sdk(error: AzureError, host: str) -> ShareError:
    """Returns the failure that an exception of the SDK means; its text may hold a URL with a SAS, and is not used."""
    if isinstance(error, ClientAuthenticationError):
        return ShareDenied(
            "No credential for Azure was found, or it was refused.",
            "set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or run az login",
            "NoAuthenticationInformation",
        )
    hint = TABLE[NO_ANSWER].hint
    return ShareUnavailable(f"The share at {host} does not answer ({_reason(error)}).", hint, NO_ANSWER)


def _reason(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, socket.gaierror):
            return "no host has this name"
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        if "Certificate" in type(seen).__name__ or "SSL" in type(seen).__name__:
            return "its TLS certificate is not accepted"
        if isinstance(seen, TimeoutError | ServiceRequestTimeoutError | ServiceResponseTimeoutError):
            return "it took too long"
        seen = seen.__cause__ or seen.__context__
    return "the connection broke"


def _seconds_off(date: str | None) -> float:
    if not date:
        return 0.0
    return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
