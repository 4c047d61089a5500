"""A flow's past: Studio's saves and commits in one timeline, and which two of them are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SIDES = {"studio": "Studio", "local": "local", "merge": "merge"}
GLYPHS = {"studio": "⇣", "local": "⇡", "merge": "⇅"}
PAGE = 200


@dataclass(frozen=True, slots=True)
class Version:
    """The flow at one commit."""

    commit: str
    at: float  # seconds since 1970
    author: str
    side: str
    subject: str
    paths: tuple[str, ...]

    @property
    def short(self) -> str:
        """The commit's id as people write it."""
        return self.commit[:8]


def version(said: Mapping[str, Any]) -> Version:
    """Reads one entry of the daemon's ``history``."""
    moment = datetime.fromisoformat(str(said["at"])).timestamp()
    paths = tuple(str(path) for path in said.get("paths", ()))
    return Version(str(said["commit"]), moment, str(said["author"]), str(said["side"]), str(said["subject"]), paths)


@dataclass(slots=True)
class Timeline:
    """The versions that were fetched so far, newest first; ``more`` tells whether there are older ones."""

    versions: list[Version] = field(default_factory=list)
    more: bool = True
    marked: str = ""

    def take(self, said: Mapping[str, Any]) -> None:
        """Adds a page, each commit once."""
        known = {one.commit for one in self.versions}
        self.versions += [one for one in map(version, said["entries"]) if one.commit not in known]
        self.more = bool(said.get("more"))

    @property
    def last(self) -> str:
        """The oldest commit that is known, which the next page goes on from."""
        return self.versions[-1].commit if self.versions else ""

    def mark(self, index: int) -> None:
        """Marks a version, or takes the mark back."""
        commit = self.versions[index].commit
        self.marked = "" if self.marked == commit else commit

    def pair(self, index: int) -> tuple[str, str]:
        """Returns what to compare for a version: the marked one and this, the older first; else this and now."""
        commit = self.versions[index].commit
        if not self.marked or self.marked == commit:
            return commit, "local"
        newer = any(one.commit == self.marked for one in self.versions[:index])
        return (commit, self.marked) if newer else (self.marked, commit)


def authors(versions: Sequence[Version]) -> dict[str, int]:
    """Returns how many of the versions are by whom, the most first."""
    counts: dict[str, int] = {}
    for one in versions:
        counts[one.author] = counts.get(one.author, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def day(at: float, now: float) -> str:
    """Returns when something was, to the minute: the day only if it was not today."""
    moment, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    return moment.strftime("%H:%M" if moment.date() == today.date() else "%Y-%m-%d %H:%M")
