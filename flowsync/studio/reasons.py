"""Why a connection failed, in words; the SDK's own text may quote a URL, and is not used."""

import socket

_WORDS = (
    ("NameResolution", "no host has this name"),
    ("Refused", "the connection was refused"),
    ("SSL", "its TLS certificate is not accepted"),
    ("Certificate", "its TLS certificate is not accepted"),
    ("Timeout", "it took too long"),
    ("Proxy", "the proxy refused"),
)


def reason(error: BaseException) -> str:
    """Returns why a connection failed, from the kinds of the exceptions that led to it."""
    seen: BaseException | None = error
    found = "the connection broke"
    for _ in range(10):  # a chain may be a circle
        if seen is None:
            break
        if isinstance(seen, socket.gaierror):
            return "no host has this name"
        names = [type(seen).__name__, *(type(inner).__name__ for inner in (getattr(seen, "reason", None),) if inner)]
        for word, said in _WORDS:
            if any(word in name for name in names):
                found = said
        seen = getattr(seen, "inner_exception", None) or seen.__cause__ or seen.__context__
    return found
