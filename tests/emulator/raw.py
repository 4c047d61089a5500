"""Requests byte by byte, signed by code of our own: for what no SDK would ever send."""

import base64
import hashlib
import hmac
import http.client
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from flowsync.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY

VERSION = "2026-10-06"


@dataclass
class Answer:
    """A reply, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return self.headers.get("x-ms-error-code", "")


@dataclass
class Raw:
    """Sends requests to one emulator; ``path`` is what follows the account, still encoded."""

    url: str
    key: str = WELL_KNOWN_KEY
    account: str = WELL_KNOWN_ACCOUNT
    version: str = VERSION
    extra: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        sign: bool = True,
        host: str = "",
        prefix: str | None = None,
    ) -> Answer:
        where = urlsplit(self.url)
        target = (f"/{self.account}" if prefix is None else prefix) + path
        sent = {"x-ms-version": self.version, "x-ms-date": formatdate(usegmt=True), **self.extra, **(headers or {})}
        if body or method in ("PUT", "POST"):
            sent.setdefault("Content-Length", str(len(body)))
        if sign:
            sent["Authorization"] = self.authorization(method, target, sent)
        connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=30)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or where.netloc)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            reply = connection.getresponse()
            return Answer(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def authorization(self, method: str, target: str, headers: dict[str, str]) -> str:
        """Signs as the service documents it."""
        path, _, query = target.partition("?")
        lower = {name.lower(): value for name, value in headers.items()}
        names = ["encoding", "language", "length", "md5", "type"]
        standard = [lower.get(f"content-{name}", "") for name in names]
        standard[2] = "" if standard[2] == "0" else standard[2]
        extension = "".join(f"{name}:{lower[name]}\n" for name in sorted(lower) if name.startswith("x-ms-"))
        pairs = [pair.partition("=") for pair in query.split("&")] if query else []
        resource = f"/{self.account}{path}" + "".join(
            f"\n{key.lower()}:{unquote(value)}" for key, _, value in sorted(pairs)
        )
        text = "\n".join([method, *standard, "", "", "", "", "", lower.get("range", "")]) + f"\n{extension}{resource}"
        digest = hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        return f"SharedKey {self.account}:{base64.b64encode(digest).decode()}"
