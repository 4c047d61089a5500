"""Many blobs read at once: one ``git cat-file`` for all of them, their content streamed. (``bulk`` stores many.)"""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import IO

from flowsync.core.tree import Blob
from flowsync.errors import RepositoryError
from flowsync.repo.plumbing import Git, environment, text

_PIECE = 256 * 1024
_STREAMED = "core.bigFileThreshold=16m"  # git holds smaller blobs in memory, one at a time


@dataclass(frozen=True, slots=True)
class Read:
    """One blob: its ``pieces`` are ``size`` bytes together and must be taken before the next blob is asked for."""

    blob: Blob
    size: int
    pieces: Iterator[bytes]


def sizes(git: Git, blobs: Iterable[Blob]) -> dict[Blob, int]:
    """Returns the length in bytes of each blob that the repository holds; the others are missing from the result."""
    asked = "\n".join(dict.fromkeys(blobs))
    if not asked:
        return {}
    said = text(git("cat-file", "--batch-check", "--buffer", stdin=asked.encode("ascii") + b"\n"))
    answers = (line.split() for line in said.splitlines())
    return {Blob(answer[0]): int(answer[2]) for answer in answers if len(answer) == 3}


def contents(folder: FilePath, blobs: Sequence[Blob]) -> Iterator[Read]:
    """Yields each blob's content in the order asked for, with bounded memory here and in git."""
    command = ["git", "-C", str(folder), "-c", _STREAMED, "cat-file", "--batch", "--buffer"]
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{blob}\n" for blob in blobs).encode("ascii"))
        asked.seek(0)
        with subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE, env=environment()) as process:
            assert process.stdout is not None
            try:
                for blob in blobs:
                    one = _next(process.stdout, blob)
                    yield one
                    if next(one.pieces, None) is not None or process.stdout.read(1) != b"\n":
                        raise RepositoryError(f"blob {blob} is longer than git said", "git fsck")
            finally:
                process.stdout.close()  # a git that still writes ends by this


def _next(stream: IO[bytes], blob: Blob) -> Read:
    answer = text(stream.readline()).split()
    if len(answer) != 3 or answer[1] != "blob":
        raise RepositoryError(f"the repository does not hold blob {blob}", "git fsck")
    size = int(answer[2])
    return Read(blob, size, _pieces(stream, size, blob))


def _pieces(stream: IO[bytes], size: int, blob: Blob) -> Iterator[bytes]:
    left = size
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise RepositoryError(f"git ended in the middle of blob {blob}", "git fsck")
        left -= len(piece)
        yield piece
