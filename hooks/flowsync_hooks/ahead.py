"""Before a push: says which flows Studio has newer than what is pushed, as far as the last fetch knows.

No network: it compares refs. It never stops a push.
"""

import sys

from flowsync.errors import RepositoryError
from flowsync_hooks.skipping import skipped

ID = "flowsync-sync-state"
_BASES = "refs/flowsync/"
_TRACKING = "refs/remotes/"


def run(arguments: list[str]) -> int:
    """Warns; always returns 0."""
    if skipped(ID):
        return 0
    try:
        ahead = studio_ahead()
    except RepositoryError:
        return 0  # such as a branch without a commit: there is nothing to compare with
    if ahead:
        from flowsync.cli.output import plain

        names = plain(", ".join(ahead))
        print(f"flowsync: Studio has newer edits of {names}. To land them: flowsync pull", file=sys.stderr)
    return 0


def studio_ahead() -> list[str]:
    """Returns the flows whose tracking ref moved on from the base and is not part of HEAD."""
    from flowsync.core.names import from_ref
    from flowsync.validate.git import Asked

    form = "--format=%(objectname) %(refname)"
    everything = Asked(["for-each-ref", form, _BASES, _TRACKING])
    unmerged = Asked(["for-each-ref", form, "--no-merged=HEAD", _TRACKING])
    refs = _refs(everything.answer())
    bases = {name.removeprefix(_BASES): commit for name, commit in refs.items() if name.startswith(_BASES)}
    remotes = {name.partition("/")[0] for name in bases if not name.startswith("kept/")}
    ahead = []
    for name, commit in _refs(unmerged.answer()).items():
        flow = name.removeprefix(_TRACKING)
        remote, _, encoded = flow.partition("/")
        if remote in remotes and bases.get(flow) != commit:
            ahead.append(from_ref(encoded))
    return sorted(ahead)


def _refs(answer: bytes) -> dict[str, str]:
    lines = answer.decode("utf-8", "surrogateescape").splitlines()
    return {name: commit for commit, _, name in (line.partition(" ") for line in lines)}
