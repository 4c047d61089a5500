"""A person with real git in a state machine: edits, commits, deletes, renames, resolves; and the judge at rest.

They do it while flowsync may be at work in the same repository, so whatever git refuses because of that is typed again,
as people do. What they do to history is in ``history_acts``.
"""

import subprocess
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from .studio_acts import NAMES, SOURCES, StudioActs, flows, paths, slots, sources
from .tokens import tokens
from .writing import DAG

at_home = precondition(lambda self: not self.away)
all_saved = precondition(lambda self: not self.away and not self.unsaved)


class PersonActs(StudioActs):
    """Adds a person. ``unsaved`` are uncommitted edits, by path; ``away`` is the tip of another branch they are on."""

    unsaved: dict[str, bytes]
    away: str
    first: str  # what was before any flow; nobody rewrites that

    def make_world(self, **keys: object) -> None:
        super().make_world(**keys)
        self.unsaved, self.away = {}, ""
        self.first = self.world.commit({"README.md": "read me\n"}, "a file that is nobody's flow")

    def git_at_rest(self) -> Any:
        """No git moves files in here: a save in the middle of a checkout is lost to git itself, with or without us."""
        return nullcontext()

    def try_again(self, attempt: Callable[[], bool], what: str) -> None:
        """Attempts something until git lets it be done."""
        assert attempt(), f"git refused {what}"

    @rule(flow=flows, path=paths, slot=slots)
    @all_saved
    def person_commits(self, flow: str, path: str, slot: int) -> None:
        if path == DAG or self.seen(flow, DAG) is not None:
            self.write(flow, path, slot)
            self.commit()

    @rule(flow=flows, path=sources)
    @all_saved
    def person_deletes(self, flow: str, path: str) -> None:
        file = self.world.folder / "flows" / flow / path
        with self.git_at_rest():
            if (content := self.seen(flow, path)) is None:
                return
            file.unlink()
            self.ledger.wrote(flow, content, None)
        self.commit()
        if file.exists():  # a checkout that edits it takes a file that is not there for one to be made, as git's own do
            self.ledger.loosen(tokens(content))

    @rule(flow=flows, old=sources, new=st.sampled_from((*SOURCES, "b.py")))
    @all_saved
    def person_renames(self, flow: str, old: str, new: str) -> None:
        file, other = (self.world.folder / "flows" / flow / path for path in (old, new))
        with self.git_at_rest():
            if (content := self.seen(flow, old)) is None or other.exists():
                return
            other.parent.mkdir(exist_ok=True)
            file.rename(other)
            self.ledger.moved |= tokens(content)
        self.commit()

    @rule(old=flows, new=flows)
    @all_saved
    def person_renames_a_flow(self, old: str, new: str) -> None:
        folder, other = (self.world.folder / "flows" / flow for flow in (old, new))
        with self.git_at_rest():
            if self.seen(old, DAG) is None or other.exists():
                return
            self.ledger.carried([file.read_bytes() for file in folder.rglob("*") if file.is_file()], new)
            folder.rename(other)
        self.commit()

    @rule(flow=flows, slot=slots)
    @at_home
    def person_edits(self, flow: str, slot: int) -> None:
        path = f"flows/{flow}/a.py"
        if path not in self.unsaved and self.seen(flow, "a.py") is not None:
            self.unsaved[path] = self.write(flow, "a.py", slot)

    @rule()
    @precondition(lambda self: self.unsaved)
    def person_commits_edits(self) -> None:
        self.commit()
        self.unsaved.clear()

    def flowsync_answers(self) -> bool:
        """Whether what they type comes to an end by itself."""
        return True

    @rule(flow=flows, side=st.sampled_from(("--ours", "--theirs")))
    @precondition(lambda self: self.flowsync_answers())
    def person_resolves(self, flow: str, side: str) -> None:
        studio = held(self.tracked(flow).values())
        run = self.world.run("resolve", flow, side, "--json")
        if run.code:
            return
        for commit in (result["commit"] for result in run.json["results"]):
            if not commit:  # the branch stays as it is, and Studio follows
                self.ledger.loosen(studio - held(self.flows("main").values()))
                continue
            parents = self.world.git("rev-list", "--parents", "-n1", commit).split()[1:]
            before = [b"\n".join(self.world.here(flow, parent).values()) for parent in parents]
            self.ledger.chose(flow, before, b"\n".join(self.world.here(flow, commit).values()))

    def tracked(self, flow: str) -> dict[str, bytes]:
        """What Studio was last seen to hold."""
        tip = self.world.tip(f"refs/remotes/studio/{flow}")
        return self.world.here(flow, tip) if tip else {}

    def flows(self, ref: str) -> dict[str, bytes]:
        return {path: content for path, content in self.world.files(ref).items() if path.startswith("flows/")}

    def dirty(self) -> set[str]:
        """The paths that are not as they were committed."""
        return {line[3:] for line in self.world.git("status", "--porcelain", "-uall").splitlines()}

    def seen(self, flow: str, path: str) -> bytes | None:
        file: Path = self.world.folder / "flows" / flow / path
        return file.read_bytes() if file.is_file() else None

    def write(self, flow: str, path: str, slot: int) -> bytes:
        with self.git_at_rest():
            before = self.seen(flow, path)
            content = self.edited(path, before, slot)
            self.world.write({f"flows/{flow}/{path}": content})
            self.ledger.wrote(flow, before, content)
        return content

    def commit(self, *options: str) -> None:
        """Commits what is edited; in ``live`` mode flowsync may do so first, and then it is done."""

        def attempt() -> bool:
            if not self.world.git("status", "--porcelain", "--", "flows"):
                return True
            staged = self.quietly("add", "--all", "--", "flows")
            return staged and self.quietly("commit", "--quiet", "-m", "an edit", *options)

        self.try_again(attempt, "a commit")

    def git(self, *arguments: str) -> None:
        self.try_again(lambda: self.quietly(*arguments), f"git {' '.join(arguments)}")

    def quietly(self, *arguments: str) -> bool:
        command = ["git", "-C", str(self.world.folder), *arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def held(contents: Iterable[bytes]) -> set[bytes]:
    return {token for content in contents for token in tokens(content)}


def judge(acts: PersonActs, waiting: Collection[str]) -> None:
    """At rest: nothing is lost, nothing is back from the dead, and both sides agree but for flows that wait."""
    here, there = ({flow: side(flow) for flow in NAMES} for side in (acts.world.here, acts.world.there))
    everywhere = held(content for side in (here, there) for files in side.values() for content in files.values())
    lost = acts.ledger.alive.keys() - everywhere
    assert not lost, f"lost {sorted(lost)}"
    for flow in set(NAMES).difference(waiting):
        if DAG in {**here[flow], **there[flow]} or acts.world.tip(f"refs/remotes/studio/{flow}"):
            assert here[flow] == there[flow], f"{flow} differs, and nothing says why"
        back = held(there[flow].values()) & acts.ledger.dead.keys() - acts.ledger.moved
        assert not back, f"{flow}: back from the dead {sorted(back)}"
