"""A world to sync in: a real git repository, a share, Studio's hand on the share, and flowsync as people run it.

The share is a folder, or the emulator reached through the real SDK; ``studio`` writes to it as Studio would. Whatever a
test needs to know about the outcome is asked of git and of the share, never of flowsync.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from azure.storage.fileshare import ShareClient

from flowsync.cli import main
from flowsync.emulator import Emulator

Content = str | bytes | None

DAG = "inputs: {}\noutputs: {}\nnodes: []\n"
USER = "alice"


def raw(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def flow(**files: str | bytes) -> dict[str, str | bytes]:
    """The files of a small flow: a definition and, by keyword, ``name_py=…`` for ``name.py``."""
    named = {name[:-3] + ".py" if name.endswith("_py") else name: content for name, content in files.items()}
    return {"flow.dag.yaml": DAG, **named}


class Studio(Protocol):
    """The share, seen without flowsync."""

    url: str

    def save(self, path: str, content: bytes) -> None: ...
    def delete(self, path: str) -> None: ...
    def files(self) -> dict[str, bytes]: ...


class FolderStudio:
    """A share that is a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file://{folder}"
        folder.mkdir(parents=True)

    def save(self, path: str, content: bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def delete(self, path: str) -> None:
        place = self.folder / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()
        parent = place.parent
        while parent != self.folder and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent

    def files(self) -> dict[str, bytes]:
        found = (file for file in sorted(self.folder.rglob("*")) if file.is_file() and not file.is_symlink())
        return {file.relative_to(self.folder).as_posix(): file.read_bytes() for file in found}


class EmulatedStudio:
    """A share in the emulator, written to and read through the real SDK."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.top = f"Users/{USER}/promptflow"
        self.url = f"{emulator.url}/code?user={USER}"
        self.client = ShareClient.from_connection_string(emulator.connection_string, "code", retry_total=0)
        self._folder(self.top)

    @property
    def folder(self) -> Path:
        """The flows' folder on the emulator's disk."""
        return self.emulator.share_folder("code") / self.top

    def save(self, path: str, content: bytes) -> None:
        whole = f"{self.top}/{path}"
        self._folder(whole.rpartition("/")[0])
        self.client.get_file_client(whole).upload_file(content)

    def delete(self, path: str) -> None:
        client = self.client.get_file_client(f"{self.top}/{path}")
        if client.exists():
            client.delete_file()
            return
        for file in [name for name in self.files() if name.startswith(path + "/")]:
            self.client.get_file_client(f"{self.top}/{file}").delete_file()
        shutil.rmtree(self.folder / path)

    def files(self) -> dict[str, bytes]:
        return dict(self._walk(self.top))

    def _walk(self, folder: str) -> Iterator[tuple[str, bytes]]:
        for item in self.client.get_directory_client(folder).list_directories_and_files():
            path = f"{folder}/{item.name}"
            if item.is_directory:
                yield from self._walk(path)
            else:
                content = self.client.get_file_client(path).download_file().readall()
                yield path.removeprefix(self.top + "/"), content

    def _folder(self, path: str) -> None:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            client = self.client.get_directory_client("/".join(parts[:depth]))
            if not client.exists():
                client.create_directory()


@dataclass
class Run:
    """What a command ended with and said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.out}{self.err}"


