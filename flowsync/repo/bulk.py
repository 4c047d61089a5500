"""Many blobs at once: one pack through ``git fast-import`` instead of a file for each.

A first pull of a workspace stores thousands of files; as loose objects each costs a temporary file, a rename and a
directory. The blobs can be read when the import has ended, not before.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import IO, BinaryIO, Protocol

from flowsync.core.tree import Blob
from flowsync.errors import RepositoryError
from flowsync.repo.plumbing import HARDENED, environment, text

_PIECE = 256 * 1024
# As git stores loose objects: packed quickly and no deltas (each blob would be tried against the one before, mostly in
# vain); half the time for a fifth more space, and the next gc packs it anyway.
_AS_LOOSE = "pack.compression=1"


class Store(Protocol):
    """Stores ``size`` bytes of ``data`` as a blob and returns its id."""

    def __call__(self, size: int, data: BinaryIO) -> Blob: ...


@contextmanager
def one_pack(folder: FilePath) -> Iterator[Store]:
    """Yields a store whose blobs are in the repository when the context ends; RepositoryError if git refused them."""
    command = ["git", "-C", str(folder), *HARDENED, "-c", _AS_LOOSE, "fast-import", "--quiet", "--done", "--depth=0"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    stream = process.stdin
    try:
        try:
            yield lambda size, data: _feed(stream, size, data)
            stream.write(b"done\n")
        finally:
            _, said = process.communicate()
    except BrokenPipeError as error:
        raise RepositoryError(f"git fast-import refused: {text(said).strip()}", "git fsck") from error
    if process.returncode:
        raise RepositoryError(f"git fast-import refused: {text(said).strip()}", "git fsck")


def _feed(stream: IO[bytes], size: int, data: BinaryIO) -> Blob:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    stream.write(b"blob\ndata %d\n" % size)
    left = size
    while left:
        piece = data.read(min(left, _PIECE))
        if not piece:
            raise RepositoryError(f"content ended {left} bytes early", "run the command again")
        digest.update(piece)
        stream.write(piece)
        left -= len(piece)
    stream.write(b"\n")
    return Blob(digest.hexdigest())
