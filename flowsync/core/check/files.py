"""Rules about the folder: what should not be in it, sizes, names; and secrets, file by file. Groups 5 and 6."""

import re

from flowsync.core.check.secrets import check_secrets
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.check.texts import check_markers
from flowsync.core.names import problem_with_path, twins

_KEPT = ".promptflow/flow.tools.json"
_GENERATED = re.compile(r"(?:^|/)(?:__pycache__|\.runs|\.coverage|\.pytest_cache)(?:/|$)|\.pyc$|(?:^|/)\.promptflow/")
_ENV = re.compile(r"(?:^|/)\.env(?:\.(?!example$|sample$|template$|dist$)[^/]+)?$")
_BINARY = (*(".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".zip", ".pyc", ".xlsx", ".docx", ".parquet"),)
_MERGED = (".md", ".txt", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".py", ".jinja2", ".csv")


def is_generated(path: str) -> bool:
    """Tells whether a path of a repository is one that prompt flow or Python generates and nobody commits."""
    return bool(_GENERATED.search(path)) and not (path == _KEPT or path.endswith("/" + _KEPT))


def is_env(path: str) -> bool:
    """Tells whether a path names a file of environment variables that is not an example."""
    return bool(_ENV.search(path))


def check_files(subject: Subject) -> None:
    """Checks every file of the folder by its name, size and content."""
    for path in subject.folder.links:
        subject.report("FS505", path, TOP, "This is a symbolic link.")
    for path, problem in twins(subject.paths).items():
        subject.report("FS504", path, TOP, f"{problem.reason[:1].upper()}{problem.reason[1:]}.")
    for path in subject.paths:
        _check_file(subject, path)


def _check_file(subject: Subject, path: str) -> None:
    if problem := problem_with_path(path):
        subject.report("FS503", path, TOP, f"{problem.reason[:1].upper()}{problem.reason[1:]}.")
    if is_generated(path):
        subject.report("FS501", path, TOP, "This file is generated.")
        return
    if is_env(path):
        subject.report("FS602", path, TOP, "This is a file of environment variables.")
        return
    size, limit = subject.folder.size(path), subject.settings.max_file_size
    if size > limit:
        subject.report("FS502", path, TOP, f"The file has {size} bytes; the limit is {limit}.")
        return
    lowered = path.lower()
    if not lowered.endswith(_BINARY):
        check_secrets(subject, path)
    if lowered.endswith(_MERGED) and size < 1024 * 1024:
        content = subject.content(path)
        if b"<<<<<<<" in content or b">>>>>>>" in content:
            check_markers(subject, path, content.decode("utf-8", "replace"))
