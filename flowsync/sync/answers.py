"""What a person decides about single files of a merge, and how the files come out of it. Pure."""

import base64
import binascii
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from flowsync.core.ignore import never_syncs
from flowsync.core.names import problem_with_path
from flowsync.core.tree import Entry, Path
from flowsync.errors import UsageError


class Side(StrEnum):
    """Whose version of a file counts, or that it goes."""

    BASE = "base"
    LOCAL = "local"
    REMOTE = "remote"
    DELETE = "delete"


Answer = Side | bytes  # bytes: the content that the file gets
EVERY = Path("*")  # the files in conflict that no answer names


def side(word: object) -> Side:
    """Returns the side that a word names; UsageError if it is none."""
    try:
        return Side(str(word))
    except ValueError:
        raise UsageError(f"{word!r} is no side", ", ".join(Side)) from None


def answers_in(said: object) -> dict[Path, Answer]:
    """Returns the answers that a program gave: path -> ``{"take": …}``, ``{"text": …}`` or ``{"base64": …}``."""
    if not isinstance(said, Mapping):
        raise UsageError("the answers are an object: path, and what to do with the file", "docs/ipc.md")
    return {checked(path): _answer(path, one) for path, one in said.items()}


def answers_json(answers: Mapping[Path, Answer]) -> dict[str, dict[str, str]]:
    """Returns answers as ``answers_in`` reads them."""
    return {
        path: {"base64": base64.b64encode(one).decode("ascii")} if isinstance(one, bytes) else {"take": one.value}
        for path, one in answers.items()
    }


def checked(path: object) -> Path:
    """Returns a path that a file of a flow may have; UsageError for any other."""
    if not isinstance(path, str) or (path != EVERY and (problem_with_path(path) or never_syncs(path))):
        raise UsageError(f"{path!r} is no file of a flow that syncs", "paths are from the flow's folder")
    return Path(path)


def _answer(path: object, said: object) -> Answer:
    match said:
        case {"take": str(word)}:
            return side(word)
        case {"text": str(text)} if path != EVERY:
            try:
                return text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise UsageError(f"what is to be in {path} is no text: {error}", '{"base64": …}') from error
        case {"base64": str(raw)} if path != EVERY:
            try:
                return base64.b64decode(raw, validate=True)
            except binascii.Error as error:
                raise UsageError(f"what is to be in {path} is no base64: {error}") from error
    raise UsageError(f"there is no saying what is to become of {path}", 'such as {"take": "local"}')


def place_of(conflict: Path, known: Collection[Path]) -> Path:
    """Returns the path that a conflict is about: a file in the place of a folder is called ``path~commit`` by git."""
    name, _, rest = conflict.rpartition("~")
    return Path(name) if conflict not in known and rest and name in known else conflict


def put(files: dict[Path, Entry], path: Path, entry: Entry | None) -> None:
    """Sets a path's entry (None: it goes), and lets go of what is in its way: files in a folder's place and back."""
    if entry is None:
        files.pop(path, None)
        return
    for other in [one for one in files if one.startswith(f"{path}/") or path.startswith(f"{one}/")]:
        del files[other]
    files[path] = entry


def one_side(answers: Mapping[Path, Answer], gone: Side) -> Side | None:
    """Returns the one side that all answers take, None if they differ; to delete is to take the side that is gone."""
    taken: set[Any] = {gone if answer is Side.DELETE else answer for answer in answers.values()}
    (only,) = taken if len(taken) == 1 else (None,)
    return only if only in (Side.LOCAL, Side.REMOTE) else None
