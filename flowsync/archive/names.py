"""What a name in an archive may be: how its bytes are read, what is refused, and which names cannot stand together."""

import re
import unicodedata
import zlib

from flowsync.archive.limits import Limits
from flowsync.core.names import folded, is_git, problem_with_name
from flowsync.errors import ArchiveRefused

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def decoded(raw: bytes, utf8: bool, unicode_path: bytes | None, encoding: str | None) -> tuple[str, str]:
    """Returns a name, and the encoding that was assumed for it ("" where the archive says which).

    Without the UTF-8 flag ZIP means code page 437, but macOS and bsdtar write UTF-8 all the same; text in a code
    page is hardly ever valid UTF-8, so what is valid is taken for it. ``encoding`` is what a person said instead.
    """
    said = _said(raw, unicode_path)
    if utf8 or said is not None:
        name = _utf8(raw if utf8 else said or b"")
        if utf8 and said is not None and said != raw:
            raise ArchiveRefused(f"the entry {shown(name)} carries a second name, {shown(_utf8(said))}")
        return name, ""
    if raw.isascii():
        return raw.decode("ascii"), ""
    if encoding:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError as error:
            raise ArchiveRefused(f"the name {raw!r} is not {encoding}", "--encoding with another name") from error
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp437"), "cp437"


def _said(raw: bytes, unicode_path: bytes | None) -> bytes | None:
    """Returns the name in an Info-ZIP Unicode Path field, None if there is none or it belongs to another name."""
    if unicode_path is None or len(unicode_path) < 5 or unicode_path[0] != 1:
        return None
    return unicode_path[5:] if int.from_bytes(unicode_path[1:5], "little") == zlib.crc32(raw) else None


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArchiveRefused(f"the name {raw!r} is marked as UTF-8 and is not") from error


def shown(name: str) -> str:
    """Returns a name as a sentence may hold it."""
    return ascii(name) if len(name) <= 120 else ascii(name[:100]) + "..."


def judge(name: str, limits: Limits) -> None:
    """Refuses a name (a folder's ends with a slash) that could leave its folder, or that some system cannot hold."""
    _judge_whole(name)
    path = name.removesuffix("/")
    parts = path.split("/")
    for part in parts:
        _judge_part(name, part, limits)
    if len(path.encode("utf-8")) > limits.path:
        raise ArchiveRefused(f"the name {shown(name)} is longer than {limits.path} bytes", "--limit path=2000")
    if len(parts) - 1 > limits.depth:
        raise ArchiveRefused(f"the name {shown(name)} is nested deeper than {limits.depth} folders", "--limit depth=99")


def _judge_whole(name: str) -> None:
    if not name:
        raise ArchiveRefused("an entry has no name")
    if found := _CONTROL.search(name):
        raise ArchiveRefused(f"the name {shown(name)} holds the control character {found.group()!a}")
    if name.startswith(("\\\\", "//")):
        raise ArchiveRefused(f"the name {shown(name)} is a network (UNC) path")
    if _DRIVE.match(name):
        raise ArchiveRefused(f"the name {shown(name)} names a drive")
    if name.startswith(("/", "\\")):
        raise ArchiveRefused(f"the name {shown(name)} is an absolute path")
    if "\\" in name:
        hint = "zip it again with 7-Zip, the Explorer or flowsync export: a ZIP's folders are separated by /"
        raise ArchiveRefused(f"the name {shown(name)} has backslashes, which are folders on Windows only", hint)


def _judge_part(name: str, part: str, limits: Limits) -> None:
    if part == "..":
        raise ArchiveRefused(f"the name {shown(name)} climbs out of its folder")
    if part in ("", "."):
        raise ArchiveRefused(f"the name {shown(name)} has an empty part, which systems read in different ways")
    if is_git(part):
        raise ArchiveRefused(f"the name {shown(name)} reaches into Git's own folder")
    if not unicodedata.normalize("NFKC", part).strip(". "):
        raise ArchiveRefused(f"the name {shown(name)} has a part that reads like '..'")
    if reason := problem_with_name(part):
        raise ArchiveRefused(f"the name {shown(name)} cannot be kept: {shown(part)} {reason}")
    if len(part.encode("utf-8")) > limits.component:
        raise ArchiveRefused(f"the name {shown(name)} has a part longer than {limits.component} bytes")


class Catalogue:
    """The names of one archive, to notice those that some system would take for the same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bool]] = {}
        self._listed: set[str] = set()

    def add(self, name: str) -> None:
        """Takes in the next name; refuses it if it cannot stand beside those before."""
        if name in self._listed:
            raise ArchiveRefused(f"the name {shown(name)} is in it twice")
        self._listed.add(name)
        parts = name.removesuffix("/").split("/")
        for depth in range(1, len(parts)):
            self._place("/".join(parts[:depth]), True)
        self._place("/".join(parts), name.endswith("/"))

    def _place(self, path: str, folder: bool) -> None:
        spelling, was_folder = self._known.setdefault(folded(path), (path, folder))
        if spelling != path:
            names = f"{shown(spelling)} and {shown(path)}"
            raise ArchiveRefused(
                f"the names {names} differ only in case or Unicode form: one would overwrite the other"
            )
        if was_folder != folder:
            raise ArchiveRefused(f"the name {shown(path)} is a file and a folder")
