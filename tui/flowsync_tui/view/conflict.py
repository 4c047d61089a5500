"""A conflict while a person settles it: the places to decide, what was picked, and what that makes of the files.

What belongs here: everything about a resolution but the screen. Nothing is written: the result is what ``answers``
returns, which the daemon is told once, at the end.

A definition's places are the decisions of ``flowsync.core.merge``; another text's are the lines that both sides
changed; a file that is no text, or gone on one side, is one place as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from flowsync.core.check import Finding, check
from flowsync.core.flow import kind_of
from flowsync.core.lines import Hunk, edits, hunks
from flowsync.core.merge import Decision, Pick, Picked, merge_flow, settle_flow, union
from flowsync_tui.view.contents import is_binary, lines_of

KEPT = 64  # merges that are remembered while a person picks
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
        if kind_of(self.path) != "dag" or not self._mergeable or self.local is None or self.remote is None:
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
    def _mergeable(self) -> bool:
        sides = [content for content in self.versions if content is not None]
        if self.local is None or self.remote is None:
            return False
        return not any(is_binary(content) or len(content) > MAX_MERGED for content in sides)

    @cached_property
    def whole(self) -> Place:
        """The file as one place."""
        texts = [None if content is None else _shown(content) for content in self.versions]
        return Place(self.path, "", texts[0], texts[1], texts[2], _reason(self), whole=True)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The places to decide."""
        if not self._mergeable:
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
        if not self._mergeable:
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
                text = _taken(self._place(hunk), answer) or ""
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


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as it will be, and the lines that a place became; ``gone`` if there will be no file."""

    lines: Sequence[str]
    here: range
    gone: bool


class Resolution:
    """All files of a flow in conflict, and what was picked."""

    def __init__(self, files: Sequence[Conflicted], sides: Mapping[str, Any]) -> None:
        self.files = {file.path: file for file in files}
        self.sides = dict(sides)
        self._by_whole: frozenset[str] = frozenset()
        self._answers: dict[tuple[str, str], Answer] = {}
        self._merges: dict[tuple[str, frozenset[tuple[str, Answer]]], Merge] = {}
        self._before: list[tuple[dict[tuple[str, str], Answer], frozenset[str]]] = []

    @property
    def places(self) -> list[Place]:
        """Every place, in order of the files."""
        return [
            place
            for file in self.files.values()
            for place in ((file.whole,) if file.path in self._by_whole else file.places)
        ]

    @property
    def open(self) -> list[Place]:
        """The places where nothing is picked yet."""
        return [place for place in self.places if self.answer(place) is None]

    @property
    def touched(self) -> bool:
        """Whether anything was picked."""
        return bool(self._answers)

    def answer(self, place: Place) -> Answer | None:
        """Returns what was picked at a place."""
        return self._answers.get((place.file, place.key))

    def adopt(self, earlier: "Resolution") -> int:
        """Takes over what was picked where nothing has changed since; returns how many picks are lost."""
        here = {(place.file, place.key): place for place in self.places}
        kept = {}
        for place in earlier.places:
            answer = earlier.answer(place)
            if answer is not None and here.get((place.file, place.key)) == place:
                kept[place.file, place.key] = answer
        if self._change(kept, self._by_whole):
            kept = {}
        return sum(earlier.answer(place) is not None for place in earlier.places) - len(kept)

    def pick(self, place: Place, choice: Choice, text: str | None = None) -> str:
        """Picks, and returns why that cannot be; then nothing has changed."""
        answer = Answer(choice, text)
        if choice is Choice.SUGGESTED:
            if place.suggestion is None:
                return "nothing is suggested here"
            answer = Answer(choice, place.suggestion)
        elif choice is Choice.BOTH:
            if place.local is None or place.remote is None:
                return "only one side has it"
            if place.whole and not self.files[place.file]._mergeable:
                return "both cannot be one file: it is no text"
            answer = Answer(choice, union(place.base, place.local, place.remote))
        elif choice is Choice.BASE and place.base is None:
            answer = Answer(choice, None)
        return self._change({**self._answers, (place.file, place.key): answer}, self._by_whole)

    def pick_rest(self, choice: Choice) -> str:
        """Picks one side wherever nothing is picked yet."""
        answers = {(place.file, place.key): Answer(choice) for place in self.open}
        return self._change({**self._answers, **answers}, self._by_whole)

    def toggle_whole(self, file: str) -> str:
        """Decides about a file as a whole, or place by place again."""
        places = self.files[file].places
        if len(places) == 1 and places[0].whole:
            return "this file can only be decided as a whole"
        kept = {key: answer for key, answer in self._answers.items() if key != (file, "")}
        return self._change(kept, self._by_whole ^ {file})

    def undo(self) -> bool:
        """Takes the last change back; returns False if there is none."""
        if not self._before:
            return False
        self._answers, self._by_whole = self._before.pop()
        return True

    def _change(self, answers: dict[tuple[str, str], Answer], by_whole: frozenset[str]) -> str:
        before = self._answers, self._by_whole
        self._answers, self._by_whole = answers, by_whole
        for path in self.files:
            if unable := self.merged(path).unable:
                self._answers, self._by_whole = before
                return f"that does not fit: {unable}"
        self._before.append(before)
        return ""

    def merged(self, path: str) -> Merge:
        """Returns a file as it is with what was picked."""
        whole = path in self._by_whole
        own = {key: answer for (file, key), answer in self._answers.items() if file == path and (not whole or not key)}
        return self._merged(path, own)

    def _merged(self, path: str, answers: Mapping[str, Answer]) -> Merge:
        known = path, frozenset(answers.items())
        if known not in self._merges:
            if len(self._merges) >= KEPT:
                self._merges.clear()
            self._merges[known] = self.files[path].merged(answers)
        return self._merges[known]

    def taken(self, place: Place) -> str | None:
        """Returns the text that was picked at a place."""
        answer = self.answer(place)
        return None if answer is None else _taken(place, answer)

    def preview(self, place: Place) -> "Preview":
        """Returns the file as it will be, and which of its lines come from what was picked at a place."""
        merge = self.merged(place.file)
        lines = lines_of(_shown(merge.content)) if merge.content is not None else []
        if self.answer(place) is None or place.whole:
            return Preview(lines, range(0), merge.content is None)
        others = {key: one for (file, key), one in self._answers.items() if file == place.file and key != place.key}
        open_here = lines_of(_shown(self._merged(place.file, others).content or b""))
        changed = edits(open_here, lines)  # open, it stands between markers
        marker = next((edit for edit in changed if open_here[edit.start : edit.end]), None)
        if marker is None:
            return Preview(lines, range(0), False)
        size = len(lines_of(self.taken(place) or ""))
        first = _find(lines, lines_of(self.taken(place) or ""), marker.new_start)
        return Preview(lines, range(first, first + size), False)

    def answers(self) -> dict[str, dict[str, str]]:
        """Returns what the daemon is told about every file; call it only when nothing is open."""
        return {path: self._told(path) for path in self.files}

    def _told(self, path: str) -> dict[str, str]:
        answer, file = self._answers.get((path, "")), self.files[path]
        content = self.merged(path).content
        if content is None:
            return {"take": "delete"}
        if answer is not None and answer.choice in (Choice.BASE, Choice.LOCAL, Choice.REMOTE):
            return {"take": answer.choice.name.lower()}
        same = [
            side for side, version in zip(("base", "local", "remote"), file.versions, strict=True) if version == content
        ]
        if same:
            return {"take": same[-1]}
        try:
            return {"text": content.decode("utf-8")}
        except UnicodeDecodeError:
            from base64 import b64encode  # here, since few files need it

            return {"base64": b64encode(content).decode("ascii")}

    def summary(self) -> list[str]:
        """Returns a line for each file: what becomes of it."""
        lines = []
        for path in self.files:
            places = [place for place in self.places if place.file == path]
            picked = [answer.choice.value for place in places if (answer := self.answer(place))]
            counts = [f"{picked.count(name)} × {name}" for name in dict.fromkeys(picked)]
            content = self.merged(path).content
            said = ", ".join(counts) or "merges by itself"
            lines.append(f"{path}: {said}" + (" (the file goes)" if content is None else ""))
        return lines

    def findings(self, others: Mapping[str, bytes]) -> list[Finding]:
        """Validates the flow as it would be; ``others`` are its files that are not in conflict, merged."""
        files = dict(others)
        for path in self.files:
            content = self.merged(path).content
            if content is not None:
                files[path] = content
        return check(files)


def merged_alone(path: str, base: bytes | None, local: bytes | None, remote: bytes | None) -> bytes | None:
    """Returns a file that is not in conflict as the merge will have it."""
    if local == remote or remote == base:
        return local
    return remote if local == base else Conflicted(path, base, local, remote).merged({}).content


def _find(lines: Sequence[str], wanted: Sequence[str], near: int) -> int:
    """Returns where lines stand, however indented, nearest to a line; that line if they are nowhere."""
    if not wanted:
        return near
    stripped, sought = [line.strip() for line in lines], [line.strip() for line in wanted]
    found = [at for at in range(len(lines)) if stripped[at : at + len(sought)] == sought]
    return min(found, key=lambda at: abs(at - near), default=near)


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


def _taken(place: Place, answer: Answer) -> str | None:
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


def _shown(content: bytes) -> str:
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
