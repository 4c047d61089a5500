"""What happens when flowsync itself is wrong: a file to attach to a report, and exit code 70."""

import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from flowsync import __version__
from flowsync.errors import Exit, FlowsyncError, RepositoryError, UsageError

# What a disk or its owner refuses anybody. Other codes, such as a file that is not there, are bugs where nobody
# expected them.
_HINTS = {
    errno.EACCES: "check who may write there",
    errno.EPERM: "check who may write there",
    errno.EROFS: "check who may write there",
    errno.ENOSPC: "make room on that disk",
    errno.EDQUOT: "make room on that disk",
    errno.ENAMETOOLONG: "move the repository to a shorter path",
}


def excuse(error: OSError) -> FlowsyncError | None:
    """Returns what to say of a refusal of the operating system that is no bug; None for all others."""
    if error.errno not in _HINTS:
        return None
    if error.filename is None:
        return UsageError(f"what was to be printed cannot be written: {error.strerror}")
    return RepositoryError(f"{os.fsdecode(error.filename)}: {error.strerror}", _HINTS[error.errno])


def report(arguments: Sequence[str], error: Exception) -> int:
    """Writes what happened to a file, says where it is, and returns the exit code for a bug."""
    name = write(arguments, error)
    print(f"flowsync: this is a bug in flowsync ({type(error).__name__}); nothing was lost.", file=sys.stderr)
    print(f"  please report it, with the file {name}", file=sys.stderr)
    return Exit.BUG


def write(arguments: Sequence[str], error: BaseException) -> str:
    """Writes what happened to a file and returns its name.

    The file holds no environment and no values, only the command, versions and the traceback.
    """
    descriptor, name = tempfile.mkstemp(prefix="flowsync-bug-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"flowsync {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"command: {arguments[:1]}\n\n")
        file.write("".join(traceback.format_exception(error)))
    return name
