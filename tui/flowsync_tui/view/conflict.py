"""A conflict while a person settles it: what was picked so far, and what that makes of the files.

Nothing is written: the result is what ``answers`` returns, which the daemon is told once, at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowsync.core.check import Finding, check
from flowsync.core.lines import edits
from flowsync.core.merge import union
from flowsync_tui.view.conflicted import Answer, Choice, Conflicted, Merge, Place, readable, taken
from flowsync_tui.view.contents import lines_of

KEPT = 64  # merges that are remembered while a person picks


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
            if place.whole and not self.files[place.file].mergeable:
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
        return None if answer is None else taken(place, answer)

    def preview(self, place: Place) -> "Preview":
        """Returns the file as it will be, and which of its lines come from what was picked at a place."""
        merge = self.merged(place.file)
        lines = lines_of(readable(merge.content)) if merge.content is not None else []
        if self.answer(place) is None or place.whole:
            return Preview(lines, range(0), merge.content is None)
        others = {key: one for (file, key), one in self._answers.items() if file == place.file and key != place.key}
        open_here = lines_of(readable(self._merged(place.file, others).content or b""))
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


def _find(lines: Sequence[str], wanted: Sequence[str], near: int) -> int:
    """Returns where lines stand, however indented, nearest to a line; that line if they are nowhere."""
    if not wanted:
        return near
    stripped, sought = [line.strip() for line in lines], [line.strip() for line in wanted]
    found = [at for at in range(len(lines)) if stripped[at : at + len(sought)] == sought]
    return min(found, key=lambda at: abs(at - near), default=near)
