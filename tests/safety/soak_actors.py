"""The actors of the soak, each a process of its own: three people in Studio, and the persons of two clones.

``python -m safety.soak_actors JSON`` makes one actor's edits, at its pace, and ends. What it did is in its testimony.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.fileshare import ShareClient, ShareFileClient

from world import USER, World

from .soak_files import BLIND, DEFINITION, SHARED, edited
from .testimony import Statement

IN_STUDIO = ("ann", "ben", "cid")
ACTORS = (*IN_STUDIO, "one", "two", "founder")
PATIENCE = 300.0  # seconds, for what others hold
_HOT = 20  # flows that get half of the edits


@dataclass
class Part:
    """What one actor is told."""

    name: str
    place: str  # of the clone, or the connection string
    testimony: str
    edits: int
    rate: float
    flows: int
    seed: int

    def speaks(self) -> Statement:
        return Statement(Path(self.testimony), ACTORS.index(self.name), len(ACTORS))

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "safety.soak_actors", json.dumps(asdict(self))]
        return subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdin=subprocess.DEVNULL)


class Actor:
    """Edits at a pace; one that fell behind hurries."""

    def __init__(self, part: Part) -> None:
        self.part, self.said = part, part.speaks()
        self.chance = random.Random(f"{part.name}{part.seed}")

    def work(self) -> None:
        begin = time.monotonic()
        while self.said.edits < self.part.edits:
            time.sleep(max(0.0, begin + self.said.edits / self.part.rate - time.monotonic()))
            flow = f"flow{self.chance.randrange(_HOT if self.chance.random() < 0.5 else self.part.flows):03}"
            self.edit(flow, self.chance.random())

    def edit(self, flow: str, dice: float) -> None:
        """Edits a file of the flow."""
        if dice < 0.4:
            self.own(flow)
        else:
            self.shared(flow, SHARED if dice < 0.8 else DEFINITION if dice < 0.92 else BLIND)

    def own(self, flow: str) -> None:
        """Edits, deletes or renames a file of the actor's own."""
        raise NotImplementedError

    def shared(self, flow: str, name: str) -> None:
        """Edits a file that all actors edit."""
        raise NotImplementedError


