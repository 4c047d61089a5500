"""A power cut takes what is not on the disk yet: what is done relies on nothing that is not.

strace shows what a real run writes, brings to the disk (fsync) and renames, its git processes included. When a ref
moves, all objects are on the disk, and its own new value; when the share is changed, so are refs and journal; and a
file that comes into the worktree, and the index, are.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from world import World

from .tracing import needs_strace

_CALLS = "openat,fsync,fdatasync,?rename,renameat,renameat2,?link,linkat,?unlink,unlinkat,pwrite64,chdir"
_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(.*)")
_WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ANCHORS = re.compile(r'(?:AT_FDCWD|\d+)<([^>]*)>, "')
_NAMED = re.compile(r"\d+<([^>]*)>")


@dataclass
class Disk:
    """What would be lost by a power cut, call by call."""

    world: World
    young: set[str] = field(default_factory=set)  # files that were written and not brought to the disk
    broken: list[str] = field(default_factory=list)
    moved: int = 0  # refs
    changed: int = 0  # files of the share
    placed: int = 0  # files of the worktree

    def take(self, call: str, words: list[str], line: str) -> None:
        """Takes in a call, and notes what it relies on too early."""
        if call == "openat":
            if re.search(r"O_WRONLY|O_RDWR", line) and re.search(r"O_CREAT|O_TRUNC", line):
                self.young.add(words[0])
        elif call in ("fsync", "fdatasync") or call.startswith("unlink"):
            self.young.discard(words[0])
        elif call == "pwrite64":
            if words[0].endswith("/flowsync/cache.db"):
                self._needs(line, *self._below("objects"))
        elif call.startswith(("rename", "link")):
            old, new = words
            self._named(old, new, line)
            if old in self.young:
                self.young.add(new)
                if call.startswith("rename"):
                    self.young.discard(old)

    def _named(self, old: str, new: str, line: str) -> None:
        """Judges a new name of a file."""
        git, share = f"{self.world.folder}/.git", f"{self.world.share.folder}"  # type: ignore[attr-defined]
        if new.startswith(f"{git}/refs/"):
            self.moved += 1
            self._needs(line, old, *self._below("objects"))
        elif new.startswith(f"{share}/") and not new.startswith(f"{share}/.flowsync"):
            self.changed += 1
            self._needs(line, *self._below("objects", "refs", "flowsync/journal"))
        elif new == f"{git}/index":
            self._needs(line, old)
        elif new.startswith(f"{self.world.folder}/") and not new.startswith(f"{git}/"):
            self.placed += 1
            self._needs(line, old)

    def _below(self, *folders: str) -> list[str]:
        """What is not on the disk in these folders of git's, but its temporary files, which nothing names."""
        places = tuple(f"{self.world.folder}/.git/{folder}/" for folder in folders)
        return [file for file in self.young if file.startswith(places) and "tmp_" not in file.rpartition("/")[2]]

    def _needs(self, line: str, *files: str) -> None:
        self.broken += [f"{file} is not on the disk: {line}" for file in files if file in self.young]


def calls(log: Path, start: str) -> Iterator[tuple[str, list[str], str]]:
    """Yields each call that did something: its name, the absolute paths in it, and the line."""
    begun: dict[str, str] = {}
    folders: dict[str, str] = {}
    for raw in log.read_text(errors="replace").splitlines():
        found = _LINE.fullmatch(raw)
        assert found, raw
        process, said = found.groups()
        if said.endswith("<unfinished ...>"):
            begun[process] = said.removesuffix("<unfinished ...>")
            continue
        if said.startswith("<... "):
            said = begun.pop(process) + said.partition("resumed>")[2]
        if not (call := _CALL.fullmatch(said)) or call[3] in ("?", "-1"):
            continue
        name, arguments = call[1], call[2]
        if name == "chdir":
            folders[process] = os.path.join(folders.get(process, start), _WORDS.findall(arguments)[0])
        elif name in ("fsync", "fdatasync", "pwrite64"):
            yield name, _NAMED.findall(arguments)[:1], raw[:200]
        else:
            here = folders.get(process, start)
            words = _WORDS.findall(arguments)
            anchors = _ANCHORS.findall(arguments) or [here] * len(words)
            yield name, [os.path.normpath(os.path.join(*both)) for both in zip(anchors, words, strict=True)], raw


def traced(world: World, log: Path) -> Disk:
    """Syncs, and returns what the disk would say."""
    needs_strace()
    tracing = ["strace", "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={_CALLS}", "-e", "signal=none", "-o", str(log)]
    done = subprocess.run([*tracing, *world.command("sync")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    disk = Disk(world)
    for call, words, line in calls(log, str(world.folder)):
        disk.take(call, words, line)
    return disk


def test_what_is_relied_upon_is_on_the_disk(world: World, tmp_path: Path) -> None:
    """Both sides have edited: a merge lands, and is pushed; a file of Studio's lands as it is."""
    world.studio_flow("chat", a_py="a = 1\n\n\n\nend\n", b_py="b = 1\n")
    world.sync()
    world.commit({"flows/chat/a.py": "a = 2\n\n\n\nend\n", "flows/chat/new.py": "new\n"})
    world.studio({"chat/a.py": "a = 1\n\n\n\nend, says Studio\n", "chat/b.py": "b = 2\n"})
    disk = traced(world, tmp_path / "strace.log")
    assert not disk.broken, "\n".join(disk.broken)
    assert disk.moved > 3 and disk.changed == 2 and disk.placed == 2, disk


def test_a_pack_of_many_files_is_on_the_disk(world: World, tmp_path: Path) -> None:
    world.studio_flow("large", **{f"n{number}_py": f"n = {number}\n" for number in range(250)})
    disk = traced(world, tmp_path / "strace.log")
    assert list((world.folder / ".git/objects/pack").glob("*.pack"))
    assert not disk.broken, "\n".join(disk.broken)
    assert disk.moved == 3 and disk.placed == 251, disk
