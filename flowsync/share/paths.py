"""Names at the share's edge: what comes from a share and cannot be a path here, and what no share can hold."""

from flowsync.core.names import problem_with_name, problem_with_path
from flowsync.core.tree import Problem
from flowsync.errors import ShareError


def problem(name: str) -> Problem | None:
    """Returns why a name found on a share cannot be synced, or None."""
    reason = problem_with_name(name)
    return Problem(f"its name {reason}", "rename it") if reason else None


def refuse_illegal(path: str) -> None:
    """Raises a ShareError for a path that leaves the remote's folder or that no share can hold."""
    if found := problem_with_path(path):
        raise ShareError(f"{printable(path)} cannot be written or read: {found.reason}.", found.hint)


def printable(name: str) -> str:
    """Returns a name that holds controls, or bytes that are not UTF-8, as text that can be shown."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
