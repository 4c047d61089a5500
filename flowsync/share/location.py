"""Share URLs: where a remote's folder is, parsed into frozen values. Nothing here touches a disk or a network.

    file:///mnt/code/Users/alice/promptflow                  any folder, or a mount
    azfile://ACCOUNT/SHARE/Users/alice/promptflow            public Azure
    https://ACCOUNT.file.core.windows.net/SHARE/Users/…      the same, as the portal shows it; other clouds likewise
    http://127.0.0.1:PORT/ACCOUNT/SHARE/Users/…              the emulator
    azureml://SUBSCRIPTION/GROUP/WORKSPACE?user=alice        the share that the workspace names
    memory://NAME                                            tests only

``?user=NAME`` is short for ``/Users/NAME/promptflow`` in all of them. A credential in a URL is refused unread.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from flowsync.errors import UsageError

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_SHARE = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_DRIVE = re.compile(r"/[A-Za-z]:(?=/|$)")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The parts of a shared access signature; `sig` is the secret one, the others show that a SAS was pasted.
_SAS = frozenset({"sig", "se", "sp", "sv", "sr", "ss", "srt", "skoid", "sktid", "skv"})


@dataclass(frozen=True, slots=True)
class FolderLocation:
    """A folder of this machine."""

    folder: str

    @property
    def url(self) -> str:
        """The URL that names this place."""
        return "file://" + quote(self.folder if self.folder.startswith("/") else "/" + self.folder, safe="/:")


@dataclass(frozen=True, slots=True)
class AzureLocation:
    """A folder on an Azure Files share; ``endpoint`` is the account's URL without a final slash."""

    endpoint: str
    account: str
    share: str
    folder: str

    @property
    def loopback(self) -> bool:
        """Tells whether the account is served by an emulator on this machine."""
        return urlsplit(self.endpoint).hostname in _LOOPBACK

    @property
    def url(self) -> str:
        """The URL that names this place."""
        public = self.endpoint == _public(self.account)
        start = f"azfile://{self.account}" if public else self.endpoint
        return "/".join(filter(None, (start, self.share, quote(self.folder))))


