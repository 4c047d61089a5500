"""Studio in a state machine: it saves, deletes and renames on a folder share, while flowsync may be at work on it.

Nobody can stop the world to look: what a save replaced is known because it is *exchanged* for what was there. What
Studio had not seen when it saved may stay or go; what it had seen, it has overwritten by its own will.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from flowsync.share.folder_dir import Dir
from flowsync.share.folder_swap import exchange, move_new
from world import FolderStudio, World

from .tokens import Ledger, tokens
from .writing import DAG, fresh, needs

FLOWS = ("chat", "triage")
NAMES = (*FLOWS, "talk")  # flows are renamed to and fro among these
SOURCES = ("a.py", "sub/c.py")
PATHS = (*SOURCES, DAG)
SPACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
flows, paths, sources, slots = map(st.sampled_from, (NAMES, PATHS, SOURCES, range(3)))


class StudioActs(RuleBasedStateMachine):
    """A world with flows in it, and Studio."""

    place: Path
    world: World
    ledger: Ledger
    saved: set[bytes]  # all that Studio ever wrote

    def make_world(self, **keys: object) -> None:
        """An empty repository beside a folder share with two flows."""
        self.place = Path(tempfile.mkdtemp(prefix="flowsync-acts-", dir=SPACE))
        (self.place / "repo").mkdir()
        (self.place / "studio").mkdir()
        self.world = World(self.place / "repo", share=FolderStudio(self.place / "share"))
        self.world.git("init", "--quiet", "--initial-branch=main")
        self.world.link(settle=0, max_deletes=1, **keys)
        self.ledger, self.saved = Ledger(), set()
        for flow in FLOWS:
            for path in (DAG, "sub/c.py"):
                self._save(flow, path, self.new(path))

    @property
    def share(self) -> Path:
        return self.world.share.folder  # type: ignore[attr-defined, no-any-return]

    @rule(flow=flows, path=paths, slot=slots)
    def studio_saves(self, flow: str, path: str, slot: int) -> None:
        if path == DAG or self._there(f"{flow}/{DAG}") is not None:
            self._save(flow, path, self.edited(path, self._there(f"{flow}/{path}"), slot))

    @rule(flow=flows, path=sources)
    def studio_deletes(self, flow: str, path: str) -> None:
        before, away = self._there(f"{flow}/{path}"), self.place / "studio/away"
        with suppress(FileNotFoundError):
            _move(self.share / flow / path, away)
            self._overwrote(flow, before, away.read_bytes(), None)
            away.unlink()

    @rule(flow=flows, old=sources, new=st.sampled_from((*SOURCES, "b.py")))
    def studio_renames(self, flow: str, old: str, new: str) -> None:
        if self._there(f"{flow}/{old}") is not None:
            (self.share / flow / new).parent.mkdir(exist_ok=True)
            with suppress(FileNotFoundError, FileExistsError):
                _move(self.share / flow / old, self.share / flow / new)
                self.ledger.moved |= tokens(self._there(f"{flow}/{new}"))

    @rule(old=flows, new=flows)
    def studio_renames_a_flow(self, old: str, new: str) -> None:
        if (self.share / old / DAG).exists() and not (self.share / new).exists():
            (self.share / old).rename(self.share / new)
            found = (self._there(str(file.relative_to(self.share))) for file in (self.share / new).rglob("*.*"))
            self.ledger.carried([content for content in found if content is not None], new)

    def _there(self, path: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self.share / path).read_bytes()
        return None

    def _save(self, flow: str, path: str, content: bytes) -> None:
        """Puts a whole content in the place of what is there, in one step."""
        before = self._there(f"{flow}/{path}")
        place, new = self.share / flow / path, self.place / "studio/new"
        place.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        self.saved.add(content)
        self._overwrote(flow, before, _swap(new, place), content)

    def _overwrote(self, flow: str, seen: bytes | None, replaced: bytes | None, content: bytes | None) -> None:
        self.ledger.wrote(flow, seen, content)
        self.ledger.loosen(tokens(replaced) ^ tokens(seen))

    def new(self, path: str) -> bytes:
        """A content that holds nothing but new tokens."""
        return fresh(path, [self.ledger.fresh() for _ in range(needs(path))])

    def edited(self, path: str, old: bytes | None, slot: int) -> bytes:
        """The content with one of its tokens replaced."""
        if old is None or path == DAG:
            return self.new(path)
        lines = old.split(b"\n")
        places = [index for index, line in enumerate(lines) if b" = '" in line]
        if not places:
            return self.new(path)
        at = places[slot % len(places)]
        lines[at] = lines[at].split(b" = '")[0] + b" = '" + self.ledger.fresh() + b"'"
        return b"\n".join(lines)


def _swap(new: Path, place: Path) -> bytes | None:
    """Puts a file in the place of another, and returns what that held, None if there was none."""
    while True:
        try:
            _move(new, place)
        except FileExistsError:
            with _opened(new.parent) as source, _opened(place.parent) as target:
                try:
                    exchanged = exchange(source, new.name, target, place.name)
                except FileNotFoundError:  # deleted since
                    continue
            if exchanged:
                return new.read_bytes()
            replaced = place.read_bytes()  # this system has no exchange
            new.replace(place)
            return replaced
        else:
            return None


def _move(old: Path, new: Path) -> None:
    """Moves a file to a name where nothing stands."""
    with _opened(old.parent) as source, _opened(new.parent) as target:
        move_new(source, old.name, target, new.name)


@contextmanager
def _opened(folder: Path) -> Iterator[Dir]:
    found = Dir.root(str(folder))
    try:
        yield found
    finally:
        found.close()