@dataclass
class Repo:
    """A git repository with a worktree."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def git(self, *arguments: str, stdin: bytes | None = None, ok: bool = True) -> str:
        return self.raw_git(*arguments, stdin=stdin, ok=ok).decode("utf-8", "surrogateescape").rstrip("\n")

    def raw_git(self, *arguments: str, stdin: bytes | None = None, ok: bool = True) -> bytes:
        env = {**os.environ, **self.env}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], input=stdin, capture_output=True, env=env, check=False
        )
        assert not ok or done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write(self, files: Mapping[str, Content]) -> None:
        """Writes files of the worktree; None deletes."""
        for path, content in files.items():
            file = self.folder / path
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw(content))

    def commit(self, files: Mapping[str, Content], message: str = "an edit") -> str:
        """Writes and commits files of the worktree, byte for byte."""
        self.write(files)
        self.git("--literal-pathspecs", "add", "--all", "--", *files)
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def tip(self, ref: str = "main") -> str | None:
        return self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", ok=False) or None

    def files(self, ref: str = "main", below: str = "") -> dict[str, bytes]:
        """The files of a commit, or of a folder in it."""
        listed = self.raw_git("ls-tree", "-r", "-z", "--name-only", f"{ref}:{below}" if below else ref)
        names = [name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0")[:-1]]
        top = f"{below}/" if below else ""
        return {name: self.raw_git("cat-file", "blob", f"{ref}:{top}{name}") for name in names}

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return {name: sha for name, _, sha in (line.rpartition(" ") for line in lines)}

    def subjects(self, span: str = "main") -> list[str]:
        """The subjects of a history, newest first."""
        return self.git("log", "--format=%s", span).splitlines()

    def reachable(self) -> set[str]:
        """Every object that a ref reaches; reflogs do not count."""
        return {line.split()[0] for line in self.git("rev-list", "--objects", "--all").splitlines()}

    def reaches(self, content: str | bytes) -> bool:
        """Whether a ref reaches exactly this content."""
        return self.git("hash-object", "--stdin", stdin=raw(content)) in self.reachable()

    def fsck(self) -> str:
        return self.git("fsck", "--strict", "--no-dangling", "--no-reflogs")

    def untouched(self) -> dict[str, str]:
        """What belongs to the person, as digests: HEAD, branches, index, worktree, stash, config, hooks."""
        git_dir = Path(self.git("rev-parse", "--absolute-git-dir"))
        common = Path(self.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
        own = {name: git_dir / name for name in ("HEAD", "index", "MERGE_HEAD", "rebase-merge/head-name")}
        own |= {"config": common / "config"}
        own |= {f"hook {file.name}": file for file in (common / "hooks").iterdir()}
        own |= {f"file {file.relative_to(self.folder)}": file for file in self._worktree_files()}
        state = {name: hashlib.sha1(file.read_bytes()).hexdigest() for name, file in own.items() if file.is_file()}
        return {**state, **self.refs("refs/heads/"), **self.refs("refs/stash")}

    def _worktree_files(self) -> Iterator[Path]:
        for folder, inner, names in os.walk(self.folder):
            if ".git" in inner:
                inner.remove(".git")
            yield from (Path(folder, name) for name in names if name != ".git")


@dataclass
class World(Repo):
    """A repository linked to a share, with a person at one end and Studio at the other."""

    share: Studio = field(default=None)  # type: ignore[assignment]
    path: str = "flows"

    def link(self, **keys: object) -> None:
        """Commits a ``.flowsync.yaml``; ``keys`` go beside ``share``."""
        lines = ["version: 1", "remotes:", "  studio:", f"    share: {self.share.url}"]
        lines += [f"    {key}: {json.dumps(value)}" for key, value in {"path": self.path or ".", **keys}.items()]
        self.commit({".flowsync.yaml": "\n".join(lines) + "\n"}, "Link to Studio")

    def studio(self, files: Mapping[str, Content]) -> None:
        """Saves files on the share (``flow/path``) as Studio would; None deletes a file or a whole folder."""
        for path, content in files.items():
            if content is None:
                self.share.delete(path)
            else:
                self.share.save(path, raw(content))

    def studio_flow(self, name: str, **files: str | bytes) -> None:
        """Saves a whole small flow in Studio."""
        self.studio({f"{name}/{path}": content for path, content in flow(**files).items()})

    def run(self, *arguments: str) -> Run:
        """Runs flowsync in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(["-C", str(self.folder), *arguments])
            except SystemExit as leaving:
                code = int(leaving.code or 0)
        return Run(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: str, env: Mapping[str, str] | None = None) -> Run:
        """Runs flowsync as a process of its own."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, env={**os.environ, **(env or {})}, check=False
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flowsync", "-C", str(self.folder), *arguments]

    def sync(self, *arguments: str, code: int = 0) -> Run:
        """Runs ``flowsync sync`` and checks how it ended."""
        return self.ends(code, "sync", *arguments)

    def ends(self, code: int, *arguments: str) -> Run:
        """Runs flowsync and checks its exit code."""
        run = self.run(*arguments)
        assert run.code == code, str(run)
        return run

    def states(self) -> dict[str, str]:
        """Every flow's state, as ``flowsync status --json`` tells it."""
        return {row["name"]: row["state"] for row in self.ends(0, "status", "--json").json["flows"]}

    def state(self, name: str) -> dict[str, Any]:
        """One flow's row of ``flowsync status --json``."""
        return next(row for row in self.ends(0, "status", "--json").json["flows"] if row["name"] == name)

    def here(self, name: str, ref: str = "main") -> dict[str, bytes]:
        """A flow's files on a branch or ref."""
        below = f"{self.path}/{name}" if self.path else name
        return self.files(ref, below) if self.git("ls-tree", "-d", ref, below) else {}

    def there(self, name: str) -> dict[str, bytes]:
        """A flow's files in Studio."""
        return {
            path.removeprefix(name + "/"): content
            for path, content in self.share.files().items()
            if path.startswith(name + "/")
        }
