"""A file in conflict: its three versions, the places in it to decide, and what answers make of it.

A definition's places are the decisions of ``flowsync.core.merge``; another text's are the lines that both sides
changed; a file that is no text, or gone on one side, is one place as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from flowsync.core.flow import kind_of
from flowsync.core.lines import Hunk, edits, hunks
from flowsync.core.merge import Decision, Pick, Picked, merge_flow, settle_flow
from flowsync_tui.view.contents import is_binary, lines_of

MAX_MERGED = 2 * 1024 * 1024  # bytes of a file that is merged here


class Choice(Enum):
    """What a person takes at a place; the value is how the screen calls it."""

    BASE = "BASE"
    LOCAL = "LOCAL"
    REMOTE = "STUDIO"
    BOTH = "BOTH"
    SUGGESTED = "SUGGESTED"
    WRITTEN = "EDITED"


@dataclass(frozen=True, slots=True)
class Answer:
    """A choice, and the text where it is none of a side's; None: nothing is to be there."""

    choice: Choice
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One thing to decide. ``key`` tells it apart within its file; "" is the file as a whole. None: absent there."""

    file: str
    key: str
    base: str | None
    local: str | None
    remote: str | None
    reason: str = ""
    suggestion: str | None = None
    whole: bool = False

    @property
    def title(self) -> str:
        """Where it is, in words."""
        if self.whole:
            return f"{self.file} › the whole file"
        first, _, rest = self.key.partition("/")
        name, _, inner = rest.partition("/")
        if first == "nodes" and name:
            return " › ".join(part for part in (self.file, name, inner.replace("/", ".")) if part)
        return f"{self.file} › {self.key.replace('/', '.')}"

    def side(self, choice: Choice) -> str | None:
        """Returns a side's text."""
        return {Choice.BASE: self.base, Choice.LOCAL: self.local, Choice.REMOTE: self.remote}[choice]


