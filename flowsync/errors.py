"""The tree of expected failures, and the exit codes they end a command with.

    FlowsyncError
    ├── UsageError            2   the command line, or .flowsync.yaml
    │   ├── ConfigError       2   .flowsync.yaml, with file, line and key
    │   └── ArchiveRefused    2   a ZIP that is hostile, damaged or ambiguous
    ├── RepositoryError       3   Git, the worktree, the refs
    ├── ShareError            4   Azure Files, a mounted folder, Studio
    │   ├── ShareDenied       4   credentials or roles
    │   │   └── StudioReadOnly  4  the flow service takes no writes any more: prompt flow was retired
    │   ├── ShareMissing      4   the share, a folder or a file is not there
    │   └── ShareUnavailable  4   no network, throttled, timed out: trying again may help
    └── DaemonError           5   background sync

Conflicts, problems, holds and staleness are values (see ``flowsync.core``), not exceptions. Anything that is not a
FlowsyncError is a bug: exit code 70 and a log file.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    ATTENTION = 1  # findings, conflicts, held flows
    USAGE = 2
    REPOSITORY = 3
    SHARE = 4
    DAEMON = 5
    BUG = 70
    INTERRUPTED = 130


class FlowsyncError(Exception):
    """A failure that a person can act on.

    ``message`` is a full sentence that says what happened; ``hint`` is a command to type or the next thing to do.
    Neither ever holds a secret.
    """

    exit_code = Exit.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(FlowsyncError):
    """The command line asks for something that cannot be."""

    exit_code = Exit.USAGE


class ConfigError(UsageError):
    """``.flowsync.yaml`` is wrong; the message starts with ``file:line:``."""


class ArchiveRefused(UsageError):
    """A ZIP was refused as a whole: hostile, damaged, or one that two programs would read in two ways."""


class RepositoryError(FlowsyncError):
    """Git refused, or the repository is not as it must be."""

    exit_code = Exit.REPOSITORY


class ShareError(FlowsyncError):
    """The share refused or could not do what was asked. ``code`` is the service's own error code, if any."""

    exit_code = Exit.SHARE

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class ShareDenied(ShareError):
    """Wrong key, expired SAS, missing role."""


class StudioReadOnly(ShareDenied):
    """The flow service takes no writes any more, as after prompt flow's retirement; reading goes on."""


class ShareMissing(ShareError):
    """The share, a folder or a file is not there."""


class ShareUnavailable(ShareError):
    """No answer, or an answer that asks to come back later; trying again may help."""


class DaemonError(FlowsyncError):
    """Background sync is not there or does not answer."""

    exit_code = Exit.DAEMON
