"""Which names the service accepts for shares, folders and files, and when two names are the same.

Names keep their case and are compared without it, one character at a time as NTFS does: ``ß`` is not ``SS``.
"""

import hashlib
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from flowsync.emulator.refusal import Refused

MAX_COMPONENT = 255
MAX_PATH = 2048
MAX_DEPTH = 250
_FORBIDDEN = re.compile(r'["\\/:|<>*?\x00-\x1f\x7f-\x9f]')
_RESERVED = frozenset(
    [f"LPT{n}" for n in range(1, 10)]
    + [f"COM{n}" for n in range(1, 10)]
    + ["PRN", "AUX", "NUL", "CON", "CLOCK$", ".", "..", ""]
)
_SHARE = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@lru_cache(65536)
def fold(name: str) -> str:
    """Returns what two names have in common when they are the same name to the service."""
    if name.isascii():
        return name.upper()
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in name)


def share_is_legal(name: str) -> bool:
    """Tells whether a share may have this name."""
    return _SHARE.fullmatch(name) is not None or name in ("$root", "$logs")


@lru_cache(65536)
def legal(component: str) -> bool:
    """Tells whether a file or folder may have this name."""
    return (
        fold(component) not in _RESERVED
        and _FORBIDDEN.search(component) is None
        and len(component.encode("utf-16-le", "surrogatepass")) <= 2 * MAX_COMPONENT
        and not any("\ud800" <= character <= "\udfff" for character in component)
    )


def decode(raw: str) -> str:
    """Decodes percent-encoding as strict UTF-8."""
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("InvalidUri") from error


@lru_cache(65536)
def split(raw: str, keep_dots: bool) -> tuple[str, ...]:
    """Splits a percent-encoded path below a share into legal names; raises Refused.

    ``%2F`` separates as ``/`` does. Trailing dots go unless ``keep_dots``. One ``/`` at the end is nothing.
    """
    path = decode(raw).removesuffix("/")
    if not path:
        return ()
    parts = tuple(path.split("/"))
    if not keep_dots:
        parts = tuple(part.rstrip(".") for part in parts)
    if len(path) > MAX_PATH or len(parts) > MAX_DEPTH or not all(legal(part) for part in parts):
        raise Refused(
            "InvalidResourceName"
            if any(_FORBIDDEN.search(part) for part in parts)
            else "InvalidFileOrDirectoryPathName"
        )
    return parts


def digest(name: str) -> str:
    """Returns sixteen digits that stand for a name."""
    return hashlib.blake2b(name.encode("utf-8"), digest_size=8).hexdigest()
