"""Commits and trees as git stores them, and back. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from flowsync.repo.plumbing import text

DIRECTORY, LINK, NESTED = "40000", "120000", "160000"  # modes; a nested repository is a commit's id


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as a commit names them. ``when`` is in seconds since 1970, ``offset`` such as ``+0000``."""

    name: str
    email: str
    when: int
    offset: str = "+0000"

    def __str__(self) -> str:
        return f"{_one_line(self.name)} <{_one_line(self.email)}> {self.when} {self.offset}"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as it is stored. ``author`` and ``committer`` are whole header lines, so that a replay keeps them."""

    tree: str
    parents: tuple[str, ...]
    author: str
    committer: str
    message: str

    @property
    def committed(self) -> int:
        """Returns the committer's time in seconds since 1970."""
        return int(self.committer.rsplit(" ", 2)[1])

    def encoded(self) -> bytes:
        """Returns the commit as git stores it."""
        header = [f"tree {self.tree}", *(f"parent {parent}" for parent in self.parents)]
        header += [f"author {self.author}", f"committer {self.committer}"]
        return ("\n".join(header) + "\n\n" + self.message).encode("utf-8", "surrogateescape")

    @classmethod
    def decoded(cls, raw: bytes) -> Self:
        """Returns a commit that git stores so; headers that flowsync has no use for are left out."""
        head, _, message = text(raw).partition("\n\n")
        found: dict[str, list[str]] = {}
        for line in head.split("\n"):
            key, _, value = line.partition(" ")
            if key:
                found.setdefault(key, []).append(value)
        author, committer = found["author"][0], found["committer"][0]
        return cls(found["tree"][0], tuple(found.get("parent", ())), author, committer, message)


@dataclass(frozen=True, slots=True)
class Item:
    """One name in a tree."""

    mode: str
    name: bytes
    sha: str


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Returns items in the order in which a tree has them: folders as if their names ended with a slash."""
    return tuple(sorted(items, key=lambda item: item.name + (b"/" if item.mode == DIRECTORY else b"")))


def encoded_tree(ordered: Iterable[Item]) -> bytes:
    """Returns a tree as git stores it."""
    return b"".join(item.mode.encode("ascii") + b" " + item.name + b"\0" + bytes.fromhex(item.sha) for item in ordered)


def decoded_tree(raw: bytes) -> tuple[Item, ...]:
    """Returns the items of a tree that git stores so."""
    items, at = [], 0
    while at < len(raw):
        blank = raw.index(b" ", at)
        end = raw.index(b"\0", blank)
        sha = raw[end + 1 : end + 21].hex()
        items.append(Item(raw[at:blank].decode("ascii").lstrip("0"), raw[blank + 1 : end], sha))
        at = end + 21
    return tuple(items)


def _one_line(name: str) -> str:
    return "".join(char for char in name if char not in "<>\n\0").strip() or "unknown"
