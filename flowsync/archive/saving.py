"""A new file, whole or not at all: written beside its place and renamed into it."""

import filecmp
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import BinaryIO

from flowsync.errors import UsageError


@contextmanager
def saved(target: FilePath, replace: bool) -> Iterator[BinaryIO]:
    """Yields a file to write; when the context ends without an error, it is at ``target``.

    A file that is there with another content is replaced only if ``replace`` says so.
    """
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        if target.exists() and not replace and not filecmp.cmp(beside, target, shallow=False):
            raise UsageError(f"{target} exists already, and holds something else", "--force, or another place with -o")
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
