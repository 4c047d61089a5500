"""Git's plumbing as hooks need it: few processes, started early, their output read late."""

import subprocess
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from flowsync.errors import RepositoryError

_CHUNK = 1 << 20


class Asked:
    """A question that git is answering while Python goes on, such as importing what it will need."""

    def __init__(self, arguments: Iterable[str], directory: str | None = None) -> None:
        try:
            self._process = subprocess.Popen(
                ["git", "--no-optional-locks", *arguments],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
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

    def forget(self) -> None:
        """Ends git's work: the answer is not needed."""
        self._process.kill()
        self._process.communicate()


class Index:
    """The two questions about the index that a validation of it starts with; both are asked at once."""

    def __init__(self, directory: str | None = None) -> None:
        self.directory = directory
        # -z gives names as they are; the options make what it prints independent of configuration and folder.
        different = ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative", "-z"]
        self._changed = Asked(different, directory)
        self._entries = Asked(["ls-files", "--stage", "--full-name", "-z", "--", ":/"], directory)

    def changed(self) -> list[str]:
        """Returns the paths that differ between HEAD and the index, deleted ones included."""
        try:
            names = self._changed.names()
        except RepositoryError:
            self._entries.forget()
            raise
        if not names:
            self._entries.forget()
        return names

    def entries(self) -> list[str]:
        """Returns every entry as git prints it: mode, object id, stage, a tab and the path."""
        return self._entries.names()


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
        self._sizes: dict[str, int] = {}
        self._last: tuple[str, bytes] = ("", b"")

    def size(self, blob: str) -> int:
        """Returns a blob's size. One that is not large is read by the way, since that is what follows."""
        if blob not in self._sizes:
            size = self._sizes[blob] = self._ask(blob)
            if size <= _CHUNK:
                self._last = (blob, self._receive(size))
            else:
                self._pass_over(size)
        return self._sizes[blob]

    def read(self, blob: str) -> bytes:
        """Returns a blob's content."""
        if self._last[0] != blob:
            self._sizes[blob] = size = self._ask(blob)
            self._last = (blob, self._receive(size))
        return self._last[1]

    def _ask(self, blob: str) -> int:
        wanted, answers = self._process.stdin, self._process.stdout
        assert wanted is not None
        assert answers is not None
        wanted.write(blob.encode() + b"\n")
        wanted.flush()
        header = answers.readline().split()
        if len(header) != 3:
            raise RepositoryError(f"the object {blob} is missing", "git fsck")
        return int(header[2])

    def _receive(self, size: int) -> bytes:
        assert self._process.stdout is not None
        content = self._process.stdout.read(size + 1)
        return content[:-1]

    def _pass_over(self, size: int) -> None:
        assert self._process.stdout is not None
        left = size + 1
        while left:
            left -= len(self._process.stdout.read(min(left, _CHUNK)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing its input ends it; nothing of it is left in the pipe.
        self._process.communicate()


def _first_line(complaint: bytes) -> str:
    text = complaint.decode("utf-8", "replace").strip()
    return text.partition("\n")[0].removeprefix("fatal: ")
