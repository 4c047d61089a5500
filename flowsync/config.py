"""``.flowsync.yaml``: read into frozen dataclasses, and written by ``flowsync init``.

The file is committed, so it holds no secret; a share URL with credentials in it is refused by ``flowsync.share``.
Every error names the file, the line and the key.
"""

import difflib
import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path as FilePath
from typing import TypeVar

import yaml

from flowsync.core import document
from flowsync.core.names import problem_with_name, to_ref
from flowsync.core.rules import KEYS as VALIDATION_KEYS
from flowsync.core.rules import Settings, settings_from
from flowsync.core.tree import FlowName
from flowsync.errors import ConfigError

FILE = ".flowsync.yaml"
VERSION = 1
DEFAULT_REMOTE = "studio"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RESERVED = ("kept",)  # refs/flowsync/kept/ is where dropped commits are kept
_Kind = TypeVar("_Kind", bound=StrEnum)


class Mode(StrEnum):
    """What may be done by itself for a remote or a flow."""

    OBSERVE = "observe"
    PULL = "pull"
    SYNC = "sync"
    LIVE = "live"


class WriteWay(StrEnum):
    """How an existing small file is replaced on the share."""

    INLINE = "inline"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """One remote. ``path`` is "" for the repository's root; ``settle`` is in seconds, ``max_deletes`` from 0 to 1."""

    name: str
    share: str
    path: str = "flows"
    branch: str = "main"
    mode: Mode = Mode.SYNC
    flows: Mapping[FlowName, Mode] = field(default_factory=dict)
    settle: float = 30.0
    max_deletes: float = 0.5
    write: WriteWay = WriteWay.INLINE
    author: str = ""
    share_line: int = field(default=0, compare=False)  # where .flowsync.yaml names the share

    def mode_of(self, flow: FlowName) -> Mode:
        """Returns the flow's mode: its own, else the remote's."""
        return self.flows.get(flow, self.mode)

    def folder(self, flow: str) -> str:
        """Returns the flow's folder in the repository."""
        return f"{self.path}/{flow}" if self.path else flow


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. The first remote is the one that commands mean unless told otherwise."""

    remotes: Mapping[str, RemoteConfig]
    validation: Settings = field(default_factory=Settings)

    def remote(self, name: str | None) -> RemoteConfig:
        """Returns a remote by name, the first one for None."""
        if name is None:
            return next(iter(self.remotes.values()))
        if name not in self.remotes:
            raise ConfigError(f"{FILE} has no remote {name!r}, only {', '.join(self.remotes)}")
        return self.remotes[name]


def load(root: FilePath) -> Config:
    """Reads the repository's ``.flowsync.yaml``; ConfigError if it is missing or wrong."""
    try:
        text = (root / FILE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError("this repository is not linked to a share yet", "flowsync init --share URL") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE} cannot be read: {error}") from error
    return parse(text)


def parse(text: str) -> Config:
    """Reads the text of a ``.flowsync.yaml``."""
    read = document.parse(text)
    if read.problems:
        problem = read.problems[0]
        raise ConfigError(f"{FILE}:{problem.span.line}: {problem.message}")
    top = _Keys(read.root, "the file", 1)
    top.known("version", "remotes", *VALIDATION_KEYS)
    if top.number("version", 0) != VERSION:
        raise top.error("version", f"must be {VERSION}; this flowsync knows no other")
    settings, mistakes = settings_from(read.root)
    if mistakes:
        raise ConfigError(f"{FILE}:{mistakes[0].span.line}: {mistakes[0].key}: {mistakes[0].message}")
    remotes = top.keys_of("remotes")
    if not remotes.names():
        raise top.error("remotes", "names no remote")
    for name in remotes.names():
        if not _NAME.fullmatch(name) or to_ref(FlowName(name)) != name or name.casefold() in _RESERVED:
            raise remotes.error(name, "is not a remote's name: use letters, digits and dashes")
    return Config({name: _remote(name, remotes.keys_of(name)) for name in remotes.names()}, settings)


def _remote(name: str, keys: "_Keys") -> RemoteConfig:
    keys.known("share", "path", "branch", "mode", "flows", "settle", "max_deletes", "write", "author")
    flows = keys.keys_of("flows", optional=True)
    max_deletes = keys.number("max_deletes", 0.5)
    if not 0 <= max_deletes <= 1:
        raise keys.error("max_deletes", "must be between 0 and 1")
    settle = keys.number("settle", 30.0)
    if not 0 <= settle < math.inf:
        raise keys.error("settle", "must be a number of seconds, 0 or more")
    mode = keys.choice("mode", Mode, Mode.SYNC)
    return RemoteConfig(
        name=name,
        share=keys.text("share"),
        share_line=keys.line("share"),
        path=_checked_path(keys),
        branch=_checked_branch(keys),
        mode=mode,
        flows={FlowName(flow): _flow_mode(flows.keys_of(flow), mode) for flow in flows.names()},
        settle=settle,
        max_deletes=max_deletes,
        write=keys.choice("write", WriteWay, WriteWay.INLINE),
        author=keys.text("author", ""),
    )


