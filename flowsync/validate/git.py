"""Git's plumbing as hooks need it: few processes, started early, their output read late."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from flowsync.errors import RepositoryError


class Asked:
    """A question that git is answering while Python goes on, such as importing what it will need."""

    def __init__(self, arguments: Iterable[str], directory: str | None = None) -> None:
        # --literal-pathspecs: a file may be named ":(top)" or "*".
        command = ["git", "--literal-pathspecs", "--no-optional-locks", *arguments]
        try:
            self._process = subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except FileNotFoundError:
            raise RepositoryError("git is not installed, or not on PATH", "install git") from None
        except NotADirectoryError:
            raise RepositoryError(f"{directory} is not a folder") from None

    def answer(self) -> bytes:
        """Returns what git printed, or raises RepositoryError with what it complained of."""
        output, complaint = self._process.communicate()
        if self._process.returncode:
            raise RepositoryError(_first_line(complaint) or "git failed")
        return output

    def names(self) -> list[str]:
        """Returns the NUL-separated names that git printed."""
        return [name.decode("utf-8", "surrogateescape") for name in self.answer().split(b"\0") if name]


def top_of(directory: Path) -> Path | None:
    """Returns the worktree's top that holds a folder, or None outside of a repository."""
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder
    return None


class Objects:
    """Blobs by object id, through one ``git cat-file --batch``. Use it as a context manager."""

    def __init__(self, directory: str | None = None) -> None:
        self._process = subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def read(self, blob: str) -> bytes:
        """Returns a blob's content."""
        wanted, answers = self._process.stdin, self._process.stdout
        assert wanted is not None
        assert answers is not None
        wanted.write(blob.encode() + b"\n")
        wanted.flush()
        header = answers.readline().split()
        if len(header) != 3:
            raise RepositoryError(f"the object {blob} is missing", "git fsck")
        content = answers.read(int(header[2]))
        answers.read(1)
        return content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing its input ends it; nothing of it is left in the pipe.
        self._process.communicate()


def sizes_of(blobs: Iterable[str], directory: str | None = None) -> dict[str, int]:
    """Returns the size of each blob."""
    asked = "".join(f"{blob}\n" for blob in sorted(set(blobs)))
    if not asked:
        return {}
    answered = subprocess.run(
        ["git", "cat-file", "--batch-check=%(objectname) %(objectsize)"],
        cwd=directory,
        input=asked.encode(),
        capture_output=True,
        check=False,
    )
    pairs = (line.split() for line in answered.stdout.decode().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _first_line(complaint: bytes) -> str:
    text = complaint.decode("utf-8", "replace").strip()
    return text.partition("\n")[0].removeprefix("fatal: ")
