"""What a failure means for the daemon: how it is doing now, and how soon to try again. Pure."""

import errno
from dataclasses import dataclass

from flowsync.daemon.board import Health
from flowsync.errors import FlowsyncError, RepositoryError, ShareDenied, ShareMissing, ShareUnavailable
from flowsync.share.codes import NO_ANSWER

_DENIED = 30.0  # seconds; a person must log in first
_MISSING = 60.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure as it is published. ``at_least`` is in seconds."""

    health: Health
    detail: str
    hint: str = ""
    at_least: float = 0.0
    reconnect: bool = True
    expected: bool = True  # not a bug


def judge(error: BaseException) -> Trouble:
    """Returns what an error that ended a pass means."""
    if isinstance(error, ShareUnavailable):
        if error.code == "Budget":
            return Trouble(Health.SAVING, error.message, error.hint, reconnect=False)
        health = Health.OFFLINE if error.code in (NO_ANSWER, "") else Health.FAILING
        return Trouble(health, error.message, error.hint)
    if isinstance(error, ShareDenied):
        hint = error.hint or "az login, or renew the key or SAS and flowsync daemon restart"
        return Trouble(Health.DENIED, error.message, hint, _DENIED)
    if isinstance(error, ShareMissing):
        return Trouble(Health.FAILING, error.message, error.hint, _MISSING)
    if isinstance(error, OSError) and error.errno in _FULL:
        where = f" ({error.filename})" if error.filename else ""
        return Trouble(
            Health.FAILING, f"the disk is full{where}", "free some space; it goes on by itself", reconnect=False
        )
    if isinstance(error, FlowsyncError):
        return Trouble(Health.FAILING, error.message, error.hint, reconnect=not isinstance(error, RepositoryError))
    return Trouble(Health.FAILING, f"{type(error).__name__}: {error}", "flowsync daemon logs", expected=False)