def _flow_mode(keys: "_Keys", mode: Mode) -> Mode:
    keys.known("mode")
    return keys.choice("mode", Mode, mode)


def _checked_branch(keys: "_Keys") -> str:
    branch = keys.text("branch", "main")
    if any(not part or to_ref(FlowName(part)) != part.replace("%", "%25") for part in branch.split("/")):
        raise keys.error("branch", f"must be the name of a branch; {branch!r} is none")
    return branch


def _checked_path(keys: "_Keys") -> str:
    path = keys.text("path", "flows").rstrip("/")
    if path in ("", "."):
        return ""
    if path.startswith("/"):
        raise keys.error("path", "must be a folder inside the repository, from its root; take away the / at the start")
    for part in path.split("/"):
        if reason := problem_with_name(part) or ("is Git's own folder" if part == ".git" else ""):
            raise keys.error("path", f"must be a folder inside the repository; {part!r} {reason}")
    return path


class _Keys:
    """A YAML mapping whose values are asked for by key and kind; what is wrong is said with its line."""

    def __init__(self, node: document.Node | None, what: str, line: int) -> None:
        found = document.actual(node) if node else document.Mapping(document.Span(0, 0, line, 1), ())
        self._what = what
        self._line = found.span.line
        if not isinstance(found, document.Mapping):
            raise ConfigError(f"{FILE}:{line}: {what} must be a mapping of keys to values")
        self._entries = {entry.name: entry for entry in found.entries}

    def names(self) -> list[str]:
        return list(self._entries)

    def line(self, key: str) -> int:
        return self._entries[key].key.span.line if key in self._entries else self._line

    def error(self, key: str, reason: str) -> ConfigError:
        return ConfigError(f"{FILE}:{self.line(key)}: {key} {reason}")

    def known(self, *names: str) -> None:
        for name in self._entries:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(names)}"
                raise self.error(name, f"is not a key of {self._what}{hint}")

    def keys_of(self, key: str, optional: bool = False) -> "_Keys":
        if key not in self._entries and not optional:
            raise self.error(key, "is missing")
        return _Keys(self._entries[key].value if key in self._entries else None, key, self.line(key))

    def text(self, key: str, default: str | None = None) -> str:
        node = document.actual(self._entries[key].value) if key in self._entries else None
        if node is None and default is not None:
            return default
        if node is None:
            raise self.error(key, "is missing")
        if not isinstance(node, document.Scalar) or not (node.value or default == ""):
            raise self.error(key, "must be a text")
        return node.value

    def number(self, key: str, default: float) -> float:
        try:
            return float(self.text(key, str(default)))
        except ValueError:
            raise self.error(key, "must be a number") from None

    def choice(self, key: str, kind: Callable[[str], _Kind], default: _Kind) -> _Kind:
        try:
            return kind(self.text(key, default.value))
        except ValueError:
            names = ", ".join(type(default).__members__.values())
            raise self.error(key, f"must be one of {names}") from None


def added(text: str, remote: RemoteConfig) -> str:
    """Returns the text of ``.flowsync.yaml`` with one more remote; what is there stays as it is, byte for byte.

    Raises ConfigError if there is a remote of that name, or no line ``remotes:`` to put another under.
    """
    values = {"share": remote.share, "path": remote.path or ".", "branch": remote.branch, "mode": remote.mode.value}
    block = yaml.safe_dump({remote.name: values}, sort_keys=False, width=4096)
    if not text.strip():
        head = "# flowsync: this repository's links to Azure ML Studio. Holds no secret; commit it."
        return f"{head}\nversion: {VERSION}\nremotes:\n{_indented(block, 2)}"
    there = parse(text).remotes
    if remote.name in there:
        raise ConfigError(f"{FILE} links {remote.name} already, to {there[remote.name].share}", f"edit {FILE}")
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if line.rstrip() == "remotes:"), None)
    if at is None:
        raise ConfigError(f"{FILE} has no line 'remotes:' to add {remote.name} under", f"edit {FILE}")
    width = next(len(line) - len(line.lstrip()) for line in lines[at + 1 :] if line.strip() and line.lstrip()[0] != "#")
    body = "".join(lines[at + 1 :])
    body += "" if body.endswith("\n") else "\n"
    rest = next((n for n, line in enumerate(lines[at + 1 :]) if line[:1].strip() and line[0] != "#"), None)
    if rest is None:
        return "".join(lines[: at + 1]) + body + _indented(block, width)
    return "".join(lines[: at + 1 + rest]) + _indented(block, width) + "".join(lines[at + 1 + rest :])


def name_for(user: str, taken: Collection[str]) -> str:
    """Returns a remote's name that is like a user's, and unlike any that is taken (in whatever case)."""
    ascii = unicodedata.normalize("NFKD", user).encode("ascii", "ignore").decode()
    plain = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9._-]+", "-", ascii)).strip("._-").removesuffix(".lock") or "user"
    others = {name.casefold() for name in (*taken, *_RESERVED)}
    return next(
        name
        for number in itertools.count(1)
        if (name := plain if number == 1 else f"{plain}-{number}").casefold() not in others
    )


def _indented(block: str, width: int) -> str:
    return "".join(" " * width + line for line in block.splitlines(keepends=True))