class Studio(Actor):
    """Somebody in Studio. A request that failed is made again until it is done."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.top = f"Users/{USER}/promptflow"
        self.client = ShareClient.from_connection_string(part.place, "code", retry_total=0)
        self.mine: dict[str, bytes] = {}

    def own(self, flow: str) -> None:
        path, other = (f"{flow}/{self.part.name}{ending}" for ending in (".py", "_renamed.py"))
        kind = self.chance.random()
        file, before = self.file(path), self.mine.get(path)
        if before and kind < 0.1:
            _surely(file.delete_file)
            self.said.wrote(self.mine.pop(path), None)
        elif before and kind < 0.2:
            _surely(lambda: file.rename_file(f"{self.top}/{other}", overwrite=True))
            self.said.wrote(self.mine.get(other), None)
            self.mine[other] = self.mine.pop(path)
        else:
            content = b"own = '%s'\n" % self.said.fresh()
            self.said.tries(before or b"", content)
            _surely(lambda: file.upload_file(content))
            self.said.wrote(before, content)
            self.mine[path] = content

    def shared(self, flow: str, name: str) -> None:
        file = self.file(f"{flow}/{name}")
        if name == BLIND:
            self._edit_blindly(file)
        elif lease := _leased(file):
            try:
                self._edit(file, lease)
            finally:
                _released(file, lease)

    def _edit(self, file: ShareFileClient, lease: str) -> None:
        old = _read(file, lease)
        new = edited(old, self.part.name, self.said.fresh(), self.chance)
        assert new is not None, f"half a file under a lease: {old!r}"
        self.said.tries(old, new)
        _surely(lambda: file.upload_file(new, lease=lease))
        self.said.wrote(old, new)

    def _edit_blindly(self, file: ShareFileClient) -> None:
        """Saves what was read a while ago over whatever is there now.

        Of the people in Studio one saves at a time, so that each knows what of the others' it overwrites.
        """
        old = _read(file)
        new = edited(old, self.part.name, self.said.fresh(), self.chance)
        if new is None:
            return
        time.sleep(self.chance.uniform(0, 0.3))
        self.said.tries(old, new)
        with _alone(Path(self.part.testimony).with_name("blind.turn")):
            over = _read(file)
            _surely(lambda: file.upload_file(new))
        self.said.overwrote(old, over, new)
        self.said.wrote(old, new, blind=True)

    def file(self, path: str) -> ShareFileClient:
        return self.client.get_file_client(f"{self.top}/{path}")


def _surely(request: Callable[[], Any]) -> Any:
    """Makes a request until it is done; what is not there any more was done by one whose reply was lost."""
    deadline, tried = time.monotonic() + PATIENCE, 0
    while True:
        try:
            return request()
        except ResourceNotFoundError:
            if not tried:
                raise
            return None
        except AzureError:
            if time.monotonic() > deadline:
                raise
        tried += 1
        time.sleep(0.02)


def _read(file: ShareFileClient, lease: str | None = None) -> bytes:
    content: bytes = _surely(lambda: file.download_file(lease=lease).readall())
    return content


@contextlib.contextmanager
def _alone(turn: Path) -> Iterator[None]:
    """Waits until no other process has its turn."""
    with turn.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _leased(file: ShareFileClient) -> str | None:
    """Takes a lease; None if somebody has one, who may need it for a while."""
    lease = str(uuid.uuid4())

    def acquire() -> bool:
        try:
            file.acquire_lease(lease_id=lease)
        except HttpResponseError as error:
            if error.error_code != "LeaseAlreadyPresent":
                raise
            return False
        return True

    return lease if _surely(acquire) else None


def _released(file: ShareFileClient, lease: str) -> None:
    from azure.storage.fileshare import ShareLeaseClient

    def release() -> None:
        try:
            ShareLeaseClient(file, lease_id=lease).release()
        except HttpResponseError as error:
            if error.error_code not in ("LeaseIdMismatchWithLeaseOperation", "LeaseNotPresentWithLeaseOperation"):
                raise

    _surely(release)


class Person(Actor):
    """Somebody with a clone: commits, and settles conflicts. What flowsync holds is tried again, as people do."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.world = World(Path(part.place))
        self.hands = threading.Lock()  # nobody commits while they settle a conflict

    def work(self) -> None:
        """Edits, and settles conflicts in a second terminal."""
        over = threading.Event()
        settling = threading.Thread(target=self._settle_until, args=(over,))
        settling.start()
        try:
            super().work()
        finally:
            over.set()
            settling.join()

    def edit(self, flow: str, dice: float) -> None:
        with self.hands:
            super().edit(flow, dice)

    def _settle_until(self, over: threading.Event) -> None:
        settler = Settler(self.part, self.hands)
        while not over.wait(10):
            settler.settle()

    def own(self, flow: str) -> None:
        path, other = (f"flows/{flow}/{self.part.name}{ending}" for ending in (".py", "_renamed.py"))
        kind = self.chance.random()
        with Locked(self.world.folder):
            file, target = self.world.folder / path, self.world.folder / other
            old = file.read_bytes() if file.is_file() else None
            over = target.read_bytes() if target.is_file() else None
            if old and kind < 0.1:
                file.unlink()
                names, before, after = [path], old, None
            elif old and kind < 0.2:
                file.replace(target)
                names, before, after = [path, other], over, None
            else:
                after = b"own = '%s'\n" % self.said.fresh()
                file.write_bytes(after)
                names, before = [path], old
        self._commit(names)
        self.said.wrote(before, after)

    def shared(self, flow: str, name: str) -> None:
        path = f"flows/{flow}/{name}"
        with Locked(self.world.folder):
            old = (self.world.folder / path).read_bytes()
            new = edited(old, self.part.name, self.said.fresh(), self.chance)
            if new is not None:
                (self.world.folder / path).write_bytes(new)
        if new is not None:
            self._commit([path])
            self.said.wrote(old, new, blind=name == BLIND)

    def _commit(self, paths: list[str]) -> None:
        """Commits files, from ``git add`` on until git does it: a merge that had read the index undoes the adding."""
        deadline = time.monotonic() + PATIENCE
        commit = ("commit", "--quiet", "-m", f"an edit of {self.part.name}", "--", *paths)
        while True:
            if self._unknown(paths):
                _git(self.world.folder, "add", "--all", "--", *paths)
            done = _git(self.world.folder, *commit)
            if not done.returncode:
                return
            assert time.monotonic() < deadline, done.stderr.decode()
            time.sleep(0.02)

    def _unknown(self, paths: list[str]) -> bool:
        """Tells whether git may not know one of the files yet: those that others edit, too, are always there."""
        return not any(path.endswith((SHARED, BLIND, DEFINITION)) for path in paths)


class Settler:
    """The same person, where conflicts are settled: one side or the other."""

    def __init__(self, part: Part, hands: AbstractContextManager[Any] | None = None) -> None:
        self._hands = hands or nullcontext()
        self.said = dataclasses.replace(part, testimony=f"{part.testimony}.settled").speaks()
        self.world, self.chance = World(Path(part.place)), random.Random(part.seed)

    def settle(self) -> int:
        """Resolves what is in conflict; returns how many flows were."""
        said = self.world.process("status", "--json")
        assert said.code == 0, str(said)
        clashes = [row["name"] for row in said.json["flows"] if row["state"] == "conflict"]
        for flow in clashes:
            self._resolve(flow, self.chance.choice(("--ours", "--theirs")))
        return len(clashes)

    def _resolve(self, flow: str, side: str) -> None:
        with self._hands:
            said = self.world.process("resolve", flow, side, "--json")
        done = [row for row in said.json["results"] if row.get("commit")] if said.out.startswith("{") else []
        for row in done:  # else it waits, and is looked at again
            parents = self.world.git("rev-parse", f"{row['commit']}^@").split()
            sides = [self._content(parent, flow) for parent in parents]
            self.said.chose(sides, self._content(row["commit"], flow))

    def _content(self, commit: str, flow: str) -> bytes:
        files = self.world.files(commit, f"flows/{flow}")
        return b"\n".join(content for _, content in sorted(files.items()))


class Locked:
    """Git's own lock, for the moment of an edit: nobody replaces a file between the look at it and its save."""

    def __init__(self, folder: Path) -> None:
        self._lock = folder / ".git/index.lock"

    def __enter__(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                os.close(os.open(self._lock, os.O_CREAT | os.O_EXCL))
                return
            except FileExistsError:
                assert time.monotonic() < deadline, self._lock
                time.sleep(0.005)

    def __exit__(self, *_: object) -> None:
        self._lock.unlink()


def _git(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)


def main() -> None:
    part = Part(**json.loads(sys.argv[1]))
    (Studio(part) if part.name in IN_STUDIO else Person(part)).work()


if __name__ == "__main__":
    main()
