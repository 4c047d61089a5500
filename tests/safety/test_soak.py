"""Soak (issue 4, item 10): random edits on both sides of many flows, two clones, faults on.

Nothing may pile up, and nothing may be lost.

Three people in Studio and the persons of both clones are processes of their own (``soak_actors``), and often edit the
same files; a daemon syncs one clone, the conductor in this process the other. ``FLOWSYNC_SOAK`` sets the seconds (3,600
for the hour of the issue), ``FLOWSYNC_SOAK_FLOWS`` the number of flows.
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.fileshare import ShareFileClient

from daemon_process import Daemon, until
from flowsync.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY
from flowsync.errors import FlowsyncError
from flowsync.share.azure import open_azure
from flowsync.share.azure_retry import Patience
from flowsync.share.location import AzureLocation, parse
from flowsync.sync.conductor import Conductor
from flowsync.sync.opened import linked
from world import EmulatedStudio, Repo, World

from .resources import Resources
from .soak_actors import ACTORS, IN_STUDIO, Part, Settler
from .soak_files import BLIND, DEFINITION, SHARED, new
from .stage import check_nothing_left
from .testimony import Account, Statement
from .tokens import tokens

SECONDS = float(os.environ.get("FLOWSYNC_SOAK", "120"))
FLOWS = int(os.environ.get("FLOWSYNC_SOAK_FLOWS", "100"))
SEED = int(os.environ.get("FLOWSYNC_SOAK_SEED", "4"))
RATES = {"ann": 1.4, "ben": 1.3, "cid": 1.3, "one": 3.0, "two": 3.0}  # edits a second
PAUSE = 4.0  # seconds from the beginning of a sync to the next one's
CHANCES = ("drop_before", "drop_after", "refuse")
PATIENT = Patience(first=0.05, longest=0.5, total=20, first_contact=8)
SETTINGS = {"notify": "none", "requestsPerHour": "10000000", "fastestLook": "5"}


class Served:
    """The emulator as a process of its own, which looks to ``EmulatedStudio`` like one in this process."""

    def __init__(self, place: Path) -> None:
        ready = place / "ready"
        self._data = place / "data"
        command = [sys.executable, "-m", "flowsync", "emulator", "--port", "0", "--data", str(self._data)]
        self.process = subprocess.Popen(
            [*command, "--share", "code", "--control", "--ready-file", str(ready)], stdout=subprocess.DEVNULL
        )
        until(ready.is_file, "the emulator to listen")
        self.url = ready.read_text().strip()
        self.connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName={WELL_KNOWN_ACCOUNT};AccountKey={WELL_KNOWN_KEY};"
            f"FileEndpoint={self.url};"
        )

    def share_folder(self, share: str) -> Path:
        return self._data / WELL_KNOWN_ACCOUNT / share

    def control(self, method: str, topic: str, said: Any = None) -> Any:
        url = f"{self.url.rpartition('/')[0]}/!control/{topic}"
        request = urllib.request.Request(url, json.dumps(said).encode() if said else None, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@dataclass
class Soak:
    """All that takes part."""

    served: Served
    share: EmulatedStudio
    one: World
    two: World
    daemon: Daemon
    place: Path

    @property
    def worlds(self) -> tuple[World, World]:
        return self.one, self.two

    def part(self, name: str) -> Part:
        where = self.served.connection_string if name in IN_STUDIO else str(self.place / name)
        rate = RATES.get(name, 0.0)
        said = str(self.place / f"{name}.testimony")
        return Part(name, where, said, int(rate * SECONDS), rate, FLOWS, SEED)

    def account(self) -> Account:
        return Account.of(self.place.glob("*.testimony*"))


@pytest.fixture
def soak(tmp_path: Path, git_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Soak]:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", None)
    short = Path("/tmp") / f"soak-{os.getpid()}"  # where a socket's path is short enough
    short.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    with contextlib.ExitStack() as ends:
        ends.callback(shutil.rmtree, short)
        served = Served(tmp_path)
        ends.callback(served.end)
        share = EmulatedStudio(served)  # type: ignore[arg-type]
        _found(share, Statement(tmp_path / "founder.testimony", ACTORS.index("founder"), len(ACTORS)))
        one, two = (_clone(tmp_path / name, share) for name in ("one", "two"))
        assert _sync(one) == "done"
        daemon = Daemon(two)
        ends.callback(daemon.end)
        daemon.ready().settled()
        yield Soak(served, share, one, two, daemon, tmp_path)


def _found(share: EmulatedStudio, said: Statement) -> None:
    """The flows as they are at first."""
    for number in range(FLOWS):
        folder = share.folder / f"flow{number:03}"
        folder.mkdir()
        for name in (DEFINITION, SHARED, BLIND):
            content = new(name, said.fresh)
            (folder / name).write_bytes(content)
            said.wrote(None, content, blind=name == BLIND)


def _clone(place: Path, share: EmulatedStudio) -> World:
    repo = Repo(place)
    repo.folder.mkdir()
    repo.git("init", "--quiet")
    world = World(repo.folder, share=share)
    for name, value in SETTINGS.items():
        world.git("config", f"flowsync.{name}", value)
    # An hour of this is years of somebody's edits: the weeks that git gc keeps what no ref holds any more, and the day
    # for which it gives up if that is much, are minutes here.
    for name, value in (("pruneExpire", "10.minutes.ago"), ("logExpiry", "2.minutes.ago")):
        world.git("config", f"gc.{name}", value)
    world.link(settle=2, max_deletes=1)
    return world


def _sync(world: World) -> str:
    location = parse(world.share.url)
    assert isinstance(location, AzureLocation)
    try:
        with linked(world.folder) as link:
            Conductor(link, {}, opener=lambda: open_azure(location, {}, patience=PATIENT)).sync()
    except FlowsyncError as error:
        return f"{type(error).__name__}: {error.message}"
    return "done"


@pytest.mark.slow
@pytest.mark.timeout(9000)
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what a process holds is read from /proc")
def test_nothing_piles_up_and_nothing_is_lost(soak: Soak, capsys: pytest.CaptureFixture[str]) -> None:
    def tell(*said: object) -> None:
        with capsys.disabled():
            print(*said, flush=True)

    seen = _under_way(soak, tell)
    _come_to_rest(soak, tell)
    for name, samples in seen.items():
        samples.append(Resources.of(samples[-1].process))
        tell(f"{name} at rest: {samples[-1]}")
    _check_kept(soak, tell)
    soak.daemon.end()
    _check_left(soak)
    for name, samples in seen.items():
        _check_flat(name, samples)


def _under_way(soak: Soak, tell: Any) -> dict[str, list[Resources]]:
    """Lets the actors edit while the clones are synced; returns what the processes held, all the while."""
    watched = {"syncing": os.getpid(), "daemon": soak.daemon.process.pid, "emulator": soak.served.process.pid}
    seen: dict[str, list[Resources]] = {name: [] for name in watched}
    ended, chance, begin, told = Counter[str](), random.Random(SEED), time.monotonic(), 0
    soak.served.control("POST", "faults", [{"kind": kind, "chance": 0.002, "times": None} for kind in CHANCES])
    actors = [soak.part(name).start() for name in RATES]
    try:
        while any(actor.poll() is None for actor in actors):
            started = time.monotonic()
            skip = chance.randrange(200)
            soak.served.control("POST", "faults", {"kind": chance.choice(CHANCES), "skip": skip})
            ended[_sync(soak.one)] += 1
            for name, process in watched.items():
                seen[name].append(Resources.of(process))
            if (now := time.monotonic() - begin) > told * SECONDS / 12:
                told += 1
                _check_leases_end(soak, chance)
                counts = {rule["kind"]: rule["hits"] for rule in soak.served.control("GET", "faults")[:3]}
                tell(f"{now:.0f} s, syncs {dict(ended)}, faults {counts}, {_last(seen)}")
            time.sleep(max(0.0, started + PAUSE - time.monotonic()))
    finally:
        for actor in actors:
            if actor.poll() is None:
                actor.terminate()
    assert [actor.wait() for actor in actors] == [0] * len(actors)
    made = {name: soak.part(name).edits for name in RATES}
    took = time.monotonic() - begin
    requests = soak.served.control("GET", "counts")
    soak.served.control("DELETE", "faults")
    tell(f"edits {made} in {took:.0f} s ({sum(made.values()) / took:.1f} a second), syncs {dict(ended)}")
    tell(f"merges and conflicts settled {[_merges(world) for world in soak.worlds]}")
    tell(f"requests {sum(requests.values())}, daemon {soak.daemon.state['counters']}")
    return seen


def _merges(world: World) -> tuple[int, int]:
    """The merge commits of a branch, and those of them that settled a conflict."""
    settled = (world.folder.parent / f"{world.folder.name}.testimony.settled").read_text()
    return len(world.git("log", "--merges", "--format=%h", "main").splitlines()), settled.count('"loose"')


def _last(seen: dict[str, list[Resources]]) -> str:
    return "; ".join(f"{name} {samples[-1]}" for name, samples in seen.items())


def _check_leases_end(soak: Soak, chance: random.Random) -> None:
    """Leases that are there now end soon: some files are asked."""
    for place in chance.sample(sorted(soak.share.folder.glob("*/*")), 40):
        file = soak.share.client.get_file_client(f"{soak.share.top}/{place.relative_to(soak.share.folder)}")

        def free(file: ShareFileClient = file) -> bool:
            try:
                return bool(file.get_file_properties()["lease"]["status"] == "unlocked")
            except ResourceNotFoundError:  # deleted or renamed meanwhile
                return True
            except AzureError:  # a fault: asked again
                return False

        until(free, f"the lease of {place} to end")


def _come_to_rest(soak: Soak, tell: Any) -> None:
    """Syncs in turn, and settles what is in conflict, until nothing is left to do."""
    begin = time.monotonic()
    settlers = [Settler(soak.part(name)) for name in ("one", "two")]

    def at_rest() -> bool:
        before = [world.refs() for world in soak.worlds]
        ended = (_sync(soak.one), soak.two.run("sync").code)
        conflicts = sum(settler.settle() for settler in settlers)
        tell(f"coming to rest: {ended}, {conflicts} conflicts")
        return ended == ("done", 0) and not conflicts and [world.refs() for world in soak.worlds] == before

    until(at_rest, "both clones to come to rest", 600)
    tell(f"at rest after {time.monotonic() - begin:.0f} s")


def _check_kept(soak: Soak, tell: Any) -> None:
    """All sides are equal; every token is on them, or was taken away by somebody, or is in a ref."""
    share = {f"flows/{path}": content for path, content in soak.share.files().items()}
    for world in soak.worlds:
        assert {path: content for path, content in world.files().items() if path.startswith("flows/")} == share
    there = {token for content in share.values() for token in tokens(content)}
    blind = {token for path, content in share.items() if path.endswith(BLIND) for token in tokens(content)}
    account = soak.account()
    reachable = set[bytes]().union(*(_in_refs(world) for world in soak.worlds))
    displaced = account.displaced(there)
    tell(
        f"{len(account.wrote | account.blind)} tokens written, {len(there)} there, {len(account.ended)} taken away, "
        f"{len(displaced)} displaced by a blind save, {len(account.overwritten - reachable)} overwritten in Studio "
        f"before anybody saw them, {len(account.loose)} that settling a conflict may bring back"
    )
    assert not account.lost(there), sorted(account.lost(there))
    assert not displaced - reachable, sorted(displaced - reachable)
    assert not account.risen(there, blind), sorted(account.risen(there, blind))


def _in_refs(world: World) -> set[bytes]:
    """The tokens in all that any ref reaches."""
    names = "".join(f"{sha}\n" for sha in sorted(world.reachable()))
    return tokens(world.raw_git("cat-file", "--batch", "--buffer", stdin=names.encode()))


def _check_left(soak: Soak) -> None:
    """No lease, temporary, journal, lock or git process is left."""
    for world in soak.worlds:
        until(lambda world=world: not _gits(world.folder), f"git to end in {world.folder}")
        check_nothing_left(world)
        assert not world.fsck()
        left = [*world.folder.rglob("*.lock"), *world.folder.rglob("tmp_obj_*")]
        assert not [file for file in left if file.parent.name != "flowsync"]
    assert not list((soak.place / "TMPDIR").iterdir())
    assert not list(soak.share.folder.glob(".flowsync*/*"))


def _gits(folder: Path) -> list[str]:
    """The command lines of the git processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            said = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if said.startswith("git ") and Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append(said)
    return found


def _check_flat(name: str, samples: list[Resources]) -> None:
    """What was held at least, late in the run, is not more than it was early."""
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    for what, more in (("files", 3), ("threads", 1), ("children", 0)):
        held = [min(getattr(one, what) for one in some) for some in (early, late)]
        assert held[1] <= held[0] + more, f"{name}: {what} {held}"
    memory = [sorted(one.memory for one in some)[len(some) // 2] for some in (early, late)]
    assert memory[1] < memory[0] * 1.15 + 15, f"{name}: MiB {memory}"