@dataclass(frozen=True)
class Conflicted:
    """One file in conflict: its three versions, None where there is none."""

    path: str
    base: bytes | None
    local: bytes | None
    remote: bytes | None

    @cached_property
    def decisions(self) -> tuple[Decision, ...] | None:
        """What the merge by meaning leaves to a person; None if this file is not merged by meaning."""
        if kind_of(self.path) != "dag" or not self.mergeable or self.local is None or self.remote is None:
            return None
        merged = merge_flow(self.base, self.local, self.remote)
        return None if merged.unable or any(not one.path for one in merged.conflicts) else merged.conflicts

    @cached_property
    def hunks(self) -> Sequence[Hunk]:
        """What differs between the three texts."""
        base, local, remote = self.lines
        return hunks(base, local, remote)

    @cached_property
    def lines(self) -> tuple[list[str], list[str], list[str]]:
        """The lines of the three texts."""
        base, local, remote = (_text(content).splitlines(keepends=True) for content in self.versions)
        return base, local, remote

    @property
    def versions(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Base, local, remote."""
        return self.base, self.local, self.remote

    @property
    def mergeable(self) -> bool:
        """Whether it can be decided place by place."""
        sides = [content for content in self.versions if content is not None]
        if self.local is None or self.remote is None:
            return False
        return not any(is_binary(content) or len(content) > MAX_MERGED for content in sides)

    @cached_property
    def whole(self) -> Place:
        """The file as one place."""
        texts = [None if content is None else readable(content) for content in self.versions]
        return Place(self.path, "", texts[0], texts[1], texts[2], _reason(self), whole=True)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The places to decide."""
        if not self.mergeable:
            return (self.whole,)
        if self.decisions is not None:
            return tuple(
                Place(self.path, one.path, one.base, one.local, one.remote, one.reason, one.suggestion)
                for one in self.decisions
            )
        return tuple(self._place(hunk) for hunk in self.hunks if hunk.clash)

    def _place(self, hunk: Hunk) -> Place:
        texts = ["".join(lines[part.start : part.stop]) for lines, part in zip(self.lines, hunk[:3], strict=True)]
        return Place(self.path, _lines_key(hunk), texts[0], texts[1], texts[2], "both sides changed these lines")

    def merged(self, answers: Mapping[str, Answer]) -> "Merge":
        """Returns the file as it is with these answers."""
        if (answer := answers.get("")) is not None:
            return Merge(self._whole(answer), 0)
        if not self.mergeable:
            return Merge(self.local, 1)
        if self.decisions is None:
            return self._merged_lines(answers)
        assert self.local is not None, "it is mergeable"
        assert self.remote is not None, "it is mergeable"
        picks = {place.key: _picked(place, answers[place.key]) for place in self.places if place.key in answers}
        found = settle_flow(self.base, self.local, self.remote, picks)
        return Merge(None if found.unable else found.content, len(found.conflicts), found.unable)

    def _whole(self, answer: Answer) -> bytes | None:
        sides = {Choice.BASE: self.base, Choice.LOCAL: self.local, Choice.REMOTE: self.remote}
        if answer.choice in sides:
            return sides[answer.choice]
        return None if answer.text is None else _bytes(answer.text)

    def _merged_lines(self, answers: Mapping[str, Answer]) -> "Merge":
        base, local, remote = self.lines
        found: list[str] = []
        done = left = 0
        for hunk in self.hunks:
            found += base[done : hunk.base.start]
            done = hunk.base.stop
            ours = local[hunk.local.start : hunk.local.stop]
            theirs = remote[hunk.remote.start : hunk.remote.stop]
            if not hunk.clash:
                found += theirs if ours == base[hunk.base.start : hunk.base.stop] else ours
            elif (answer := answers.get(_lines_key(hunk))) is not None:
                text = taken(self._place(hunk), answer) or ""
                last = done == len(base) and hunk is self.hunks[-1]
                found += [text if last or not text or text.endswith("\n") else text + "\n"]
            else:
                left += 1
                found += ["<<<<<<< LOCAL\n", *map(_ended, ours), "=======\n", *map(_ended, theirs), ">>>>>>> STUDIO\n"]
        return Merge(_bytes("".join(found + base[done:])), left)


@dataclass(frozen=True, slots=True)
class Merge:
    """A file as it is so far: ``content`` is None if it goes, ``left`` how many places are open.

    ``unable`` says why the answers do not fit together.
    """

    content: bytes | None
    left: int
    unable: str = ""


def merged_alone(path: str, base: bytes | None, local: bytes | None, remote: bytes | None) -> bytes | None:
    """Returns a file that is not in conflict as the merge will have it."""
    if local == remote or remote == base:
        return local
    return remote if local == base else Conflicted(path, base, local, remote).merged({}).content


def _reason(file: Conflicted) -> str:
    if file.local is None:
        return "deleted locally, changed in Studio"
    if file.remote is None:
        return "changed locally, deleted in Studio"
    return "both sides added it" if file.base is None else "both sides changed it"


def _lines_key(hunk: Hunk) -> str:
    part = hunk.local or hunk.base
    first, last = part.start + 1, max(part.stop, part.start + 1)
    return f"line {first}" if first == last else f"lines {first}–{last}"


def taken(place: Place, answer: Answer) -> str | None:
    """Returns the text that an answer puts at a place; None: nothing."""
    if answer.choice in (Choice.BASE, Choice.LOCAL, Choice.REMOTE):
        return place.side(answer.choice)
    return answer.text


def _picked(place: Place, answer: Answer) -> Picked:
    sides = {Choice.BASE: Pick.BASE, Choice.LOCAL: Pick.LOCAL, Choice.REMOTE: Pick.REMOTE}
    return sides.get(answer.choice) or answer.text or ""


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def readable(content: bytes) -> str:
    """Returns a content as text, or what stands for one that is none."""
    return f"(not text, {len(content)} bytes)" if is_binary(content) else _text(content)


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"


def signs(place: Place, choice: Choice) -> tuple[list[str], list[tuple[str, str]]]:
    """Returns a side's lines, each with its sign against base: ``+`` what the side has new, ``-`` what both lack.

    Styles are names of ``widgets.line_view``.
    """
    text = place.side(choice)
    if text is None:
        return ["(absent)"], [(" ", "line--dim")]
    lines, base = lines_of(text), lines_of(place.base or "")
    if choice is Choice.BASE:
        others = [lines_of(other or "") for other in (place.local, place.remote)]
        gone = set(range(len(lines)))
        for other in others:
            gone &= {line for edit in edits(base, other) for line in range(edit.start, edit.end)}
        return lines, [("-", "line--bad") if line in gone else (" ", "") for line in range(len(lines))]
    new = {line for edit in edits(base, lines) for line in range(edit.new_start, edit.new_end)}
    return lines, [("+", "line--good") if line in new else (" ", "") for line in range(len(lines))]
