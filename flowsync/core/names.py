"""What a name may be: on the share, on every developer's disk, and in a Git ref.

Names from the share and from commits are untrusted. A name that one side cannot hold is a ``Problem`` on the side that
has it; it is never silently changed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from flowsync.core.tree import FlowName, Path, Problem

# Azure Files and Windows forbid the same characters; C1 controls and lone surrogates come from the service's own list.
_FORBIDDEN = re.compile(r'["\\:|<>*?\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|clock\$|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
# What Git for Windows or macOS would take for .git: 8.3 names, trailing dots and blanks, ignorable code points.
_GIT_TWIN = re.compile(r"(?:\.git|git~[0-9]+)[. ]*", re.IGNORECASE)
_IGNORABLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
MAX_COMPONENT = 255
MAX_REF = 240  # bytes of a flow's ref name: with .lock it is still the name of a file
MAX_PATH = 2048


def folded(path: str) -> str:
    """Returns the key under which a case-insensitive or normalising disk would file this path."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def is_git(name: str) -> bool:
    """Tells whether a path component is Git's own folder, in any spelling that some file system takes for it."""
    if name.isascii() and "git" not in name.lower():
        return False
    return bool(_GIT_TWIN.fullmatch(_IGNORABLE.sub("", name)))


def problem_with_name(name: str) -> str:
    """Returns why a single path component cannot be synced, or an empty string."""
    if name in ("", ".", ".."):
        return "is not a name"
    if found := _FORBIDDEN.search(name):
        return f"holds {_shown(found.group())}, which Azure Files and Windows forbid"
    if name[-1] in ". ":
        return "ends with a dot or a blank, which Windows and Azure Files drop"
    if _RESERVED.fullmatch(name):
        return "is a device name that Windows and Azure Files reserve"
    if len(name.encode("utf-16-le")) // 2 > MAX_COMPONENT:
        return f"is longer than the {MAX_COMPONENT} characters that Azure Files allows"
    if is_git(name) and name != ".git":
        return "would be taken for .git on some systems"
    return ""


def is_folder_name(name: str) -> bool:
    """Tells whether a name stays where it is put: one folder, and never the way to another."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name and not is_git(name)


def problem_with_flow(name: str) -> Problem | None:
    """Returns why a folder of this name cannot be a flow that syncs, or None."""
    if reason := problem_with_name(name) or ("is Git's own folder" if is_git(name) else ""):
        return Problem(f"the flow's name {_shown(name)} {reason}", "rename its folder")
    if len(to_ref(FlowName(name)).encode("utf-8", "surrogateescape")) > MAX_REF:
        return Problem("the flow's name is too long for a Git ref", "give its folder a shorter name")
    return None


def problem_with_path(path: str) -> Problem | None:
    """Returns why a path below a flow cannot be synced, or None."""
    for part in path.split("/"):
        if reason := problem_with_name(part):
            return Problem(f"the name {_shown(part)} {reason}", "rename it")
    if len(path.encode("utf-16-le")) // 2 > MAX_PATH:
        return Problem(f"the path is longer than the {MAX_PATH} characters that Azure Files allows", "shorten it")
    return None


def twins(paths: Iterable[str]) -> Mapping[Path, Problem]:
    """Returns a problem for every path that shares its folded spelling, or a folder's, with another."""
    paths = tuple(paths)
    prefixes = {path[:end] for path in paths for end in _ends(path)}
    if len({folded(prefix) for prefix in prefixes}) == len(prefixes):
        return {}
    spellings: dict[str, set[str]] = {}
    owners: dict[str, set[str]] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            prefix = "/".join(parts[:depth])
            spellings.setdefault(folded(prefix), set()).add(prefix)
            owners.setdefault(folded(prefix), set()).add(path)
    return {
        Path(path): Problem(
            f"{' and '.join(sorted(names))} differ only in case or Unicode form",
            "rename one: Azure Files, Windows and macOS keep only one of them",
        )
        for key, names in spellings.items()
        if len(names) > 1
        for path in owners[key]
    }


def _ends(path: str) -> Iterator[int]:
    """Yields where a path's folders end, and its own end."""
    at = path.find("/")
    while at >= 0:
        yield at
        at = path.find("/", at + 1)
    yield len(path)


def to_ref(flow: FlowName) -> str:
    """Returns the flow's name as one legal component of a Git ref, reversibly (percent-encoding, ``%`` included)."""
    text = re.sub(r"[\x00-\x20~^:?*\[\\%/\x7f]", _percent, flow)
    text = re.sub(r"^\.|\.$|(?<=\.)\.|@(?=\{)", _percent, text)
    text = re.sub(r"\.(?=lock$)", _percent, text)
    return _percent_all(text) if text in ("HEAD", "@") else text


def from_ref(component: str) -> FlowName:
    """Returns the flow's name that ``to_ref`` encoded."""
    raw = unquote_to_bytes(component.encode("utf-8", "surrogateescape"))
    return FlowName(raw.decode("utf-8", "surrogateescape"))


def _percent(found: re.Match[str]) -> str:
    return _percent_all(found.group())


def _percent_all(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def _shown(text: str) -> str:
    return ascii(text)
