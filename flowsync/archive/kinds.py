"""What an entry may be: a plain file or a folder, packed in the two usual ways, and of a size that can be afforded."""

import stat

from flowsync.archive import records
from flowsync.archive.limits import Limits, human
from flowsync.archive.names import shown
from flowsync.archive.records import Central
from flowsync.errors import ArchiveRefused

STORED, DEFLATED = 0, 8
_METHODS = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    12: "bzip2",
    14: "LZMA",
    93: "Zstandard",
    95: "xz",
    98: "PPMd",
    99: "AES",
}
_KNOWN_FLAGS = records.DESCRIPTOR_FOLLOWS | records.UTF8 | records.DEFLATE_OPTIONS
_WINDOWS_FOLDER, _WINDOWS_LINK = 0x10, 0x400
_EMPTY_DEFLATED = 2  # bytes that nothing is deflated to
_SPECIAL = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def judge_kind(central: Central, name: str) -> None:
    """Refuses what is neither a plain file nor a folder, and what is packed in ways that are not read here."""
    if central.flags & (records.ENCRYPTED | records.STRONGLY_ENCRYPTED | records.MASKED):
        raise ArchiveRefused(f"{shown(name)} is encrypted", "unpack it with its password, and zip it again without")
    if central.flags & ~_KNOWN_FLAGS:
        raise ArchiveRefused(f"{shown(name)} uses features that flowsync does not read (flags {central.flags:#06x})")
    if central.method not in (STORED, DEFLATED):
        method = _METHODS.get(central.method, f"method {central.method}")
        raise ArchiveRefused(f"{shown(name)} is packed with {method}", "zip it again with deflate, as Studio does")
    kind = stat.S_IFMT(central.attributes >> 16)
    if kind in _SPECIAL or central.attributes & _WINDOWS_LINK:
        raise ArchiveRefused(f"{shown(name)} is {_SPECIAL.get(kind, 'a link')}")
    folder = name.endswith("/")
    if kind not in (0, stat.S_IFDIR if folder else stat.S_IFREG):
        raise ArchiveRefused(f"{shown(name)} is said to be something else than its name says")
    if folder and (central.size or central.crc or central.packed > _EMPTY_DEFLATED):
        raise ArchiveRefused(f"the folder {shown(name)} has content")
    if not folder and central.attributes & _WINDOWS_FOLDER:
        raise ArchiveRefused(f"{shown(name)} is said to be a folder and named as a file")


def judge_size(central: Central, name: str, total: int, limits: Limits) -> None:
    """Refuses an entry that announces more than is taken; ``total`` counts it and all before it."""
    if central.size > limits.file:
        raise too_much(f"{shown(name)} is {human(central.size)} long", limits.file, "file", central.size)
    if total > limits.total:
        raise too_much(f"its files are more than {human(limits.total)} together", limits.total, "total", 2 * total)
    judge_ratio(central.size, central.packed, shown(name), limits)
    if central.method == STORED and central.size != central.packed:
        raise ArchiveRefused(f"{shown(name)} is stored as it is, yet has two sizes")


def judge_ratio(size: int, packed: int, what: str, limits: Limits) -> None:
    """Refuses what would unpack to far more than it is packed in."""
    if size > limits.ratio_from and size > limits.ratio * packed:
        reason = f"{what} would unpack to {human(size)}, {size // max(packed, 1)} times what it is packed in"
        raise ArchiveRefused(reason, f"if you trust it: --limit ratio={size // max(packed, 1) + 1}")


def too_much(said: str, limit: int, name: str, wanted: int) -> ArchiveRefused:
    """Returns the refusal of what is over a limit, with the limit that would let it through."""
    amount = -(-wanted // (1024 * 1024))
    return ArchiveRefused(f"{said}; up to {human(limit)} is taken", f"if you trust it: --limit {name}={amount}MiB")
