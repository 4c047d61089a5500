"""Credentials from the environment, never from a URL: connection string, key, SAS, else whoever is signed in."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.credentials_async import AsyncTokenCredential

from flowsync.errors import UsageError
from flowsync.share.location import AzureLocation

WELL_KNOWN_ACCOUNT = "devstoreaccount1"
# Public: every storage emulator uses it, and it opens nothing else.
_WELL_KNOWN_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True, slots=True)
class Access:
    """Where to send requests, and what signs them in. ``sas`` is what the source of a rename needs besides.

    ``renew`` asks whoever gave the credential for what counts now, for when it is refused; ``hints`` say what helps
    against a refusal, by its code, where that depends on where the credential comes from.
    """

    endpoint: str
    credential: AzureNamedKeyCredential | AzureSasCredential | AsyncTokenCredential
    sas: str = ""
    renew: "Callable[[], Access] | None" = field(default=None, compare=False, repr=False)
    hints: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def same_secret(self, other: "Access") -> bool:
        """Tells whether another access is by the same key or SAS."""
        ours, theirs = self.credential, other.credential
        if isinstance(ours, AzureNamedKeyCredential) and isinstance(theirs, AzureNamedKeyCredential):
            return ours.named_key == theirs.named_key
        if isinstance(ours, AzureSasCredential) and isinstance(theirs, AzureSasCredential):
            return ours.signature == theirs.signature
        return type(ours) is type(theirs)

    @property
    def with_token(self) -> bool:
        """Tells whether somebody signed in, rather than a key or a SAS."""
        return not isinstance(self.credential, AzureNamedKeyCredential | AzureSasCredential)


def find(location: AzureLocation, environ: Mapping[str, str]) -> Access:
    """Returns the access that the environment gives to a share."""
    if text := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        return _from_connection_string(location, text)
    if key := environ.get("AZURE_STORAGE_KEY"):
        return with_key(location.endpoint, location.account, key, "AZURE_STORAGE_KEY")
    if sas := environ.get("AZURE_STORAGE_SAS_TOKEN"):
        return with_sas(location.endpoint, sas)
    if location.loopback and location.account == WELL_KNOWN_ACCOUNT:
        return with_key(location.endpoint, location.account, _WELL_KNOWN_KEY, "")
    if location.endpoint.startswith("http://"):
        raise UsageError(
            "A share over plain http:// needs a key: signing in with Azure is for https:// only.",
            "export the AZURE_STORAGE_CONNECTION_STRING that flowsync emulator prints",
        )
    return signed_in(location.endpoint)


def signed_in(endpoint: str, authority: str | None = None) -> Access:
    """Returns the access of whoever is signed in here, with the authority of another cloud than the public one."""
    from azure.identity.aio import DefaultAzureCredential  # a quarter of a second, and not needed with a key

    named = {"authority": authority} if authority else {}
    return Access(endpoint, DefaultAzureCredential(exclude_interactive_browser_credential=True, **named))


def _from_connection_string(location: AzureLocation, text: str) -> Access:
    name = "AZURE_STORAGE_CONNECTION_STRING"
    pairs = (part.partition("=") for part in text.strip().strip(";").split(";"))
    parts = {key.strip().lower(): value.strip() for key, _, value in pairs}
    if not parts.keys() & {"accountname", "fileendpoint"}:
        raise UsageError(f"{name} is no connection string.", "copy it from the portal again")
    endpoint = (parts.get("fileendpoint") or _default_endpoint(parts)).rstrip("/")
    account = parts.get("accountname") or _account_of(endpoint)
    if account != location.account:
        raise UsageError(
            f"{name} is for the storage account {account or '(none)'}, the share URL names {location.account}.",
            f"correct the share URL, or unset {name}",
        )
    if location.loopback or not endpoint:
        endpoint = location.endpoint
    if "accountkey" in parts:
        return with_key(endpoint, account, parts["accountkey"], name)
    if "sharedaccesssignature" in parts:
        return with_sas(endpoint, parts["sharedaccesssignature"])
    raise UsageError(f"{name} holds neither AccountKey nor SharedAccessSignature.", "copy it from the portal again")


def _default_endpoint(parts: Mapping[str, str]) -> str:
    if "accountname" not in parts:
        return ""
    protocol, suffix = parts.get("defaultendpointsprotocol", "https"), parts.get("endpointsuffix", "core.windows.net")
    return f"{protocol}://{parts['accountname']}.file.{suffix}"


def _account_of(endpoint: str) -> str:
    return (urlsplit(endpoint).hostname or "").partition(".file.")[0]


def with_key(endpoint: str, account: str, key: str, name: str) -> Access:
    """Returns the access of an account's key; ``name`` says where it comes from."""
    try:
        base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"The account key in {name} is not base64.", "copy it from the portal again") from None
    return Access(endpoint, AzureNamedKeyCredential(account, key))


def with_sas(endpoint: str, sas: str) -> Access:
    """Returns the access of a shared access signature."""
    sas = sas.strip().lstrip("?")
    if "sig=" not in sas:
        raise UsageError("The shared access signature has no sig= part.", "copy it from the portal again")
    return Access(endpoint, AzureSasCredential(sas), sas)
