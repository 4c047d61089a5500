"""The merge driver: three files in, the merge in the second of them, markers where a person has to decide.

Exit code 1 always comes with markers in the file: Git would otherwise record a conflict on a file that holds only the
local side, and the next ``git add`` would drop the other one. Decisions go to ``flowsync/merge`` in the git directory,
one JSON file for each path, for tools that show conflicts; they count for as long as Git lists the path as unmerged.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from flowsync.core.merge import Markers, Merged, merge_flow, new_flaws, undecided
from flowsync.drivers.plumbing import git_dir, git_line, replace

FOLDER = "flowsync/merge"


@dataclass(frozen=True, slots=True)
class Job:
    """What Git asks for: the three files, and how it wants conflicts shown."""

    base: Path
    local: Path
    remote: Path
    path: str
    size: int = 7
    base_label: str = "base"
    local_label: str = "ours"
    remote_label: str = "theirs"
    follow_renames: bool = False

    def markers(self, with_base: bool) -> Markers:
        """Returns how conflicts are shown."""
        return Markers(self.local_label, self.base_label if with_base else None, self.remote_label, self.size)


def merge(job: Job) -> bool:
    """Merges into ``job.local`` and returns whether that was clean; the rest is markers, with words on stderr."""
    base, local, remote = (path.read_bytes() for path in (job.base, job.local, job.remote))
    merged = merge_flow(base, local, remote, job.markers(False), job.follow_renames)
    if merged.unable:
        _say(job.path, f"merged by lines, as {merged.unable}")
        merged = _by_lines(job, base, local, remote)
    elif merged.conflicts and (markers := job.markers(_wants_base())).base is not None:
        merged = merge_flow(base, local, remote, markers, job.follow_renames)
    replace(job.local, merged.content)
    _record(job.path, merged)
    for conflict in merged.conflicts:
        _say(job.path, f"{conflict.path}: {conflict.reason}" if conflict.path else conflict.reason)
    return not merged.conflicts


def by_lines(job: Job) -> bool:
    """Merges as Git does without a driver; returns whether that was clean."""
    import subprocess

    done = subprocess.run(_merge_file(job, []), check=False)
    return done.returncode == 0


def decisions(folder: Path) -> dict[str, dict[str, object]]:
    """Returns what merges left undecided in a git directory, by path from the repository's root."""
    import json

    found = {}
    for file in sorted((folder / FOLDER).glob("*.json")):
        data = json.loads(file.read_text("utf-8"))
        found[str(data["path"])] = data
    return found


def _by_lines(job: Job, base: bytes, local: bytes, remote: bytes) -> Merged:
    """Merges lines, and puts the whole in conflict if the lines fit but the graph does not."""
    import subprocess

    done = subprocess.run(_merge_file(job, ["-p"]), stdout=subprocess.PIPE, check=False)
    if not 0 <= done.returncode < 128:
        return undecided(base, local, remote, job.markers(False), "not even its lines can be merged")
    if done.returncode:
        return Merged(done.stdout, undecided(base, local, remote, job.markers(False), "its lines clash").decisions)
    flaws = new_flaws(local, remote, done.stdout)
    if flaws:
        return undecided(base, local, remote, job.markers(False), flaws[0])
    return Merged(done.stdout)


def _merge_file(job: Job, options: list[str]) -> list[str]:
    labels = [f"-L{label}" for label in (job.local_label, job.base_label, job.remote_label)]
    files = [str(job.local), str(job.base), str(job.remote)]
    return ["git", "merge-file", *options, "-q", f"--marker-size={job.size}", *labels, "--", *files]


def _wants_base() -> bool:
    return git_line("config", "--get", "merge.conflictStyle") in ("diff3", "zdiff3")


def _record(path: str, merged: Merged) -> None:
    """Writes the decisions of a merge with conflicts, and removes those of an earlier one otherwise.

    They are a convenience: without them the markers still say all, so a git directory that cannot be written to is only
    mentioned.
    """
    found = git_dir()
    if found is None or not (merged.conflicts or (found / FOLDER).is_dir()):
        return
    import hashlib
    import json

    folder = found / FOLDER
    file = folder / f"{hashlib.sha1(path.encode('utf-8', 'surrogateescape'), usedforsecurity=False).hexdigest()}.json"
    try:
        if merged.conflicts:
            folder.mkdir(parents=True, exist_ok=True)
            replace(file, json.dumps({"path": path, **json.loads(merged.to_json())}, indent=2).encode())
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        _say(path, f"its decisions could not be kept: {error}")


def _say(path: str, text: str) -> None:
    shown = "".join(c if c.isprintable() else "?" for c in f"flowsync: {path}: {text}")
    print(shown.encode("ascii", "backslashreplace").decode() if not _utf8() else shown, file=sys.stderr)


def _utf8() -> bool:
    return (sys.stderr.encoding or "").lower().replace("-", "") == "utf8"
