"""A scenario set up once and played many times: each run gets a copy of the repository and of the emulator's disk.

The share is the emulator, reached through the real SDK; ETags, ids and leases are copied with it. A run is judged by
what git and the share hold, compared with the run in which nothing went wrong.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flowsync.core.tree import FlowName
from flowsync.emulator import Emulator
from flowsync.errors import FlowsyncError
from flowsync.share.azure import open_azure
from flowsync.share.azure_retry import Patience
from flowsync.share.base import Share
from flowsync.share.location import AzureLocation, parse
from flowsync.sync.conductor import Conductor
from flowsync.sync.holds import Consent
from flowsync.sync.opened import linked
from flowsync.sync.result import Result
from world import USER, EmulatedStudio, Repo, World

LARGE = bytes(range(256)) * 4 * 4200  # more than one request carries


async def _at_once(seconds: float) -> None:
    """Sleeps for no time."""


HASTE = Patience(sleep=_at_once, total=0.3, first_contact=3, connect=2.0, read=5.0)


@dataclass(frozen=True)
class Scenario:
    """What both sides hold before, what they edit, and which deletes a person has allowed."""

    name: str
    before: Callable[[World], None]
    edits: Callable[[World], None]
    allow: frozenset[FlowName] = frozenset()
    keys: dict[str, object] = field(default_factory=dict)


def _flow(world: World) -> None:
    world.studio_flow("chat", **{f"{name}_py": f"{name} = 1\n\n\n\nend\n" for name in "abcde"})


def _push(files: dict[str, str | bytes | None]) -> Callable[[World], None]:
    return lambda world: _commit(world, files)


def _commit(world: World, files: dict[str, str | bytes | None]) -> None:
    world.commit({f"flows/chat/{path}": content for path, content in files.items()})


def _studio(files: dict[str, str | bytes | None]) -> Callable[[World], None]:
    return lambda world: world.studio({f"chat/{path}": content for path, content in files.items()})


def _both(world: World) -> None:
    _commit(world, {"a.py": "a = 'here'\n\n\n\nend\n", "new.py": "new\n"})
    world.studio({"chat/a.py": "a = 1\n\n\n\nend, says Studio\n", "chat/b.py": "b = 'there'\n"})


def _new_flow(world: World) -> None:
    files = {"flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n", "n.py": "n\n", "deep/er/m.py": "m\n"}
    world.commit({f"flows/new/{path}": content for path, content in files.items()})


def _nothing(world: World) -> None:
    """Nothing is there yet."""


def _delete_here(world: World) -> None:
    world.git("rm", "-r", "--quiet", "flows/chat")
    world.git("commit", "--quiet", "-m", "away")


def _delete_there(world: World) -> None:
    shutil.rmtree(world.share.folder / "chat")  # type: ignore[attr-defined]


def _into_a_folder(world: World) -> None:
    _commit(world, {"e.py": None})
    _commit(world, {"e.py/x": "x\n"})


def _rename_here(world: World) -> None:
    """Two files get other names, one of them in another folder; the definition follows."""
    before = world.here("chat")
    _commit(world, {"a.py": None, "answer.py": before["a.py"], "b.py": None, "sub/b.py": before["b.py"]})
    _commit(world, {"flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n# 2\n"})


def _rename_there(world: World) -> None:
    share = world.share
    assert isinstance(share, EmulatedStudio)
    share.client.get_file_client(f"{share.top}/chat/a.py").rename_file(f"{share.top}/chat/answer.py")
    share.client.get_file_client(f"{share.top}/chat/b.py").rename_file(f"{share.top}/chat/c.py", overwrite=True)


def _rename_flow_here(world: World) -> None:
    world.git("mv", "flows/chat", "flows/talk")
    world.git("commit", "--quiet", "-m", "a better name")


def _rename_flow_there(world: World) -> None:
    share = world.share
    assert isinstance(share, EmulatedStudio)
    share.client.get_directory_client(f"{share.top}/chat").rename_directory(f"{share.top}/talk")


CHAT = frozenset({FlowName("chat")})
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("push one file", _flow, _push({"a.py": "a = 2\n"})),
        Scenario("push five files", _flow, _push({f"{name}.py": f"{name} = 2\n" for name in "abcde"})),
        Scenario("push a definition", _flow, _push({"flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n# 2\n"})),
        Scenario("push by replacing", _flow, _push({"a.py": "a = 2\n", "b.py": "b = 2\n"}), keys={"write": "replace"}),
        Scenario("push a large file", _flow, _push({"data.bin": LARGE, "a.py": "a = 2\n"})),
        Scenario("push, add and delete", _flow, _push({"a.py": "a = 2\n", "sub/x.py": "x\n", "e.py": None})),
        Scenario("push a new flow", _nothing, _new_flow),
        Scenario("a file becomes a folder", _flow, _into_a_folder),
        Scenario("land edits", _flow, _studio({"a.py": "a = 3\n", "f.py": "f = 3\n", "e.py": None})),
        Scenario("first pull", _nothing, _flow),
        Scenario("both edited", _flow, _both),
        Scenario("deleted in Studio", _flow, _delete_there, CHAT),
        Scenario("deleted here", _flow, _delete_here, CHAT),
        Scenario("renamed here", _flow, _rename_here),
        Scenario("renamed in Studio", _flow, _rename_there),
        Scenario("flow renamed here", _flow, _rename_flow_here),
        Scenario("flow renamed in Studio", _flow, _rename_flow_there),
    )
}


class Stage:
    """One scenario, ready to be played."""

    def __init__(self, place: Path, home: Path, scenario: Scenario) -> None:
        self.place, self.scenario = place, scenario
        self.template, self.runs = place / "template", 0
        repo = Repo(self.template / "repo")
        repo.folder.mkdir(parents=True)
        repo.git("init", "--quiet")
        with Emulator(self.template / "data", shares=("code",)) as emulator:
            self.port = emulator.port
            self.connection = emulator.connection_string
            world = World(repo.folder, share=EmulatedStudio(emulator))
            scenario.before(world)
            world.link(settle=0, max_deletes=1, **scenario.keys)
            self.sync(world)
            shutil.rmtree(repo.folder / ".git/flowsync/identity")  # a copy of a share is another share
            scenario.edits(world)
            self.contents = {*world.share.files().values(), *repo.files().values()}

    @contextmanager
    def play(self) -> Iterator[World]:
        """A fresh copy of the scenario, with the emulator running."""
        self.runs += 1
        place = self.place / f"run-{self.runs}"
        shutil.copytree(self.template, place, symlinks=True)
        try:
            with Emulator(place / "data", port=self.port, log=True) as emulator:
                yield World(place / "repo", share=EmulatedStudio(emulator))
        finally:
            shutil.rmtree(place)

    def open(self, world: World) -> Share:
        """The share, with a client that does not wait before it tries again."""
        location = parse(world.share.url)
        assert isinstance(location, AzureLocation)
        write = "replace" if self.scenario.keys.get("write") == "replace" else "inline"
        environ = {"AZURE_STORAGE_CONNECTION_STRING": self.connection}
        return open_azure(location, environ, concurrency=4, write=write, patience=HASTE)  # type: ignore[arg-type]

    def sync(self, world: World) -> list[Result] | FlowsyncError:
        """Runs one sync in this process."""
        try:
            with linked(world.folder) as link:
                return Conductor(link, {}, opener=lambda: self.open(world)).sync((), Consent(self.scenario.allow))
        except FlowsyncError as error:
            return error


@dataclass
class Outcome:
    """What both sides hold at the end of a run."""

    share: dict[str, bytes]
    branch: dict[str, bytes]


def settle(stage: Stage, world: World) -> None:
    """Syncs as the next runs would, with nothing in the way; they need no help, and soon have nothing to do."""
    for _ in range(4):
        ended = stage.sync(world)
        assert not isinstance(ended, FlowsyncError), ended
        if not ended:
            return
    raise AssertionError(f"not settled: {ended}")


def outcome(world: World) -> Outcome:
    """What both sides hold."""
    branch = {path: content for path, content in world.files().items() if path.startswith("flows/")}
    return Outcome(world.share.files(), branch)


def judge(stage: Stage, world: World, expected: Outcome) -> None:
    """Everything arrived, nothing is lost or left over, and a further sync only lists."""
    emulator = world.share.emulator  # type: ignore[attr-defined]
    assert outcome(world) == expected
    check_nothing_lost(stage, world)
    check_nothing_left(world)
    emulator.reset_counts()
    before = world.refs()
    assert not isinstance(stage.sync(world), FlowsyncError)
    assert set(emulator.counts) <= {"list"}, emulator.counts
    assert world.refs() == before


def check_nothing_lost(stage: Stage, world: World) -> None:
    """All that either side held is in a ref, or still on the share."""
    reachable = world.reachable()
    there = set(world.share.files().values())
    for content in stage.contents:
        if content not in there:
            assert world.git("hash-object", "--stdin", stdin=content) in reachable, content[:80]
    assert not world.fsck()


def check_nothing_left(world: World) -> None:
    """No lease, no temporary, no journal."""
    client = world.share.client  # type: ignore[attr-defined]
    top = f"Users/{USER}/promptflow"
    for path in world.share.files():
        properties = client.get_file_client(f"{top}/{path}").get_file_properties()
        assert properties["lease"]["status"] == "unlocked", path
        assert not path.startswith(".flowsync"), path
    state = Path(world.git("rev-parse", "--path-format=absolute", "--git-common-dir")) / "flowsync"
    assert not list(state.glob("journal/*/*")), list(state.glob("journal/*/*"))