@dataclass(frozen=True, slots=True)
class WorkspaceLocation:
    """The share that an Azure Machine Learning workspace keeps its users' files on."""

    subscription: str
    group: str
    workspace: str
    folder: str

    @property
    def url(self) -> str:
        """The URL that names this place."""
        parts = (self.subscription, self.group, self.workspace, self.folder)
        return "azureml://" + "/".join(quote(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class MemoryLocation:
    """A folder of a share that lives in this process; for tests."""

    name: str
    folder: str

    @property
    def url(self) -> str:
        """The URL that names this place."""
        return "/".join(filter(None, (f"memory://{self.name}", quote(self.folder))))


Location = FolderLocation | AzureLocation | WorkspaceLocation | MemoryLocation


def parse(url: str) -> Location:
    """Returns the place that a share URL names; a UsageError says what is wrong with it, without repeating secrets."""
    parts = _split(url)
    _refuse_credentials(parts)
    if parts.fragment:
        raise UsageError("The share URL holds a '#'.", "write it as %23")
    path = [*_decoded(parts.path), *_user(parts.query)]
    match parts.scheme:
        case "file":
            return _folder(parts, path)
        case "azfile":
            return _azure(_public(parts.netloc.lower()), parts.netloc.lower(), path)
        case "http" | "https":
            return _by_endpoint(parts, path)
        case "azureml":
            return _workspace(parts.netloc, path)
        case "memory":
            return MemoryLocation(parts.netloc, "/".join(path))
    raise UsageError(
        f"{parts.scheme + '://' if parts.scheme else 'A path without a scheme'} is not a share URL.",
        "use file:///FOLDER, azfile://ACCOUNT/SHARE/Users/NAME/promptflow or azfile://ACCOUNT/SHARE?user=NAME",
    )


def owner(location: Location) -> str:
    """Returns the user whose folder this is (``alice`` in ``Users/alice/promptflow``), or an empty string."""
    parts = location.folder.split("/")
    for before, name in itertools.pairwise(parts):
        if before.casefold() == "users":
            return name
    return ""


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        # urllib's own message may quote the URL, and with it a password
        raise UsageError("The share URL cannot be parsed.", "check its host and port") from None
    return parts


def _refuse_credentials(parts: SplitResult) -> None:
    keys = {key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if "@" in parts.netloc or keys & _SAS:
        raise UsageError(
            "The share URL holds a credential. It would end up in .flowsync.yaml and in Git.",
            "put it into AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_KEY and leave it out of the URL; "
            "if it was ever committed, revoke it",
        )


def _user(query: str) -> Sequence[str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    unknown = sorted({key for key, _ in pairs if key != "user"})
    if unknown or len(pairs) > 1:
        raise UsageError(
            f"The share URL has a query that flowsync does not know: {', '.join(unknown) or 'user twice'}.",
            "only ?user=NAME is allowed",
        )
    if not pairs:
        return ()
    name = pairs[0][1]
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        raise UsageError("?user= in the share URL needs the name of one folder below Users.", "for example ?user=alice")
    return ("Users", name, "promptflow")


def _decoded(path: str) -> list[str]:
    result = [unquote(part) for part in path.split("/") if part]
    for part in result:
        if part in (".", "..") or "/" in part or "\x00" in part:
            raise UsageError(f"The share URL has {part!r} as a part of its path.", "write the folder's plain path")
    return result


def _folder(parts: SplitResult, path: list[str]) -> FolderLocation:
    if parts.netloc not in ("", "localhost"):
        raise UsageError(
            f"file:// takes a folder of this machine, not of the host {parts.netloc}.",
            "mount it and write file:///FOLDER, with three slashes",
        )
    if not parts.path.startswith("/"):
        raise UsageError("file: needs the whole path of a folder.", "write file:///FOLDER, with three slashes")
    whole = "/" + "/".join(path)
    return FolderLocation(whole[1:] if _DRIVE.match(whole) else whole)


def _by_endpoint(parts: SplitResult, path: list[str]) -> AzureLocation:
    host = parts.hostname or ""
    if host in _LOOPBACK:
        if not path:
            raise UsageError(
                "The share URL names no account.", "write http://127.0.0.1:PORT/ACCOUNT/SHARE/Users/NAME/promptflow"
            )
        return _azure(f"{parts.scheme}://{parts.netloc}/{path[0]}", path[0], path[1:])
    if parts.scheme == "http":
        raise UsageError(
            "Plain http:// is allowed for an emulator on this machine only: it would send credentials in the clear.",
            "use azfile://ACCOUNT/SHARE/… or https://",
        )
    account, _, rest = host.partition(".file.")
    if not rest:
        raise UsageError(
            f"{host} is not an Azure Files endpoint.", "it looks like https://ACCOUNT.file.core.windows.net"
        )
    return _azure(f"https://{parts.netloc.lower()}", account, path)


def _azure(endpoint: str, account: str, path: list[str]) -> AzureLocation:
    if not _ACCOUNT.fullmatch(account):
        raise UsageError(
            f"{account!r} is not the name of a storage account (3 to 24 lower-case letters and digits).",
            "write azfile://ACCOUNT/SHARE/Users/NAME/promptflow",
        )
    if not path:
        raise UsageError("The share URL names no share.", f"write azfile://{account}/SHARE/Users/NAME/promptflow")
    share, *folder = path
    if not _SHARE.fullmatch(share):
        raise UsageError(
            f"{share!r} is not the name of a share (3 to 63 lower-case letters, digits and single dashes).",
            f"write azfile://{account}/SHARE/Users/NAME/promptflow",
        )
    return AzureLocation(endpoint, account, share, "/".join(folder))


def _workspace(subscription: str, path: list[str]) -> WorkspaceLocation:
    if not subscription or len(path) < 2:
        raise UsageError("The share URL names no workspace.", "write azureml://SUBSCRIPTION/GROUP/WORKSPACE?user=NAME")
    group, workspace, *folder = path
    return WorkspaceLocation(subscription, group, workspace, "/".join(folder))


def _public(account: str) -> str:
    return f"https://{account}.file.core.windows.net"
