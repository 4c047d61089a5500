"""A person with real git in a state machine: edits, commits, amends, rebases, resets, switches, merges, resolves.

They do it while flowsync may be at work in the same repository, so whatever git refuses because of that is typed again,
as people do. What a command did to the branch is read from git's own log of it, not from how things stood before.
"""

import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator
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
        if path == DAG or self._seen(flow, DAG) is not None:
            self._write(flow, path, slot)
            self._commit()

    @rule(flow=flows, path=sources)
    @all_saved
    def person_deletes(self, flow: str, path: str) -> None:
        file = self.world.folder / "flows" / flow / path
        with self.git_at_rest():
            if (content := self._seen(flow, path)) is None:
                return
            file.unlink()
            self.ledger.wrote(flow, content, None)
        self._commit()
        if file.exists():  # a checkout that edits it takes a file that is not there for one to be made, as git's own do
            self.ledger.loosen(tokens(content))

    @rule(flow=flows, old=sources, new=st.sampled_from((*SOURCES, "b.py")))
    @all_saved
    def person_renames(self, flow: str, old: str, new: str) -> None:
        file, other = (self.world.folder / "flows" / flow / path for path in (old, new))
        with self.git_at_rest():
            if (content := self._seen(flow, old)) is None or other.exists():
                return
            other.parent.mkdir(exist_ok=True)
            file.rename(other)
            self.ledger.moved |= tokens(content)
        self._commit()

    @rule(old=flows, new=flows)
    @all_saved
    def person_renames_a_flow(self, old: str, new: str) -> None:
        folder, other = (self.world.folder / "flows" / flow for flow in (old, new))
        with self.git_at_rest():
            if self._seen(old, DAG) is None or other.exists():
                return
            self.ledger.carried([file.read_bytes() for file in folder.rglob("*") if file.is_file()], new)
            folder.rename(other)
        self._commit()

    @rule(flow=flows, slot=slots)
    @at_home
    def person_edits(self, flow: str, slot: int) -> None:
        path = f"flows/{flow}/a.py"
        if path not in self.unsaved and self._seen(flow, "a.py") is not None:
            self.unsaved[path] = self._write(flow, "a.py", slot)

    @rule()
    @precondition(lambda self: self.unsaved)
    def person_commits_edits(self) -> None:
        self._commit()
        self.unsaved.clear()

    @rule(flow=flows, slot=slots)
    @all_saved
    def person_amends(self, flow: str, slot: int) -> None:
        if self._one_parent() and self._seen(flow, "a.py") is not None:
            self._write(flow, "a.py", slot)
            self._commit("--amend")

    @rule()
    @at_home
    def person_rewords(self) -> None:
        if self._one_parent():
            self._git("commit", "--quiet", "--amend", "--only", "-m", "reworded")

    @rule(depth=st.integers(1, 3))
    @all_saved
    def person_rebases(self, depth: int) -> None:
        span = f"{self.first}..main"
        line = self.world.git("rev-list", "--first-parent", "--parents", f"-n{depth + 1}", span).splitlines()
        while line and len(line[-1].split()) != 2:  # a merge would be flattened, and nothing is below the first
            line.pop()
        if len(line) > 1 and all(len(one.split()) == 2 for one in line):
            self._quietly("rebase", "--quiet", "--force-rebase", line[-1].split()[0])
            if (self.world.folder / ".git/rebase-merge").exists():
                self._git("rebase", "--abort")

    @rule()
    @all_saved
    def person_resets(self) -> None:
        """What Studio still has comes back, by design; the rest is gone by their will."""
        if not self._one_parent():
            return
        self._git("reset", "--quiet", "--hard", "HEAD~1")
        for before, after in self._moved("reset: "):
            sides = [self._flows(before), self._flows(after)]
            studio = [content for flow in NAMES for content in self.tracked(flow).values()]  # of an amended edit, too
            kept = [content for path, content in sides[0].items() if sides[1].get(path) == content]
            self.ledger.loosen(_held([*sides[0].values(), *sides[1].values(), *studio]) - _held(kept))

    @rule(flow=flows)
    @all_saved
    def person_merges(self, flow: str) -> None:
        if not self.world.tip(f"refs/remotes/studio/{flow}"):
            return
        if not self._quietly("merge", "--quiet", "--no-edit", f"studio/{flow}"):
            if (self.world.folder / ".git/MERGE_HEAD").exists():
                self._git("merge", "--abort")
            return
        for before, after in self._moved(f"merge studio/{flow}"):
            new = _held(self._flows(after).values()) - _held(self._flows(before).values())
            self.ledger.loosen(new & self.ledger.dead.keys())  # git knows no base but its own

    @rule()
    @all_saved
    def person_leaves(self) -> None:
        self._git("switch", "--quiet", "--force-create", "elsewhere")
        self.world.write({"README.md": self.ledger.fresh()})
        self._git("commit", "--quiet", "--all", "-m", "not for Studio")
        self.away = self.world.git("rev-parse", "elsewhere")

    @rule()
    @precondition(lambda self: self.away)
    def person_returns(self) -> None:
        self._git("switch", "--quiet", "main")
        self.away = ""

    def flowsync_answers(self) -> bool:
        """Whether what they type comes to an end by itself."""
        return True

    @rule(flow=flows, side=st.sampled_from(("--ours", "--theirs")))
    @precondition(lambda self: self.flowsync_answers())
    def person_resolves(self, flow: str, side: str) -> None:
        studio = _held(self.tracked(flow).values())
        run = self.world.run("resolve", flow, side, "--json")
        if run.code:
            return
        for commit in (result["commit"] for result in run.json["results"]):
            if not commit:  # the branch stays as it is, and Studio follows
                self.ledger.loosen(studio - _held(self._flows("main").values()))
                continue
            parents = self.world.git("rev-list", "--parents", "-n1", commit).split()[1:]
            before = [b"\n".join(self.world.here(flow, parent).values()) for parent in parents]
            self.ledger.chose(flow, before, b"\n".join(self.world.here(flow, commit).values()))

    def tracked(self, flow: str) -> dict[str, bytes]:
        """What Studio was last seen to hold."""
        tip = self.world.tip(f"refs/remotes/studio/{flow}")
        return self.world.here(flow, tip) if tip else {}

    def _flows(self, ref: str) -> dict[str, bytes]:
        return {path: content for path, content in self.world.files(ref).items() if path.startswith("flows/")}

    def dirty(self) -> set[str]:
        """The paths that are not as they were committed."""
        return {line[3:] for line in self.world.git("status", "--porcelain", "-uall").splitlines()}

    def _seen(self, flow: str, path: str) -> bytes | None:
        file: Path = self.world.folder / "flows" / flow / path
        return file.read_bytes() if file.is_file() else None

    def _write(self, flow: str, path: str, slot: int) -> bytes:
        with self.git_at_rest():
            before = self._seen(flow, path)
            content = self.edited(path, before, slot)
            self.world.write({f"flows/{flow}/{path}": content})
            self.ledger.wrote(flow, before, content)
        return content

    def _commit(self, *options: str) -> None:
        """Commits what is edited; in ``live`` mode flowsync may do so first, and then it is done."""

        def attempt() -> bool:
            if not self.world.git("status", "--porcelain", "--", "flows"):
                return True
            staged = self._quietly("add", "--all", "--", "flows")
            return staged and self._quietly("commit", "--quiet", "-m", "an edit", *options)

        self.try_again(attempt, "a commit")

    def _git(self, *arguments: str) -> None:
        self.try_again(lambda: self._quietly(*arguments), f"git {' '.join(arguments)}")

    def _quietly(self, *arguments: str) -> bool:
        command = ["git", "-C", str(self.world.folder), *arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _one_parent(self) -> bool:
        tip, *parents = self.world.git("rev-list", "--parents", "-n1", "main").split()
        return tip != self.first and len(parents) == 1

    def _moved(self, why: str) -> Iterator[tuple[str, str]]:
        """Yields from where to where HEAD's last move of this sort went."""
        for line in reversed((self.world.folder / ".git/logs/HEAD").read_text().splitlines()):
            said, _, what = line.partition("\t")
            if what.startswith(why):
                before, after = said.split(" ")[:2]
                yield before, after
                return


def _held(contents: Iterable[bytes]) -> set[bytes]:
    return {token for content in contents for token in tokens(content)}


def judge(acts: PersonActs, waiting: Collection[str]) -> None:
    """At rest: nothing is lost, nothing is back from the dead, and both sides agree but for flows that wait."""
    here, there = ({flow: side(flow) for flow in NAMES} for side in (acts.world.here, acts.world.there))
    everywhere = _held(content for side in (here, there) for files in side.values() for content in files.values())
    lost = acts.ledger.alive.keys() - everywhere
    assert not lost, f"lost {sorted(lost)}"
    for flow in set(NAMES).difference(waiting):
        if DAG in {**here[flow], **there[flow]} or acts.world.tip(f"refs/remotes/studio/{flow}"):
            assert here[flow] == there[flow], f"{flow} differs, and nothing says why"
        back = _held(there[flow].values()) & acts.ledger.dead.keys() - acts.ledger.moved
        assert not back, f"{flow}: back from the dead {sorted(back)}"
