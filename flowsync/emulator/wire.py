"""A request and a reply as values, without a server: what the operations take and give.

What belongs here: reading a URL in path style or host style, typed access to headers and query, XML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote
from xml.etree import ElementTree

from flowsync.emulator import names, ticks
from flowsync.emulator.bearer import Identity
from flowsync.emulator.grant import Grant
from flowsync.emulator.refusal import TABLE, Refused

BOM = b"\xef\xbb\xbf"
XML_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL names: an account, perhaps a share of it, perhaps a path in that (still percent-encoded)."""

    account: str
    share: str
    raw_path: str


@dataclass(slots=True)
class Call:
    """One request, read but not yet believed."""

    method: str
    raw_path: str  # as sent, for the signature
    query: Mapping[str, str]  # keys in lower case, values decoded
    headers: Mapping[str, str]  # case-insensitive
    target: Target
    host: str = ""
    secure: bool = False
    peer: str = "127.0.0.1"
    body: bytes = b""
    operation: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)  # response headers that a SAS asks for
    grant: Grant | None = None  # of the SAS that signed it
    bearer: Identity | None = None  # of the token that came with it
    names: Mapping[str, str] = field(default_factory=dict)  # what the URL of a workspace's service names
    waited: float = 0.0  # seconds that it was held back for an SMB client

    @property
    def version(self) -> str:
        """The API version, as sent."""
        return self.headers.get("x-ms-version", "") or self.query.get("sv", "")

    @property
    def parts(self) -> tuple[str, ...]:
        """The path below the share, as legal names."""
        return names.split(self.target.raw_path, self.flag("x-ms-allow-trailing-dot"))

    @property
    def where(self) -> str:
        """``share/path`` for people: logs, counts, fault rules."""
        return f"{self.target.share}/{unquote(self.target.raw_path)}".strip("/")

    def flag(self, header: str) -> bool:
        """Reads a boolean header."""
        return self.headers.get(header, "").lower() == "true"

    def number(self, header: str, default: int | None = None) -> int:
        """Reads a header that must be a number."""
        text = self.headers.get(header)
        if text is None:
            if default is None:
                raise Refused("MissingRequiredHeader")
            return default
        if not (text.isascii() and text.isdigit()):
            raise Refused("InvalidHeaderValue")
        return int(text)

    def need(self, header: str) -> str:
        """Reads a header that must be there."""
        value = self.headers.get(header)
        if value is None:
            raise Refused("MissingRequiredHeader")
        return value

    def metadata(self) -> dict[str, str]:
        """Reads ``x-ms-meta-*``. The stray ``x-ms-meta`` that one SDK version sends is none."""
        return {key[10:]: value for key, value in self.headers.items() if key[:10].lower() == "x-ms-meta-" and key[10:]}

    def xml(self) -> ElementTree.Element:
        """Parses the body. A document type is refused, so that no entity is ever expanded."""
        if b"<!DOCTYPE" in self.body or b"<!ENTITY" in self.body:
            raise Refused("InvalidXmlDocument")
        try:
            return ElementTree.fromstring(self.body.removeprefix(BOM))
        except ElementTree.ParseError as error:
            raise Refused("InvalidXmlDocument") from error


class Stream(Protocol):
    """A body that is read while it is sent."""

    def read(self, offset: int, size: int) -> bytes:
        """Reads a piece; raises Changed if what is read is no longer what the reply's headers say."""

    def close(self) -> None:
        """Ends the reading."""


@dataclass(slots=True)
class Reply:
    """What goes back. ``stream`` gives the body piece by piece where it is too large for one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Stream | None = None
    length: int = 0  # of the streamed body


class Changed(Exception):
    """The file changed while it was being sent: the connection must break rather than mix two states."""


def find_target(raw_path: str, host: str, accounts: Mapping[str, bytes], service: str = "file") -> Target:
    """Reads account, share and path from a URL's path (path style) or from its host and path (host style)."""
    label, _, rest = host.partition(".")
    pieces = raw_path.lstrip("/").split("/", 2) if raw_path[:2] != "//" else ["", *raw_path[2:].split("/", 1)]
    if label in accounts and rest.startswith(service):
        share, _, path = raw_path[1:].partition("/")
        return Target(label, unquote(share), path)
    pieces += [""] * (3 - len(pieces))
    return Target(account_of(unquote(pieces[0])), unquote(pieces[1]), pieces[2])


def account_of(text: str) -> str:
    """Returns the account's name out of ``acct`` or ``acct.file.core.windows.net``, as a URL's path may have either."""
    return text.partition(".")[0]


def split_query(raw: str) -> dict[str, str]:
    """Reads a query string; ``+`` is a plus here, as in a signature."""
    query: dict[str, str] = {}
    for pair in raw.split("&") if raw else ():
        key, _, value = pair.partition("=")
        name = unquote(key).lower()
        query[name] = f"{query[name]},{unquote(value)}" if name in query else unquote(value)
    return query


def escape(text: str) -> str:
    """Escapes text for XML, content or attribute."""
    return text.translate(_ESCAPES)


def element(tag: str, text: str) -> str:
    """Writes one XML element; a name that XML cannot carry goes percent-encoded with a mark, as the service does."""
    if _NOT_XML.search(text):
        return f'<{tag} Encoded="true">{percent(text)}</{tag}>'
    return f"<{tag}>{text.translate(_ESCAPES)}</{tag}>"


def attribute(key: str, text: str) -> str:
    """Writes one XML attribute with its leading space; with ``Encoded`` beside it where XML cannot carry the value."""
    if _NOT_XML.search(text):
        return f' {key}="{percent(text)}" Encoded="true"'
    return f' {key}="{text.translate(_ESCAPES)}"'


def percent(text: str) -> str:
    """Percent-encodes what is neither a plain character nor a slash."""
    return "".join(
        c
        if (c.isascii() and c.isalnum()) or c in "-_.~/"
        else "".join(f"%{b:02X}" for b in c.encode("utf-8", "surrogatepass"))
        for c in text
    )


def document(status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
    """Makes a reply of XML, with the byte order mark that the service sends."""
    body = BOM + (XML_HEAD + text).encode("utf-8")
    return Reply(status, {"Content-Type": "application/xml", **(headers or {})}, body)


def refusal(refused: Refused, request_id: str, now: int, bodiless: bool) -> Reply:
    """Makes the reply for a refusal; a HEAD has only the header."""
    headers = {"x-ms-error-code": refused.code, **refused.headers}
    if bodiless:
        return Reply(refused.status, headers)
    about = TABLE[refused.code][1] if refused.code == "AuthenticationFailed" else refused.message
    message = f"{about}\nRequestId:{request_id}\nTime:{ticks.iso(now)}"
    detail = element("AuthenticationErrorDetail", refused.message) if about != refused.message else ""
    text = f"<Error>{element('Code', refused.code)}{element('Message', message)}{detail}</Error>"
    return document(refused.status, text, headers)
