"""What a person does to history in a state machine: amends, rewords, rebases, resets, merges, switches branches.

What a command did to the branch is read from git's own log of it, not from how things stood before.
"""

from collections.abc import Iterator

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from .person_acts import PersonActs, all_saved, at_home, held
from .studio_acts import NAMES, flows, slots
from .writing import DAG


class HistoryActs(PersonActs):
    """Adds what rewrites the branch, joins it, or leaves it."""

    @rule(flow=flows, slot=slots)
    @all_saved
    def person_amends(self, flow: str, slot: int) -> None:
        if self._one_parent() and self.seen(flow, "a.py") is not None:
            self.write(flow, "a.py", slot)
            self.commit("--amend")

    @rule()
    @at_home
    def person_rewords(self) -> None:
        if self._one_parent():
            self.git("commit", "--quiet", "--amend", "--only", "-m", "reworded")

    @rule(depth=st.integers(1, 3))
    @all_saved
    def person_rebases(self, depth: int) -> None:
        span = f"{self.first}..main"
        line = self.world.git("rev-list", "--first-parent", "--parents", f"-n{depth + 1}", span).splitlines()
        while line and len(line[-1].split()) != 2:  # a merge would be flattened, and nothing is below the first
            line.pop()
        if len(line) > 1 and all(len(one.split()) == 2 for one in line):
            self.quietly("rebase", "--quiet", "--force-rebase", line[-1].split()[0])
            if (self.world.folder / ".git/rebase-merge").exists():
                self.git("rebase", "--abort")

    @rule()
    @all_saved
    def person_resets(self) -> None:
        """What Studio still has comes back, by design; the rest is gone by their will."""
        if not self._one_parent():
            return
        self.git("reset", "--quiet", "--hard", "HEAD~1")
        for before, after in self._moved("reset: "):
            sides = [self.flows(before), self.flows(after)]
            studio = [content for flow in NAMES for content in self.tracked(flow).values()]  # of an amended edit, too
            # what is gone in Studio goes here, too: there is no keeping it by a flow that a reset one was renamed from
            there = {flow for flow in NAMES if self._there(f"{flow}/{DAG}") is not None}
            kept = [
                content
                for path, content in sides[0].items()
                if sides[1].get(path) == content and path.split("/")[1] in there
            ]
            self.ledger.loosen(held([*sides[0].values(), *sides[1].values(), *studio]) - held(kept))

    @rule(flow=flows)
    @all_saved
    def person_merges(self, flow: str) -> None:
        if not self.world.tip(f"refs/remotes/studio/{flow}"):
            return
        if not self.quietly("merge", "--quiet", "--no-edit", f"studio/{flow}"):
            if (self.world.folder / ".git/MERGE_HEAD").exists():
                self.git("merge", "--abort")
            return
        for before, after in self._moved(f"merge studio/{flow}"):
            here, now = held(self.flows(before).values()), held(self.flows(after).values())
            self.ledger.loosen((now - here) & self.ledger.dead.keys())  # git knows no base but its own
            # and where the other side renamed a flow's folder, it takes one that came back here under the old name for
            # the renamed one, and drops it; the commit before has it
            self.ledger.loosen((here - now) & self.ledger.alive.keys())

    @rule()
    @all_saved
    def person_leaves(self) -> None:
        self.git("switch", "--quiet", "--force-create", "elsewhere")
        self.world.write({"README.md": self.ledger.fresh()})
        self.git("commit", "--quiet", "--all", "-m", "not for Studio")
        self.away = self.world.git("rev-parse", "elsewhere")

    @rule()
    @precondition(lambda self: self.away)
    def person_returns(self) -> None:
        self.git("switch", "--quiet", "main")
        self.away = ""

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
