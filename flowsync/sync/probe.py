"""Live probes: what nobody has written down about Azure Files, asked of a real share, on a scratch folder of its own.

Each probe answers one question with what was seen; ``safe`` says whether flowsync's default holds whatever the answer.
Nothing outside the scratch folder is touched, and it is removed at the end. The report holds no name, no secret.
"""

import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from flowsync.errors import ShareError
from flowsync.share.base import Content, Failed, Listing, Outcome, Put, Remove, Renaming, Share, Stale, Version, Written

_ROUNDS = 40  # overwrites that a reader watches


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, what was seen, and what flowsync does about it."""

    question: str
    seen: str
    means: str = ""
    good: bool = True


def probe(open_share: Callable[[Literal["inline", "replace"]], Share]) -> Iterator[Answer]:
    """Asks a share the open questions. ``open_share`` opens it, writing ``inline`` or by ``replace``."""
    folder = f"flowsync-probe-{uuid.uuid4().hex[:12]}"
    with open_share("inline") as inline, open_share("replace") as replace:
        inline.make_folders([folder])
        try:
            for question, ask in _QUESTIONS.items():
                try:
                    seen, means, good = ask(inline, replace, folder)
                except ShareError as error:
                    seen, means, good = f"could not be asked: {error.message}", error.hint, False
                yield Answer(question, seen, means, good)
        finally:
            _clear(inline, folder)


_Told = tuple[str, str, bool]
_Question = Callable[[Share, Share, str], _Told]


def _small_creates_are_whole(inline: Share, replace: Share, folder: str) -> _Told:
    torn, looks = _watched(inline, f"{folder}/inline.bin", replace)
    means = "keep write: inline" if not torn else "set write: replace in .flowsync.yaml"
    return f"{torn} torn of {looks} looks during {_ROUNDS} overwrites", means, not torn


def _renames_are_whole(inline: Share, replace: Share, folder: str) -> _Told:
    torn, looks = _watched(replace, f"{folder}/replace.bin", inline)
    return f"{torn} torn or missing of {looks} looks during {_ROUNDS} overwrites", "", not torn


def _lease_after_rename(inline: Share, replace: Share, folder: str) -> _Told:
    path = f"{folder}/lease.txt"
    _put(inline, path, b"one", None)
    _put(replace, path, b"two", _version(inline, path))
    again = _first(inline.write([_of(path, b"three", _version(inline, path))]))
    free = isinstance(again, Written)
    return ("is free" if free else f"stays: {again}"), "", free


def _ids(inline: Share, replace: Share, folder: str) -> _Told:
    path = f"{folder}/id.txt"
    one = _put(inline, path, b"one", None).file_id
    two = _put(inline, path, b"two", _version(inline, path)).file_id
    three = _put(replace, path, b"three", _version(inline, path)).file_id
    over = "kept" if one == two else "changed"
    return f"an overwrite: {over}; a rename over: {'kept' if two == three else 'the new file’s'}", "", True


def _renamed(inline: Share, replace: Share, folder: str) -> _Told:
    """A file that is renamed, by itself and with its folder, is recognised by what stays the same."""
    inline.make_folders([f"{folder}/old"])
    before = _put(inline, f"{folder}/old/a.txt", b"one", None)
    done = _first(inline.rename([Renaming(f"{folder}/old/b.txt", f"{folder}/old/a.txt", before, str(uuid.uuid4()))]))
    moved = inline.rename_folder(f"{folder}/old", f"{folder}/new")
    after = _version(inline, f"{folder}/{'new' if moved else 'old'}/b.txt" if isinstance(done, Written) else "")
    stays = {
        "id": before.file_id == after.file_id,
        "size": before.size == after.size,
        "time of the last write": before.written == after.written,
    }
    kept = [name for name, same in stays.items() if same]
    version = "stays" if isinstance(done, Written) and done.version == after else "changes"
    said = f"its {', '.join(kept)} stay{'s' if len(kept) == 1 else ''}" if kept else "nothing stays"
    whole = "is renamed" if moved else "is not renamed"
    return (
        f"{said}; a folder {whole}, and the version of what is in it {version}",
        "",
        moved and len(kept) == len(stays),
    )


def _case(inline: Share, replace: Share, folder: str) -> _Told:
    version = _put(inline, f"{folder}/Case.txt", b"one", None)
    done = _first(inline.write([_of(f"{folder}/case.txt", b"two", version)]))
    names = [name for name in _listing(inline, folder).files if name.lower() == "case.txt"]
    return f"{type(done).__name__.lower()}; the folder then lists {', '.join(names)}", "", len(names) == 1


def _folder_time(inline: Share, replace: Share, folder: str) -> _Told:
    """A folder's own version is not in a listing, so that it can only be asked for by its id."""
    before = _listing(inline, "").folders[folder]
    _put(inline, f"{folder}/child.txt", b"child", None)
    after = _listing(inline, "").folders[folder]
    return ("its id stays" if before == after else "its id changes"), "flowsync lists every folder anyway", True


def _freshness(inline: Share, replace: Share, folder: str) -> _Told:
    path = f"{folder}/fresh.txt"
    version = _put(inline, path, b"one", None)
    stale = 0
    for number in range(20):
        version = _put(inline, path, b"%d" % number, version)
        stale += _version(inline, path) != version
    return f"{stale} of 20 listings right after a write showed an older version", "", not stale


def _guard(inline: Share, replace: Share, folder: str) -> _Told:
    path = f"{folder}/guard.txt"
    old = _put(inline, path, b"one", None)
    _put(inline, path, b"two", old)
    ends = [_first(share.write([_of(path, b"lost", old)])) for share in (inline, replace)]
    fresh = _first(inline.write([_of(path, b"lost", None)]))
    held = all(isinstance(end, Stale) for end in (*ends, fresh))
    return ("refused each time" if held else f"NOT refused: {ends}, {fresh}"), "", held


def _clock(inline: Share, replace: Share, folder: str) -> _Told:
    theirs = inline.now()
    if theirs is None:
        return "it does not say", "", True
    ahead = time.time() - theirs.timestamp()
    return f"{ahead:+.0f} seconds between this machine and the share", "", abs(ahead) < 300


def _pace(inline: Share, replace: Share, folder: str) -> _Told:
    began, before = time.monotonic(), inline.requests
    for _ in range(5):
        list(inline.list([folder] * 20))
    took = max(time.monotonic() - began, 1e-6)
    return f"{(inline.requests - before) / took:.0f} requests a second before any throttling", "", True


_QUESTIONS: dict[str, _Question] = {
    "Is an overwrite by one request whole for a reader?": _small_creates_are_whole,
    "Is a rename over a file whole for a reader?": _renames_are_whole,
    "Is a file free after a rename over it under its lease?": _lease_after_rename,
    "What becomes of a file's id?": _ids,
    "What stays of a file that is renamed?": _renamed,
    "Which case of a name is stored by an overwrite?": _case,
    "Does a folder change when a file in it is made?": _folder_time,
    "Does a listing show a write at once?": _freshness,
    "Is a write refused that expects an older version?": _guard,
    "How far apart are the clocks?": _clock,
    "How many requests does it answer?": _pace,
}


def _of(path: str, content: bytes, expect: Version | None) -> Put:
    return Put(path, len(content), lambda: io.BytesIO(content), expect, str(uuid.uuid4()))


def _first(outcomes: Iterator[Outcome]) -> Outcome:
    (outcome,) = list(outcomes)
    return outcome


def _put(share: Share, path: str, content: bytes, expect: Version | None) -> Version:
    outcome = _first(share.write([_of(path, content, expect)]))
    if isinstance(outcome, Written):
        return outcome.version
    raise outcome.error if isinstance(outcome, Failed) else ShareError(f"a plain write ended as {outcome}")


def _listing(share: Share, folder: str) -> Listing:
    found = share.list([folder])[folder]
    if isinstance(found, ShareError):
        raise found
    return found


def _version(share: Share, path: str) -> Version:
    folder, _, name = path.rpartition("/")
    return _listing(share, folder).files[name]


def _watched(writer: Share, path: str, reader: Share) -> tuple[int, int]:
    """Overwrites a file again and again while another thread reads it; returns torn looks, and all of them."""
    contents = [bytes([65 + number % 26]) * 200_000 for number in range(_ROUNDS)]
    version = _put(writer, path, contents[0], None)
    done = threading.Event()
    looks: list[bool] = []

    def read() -> None:
        while not done.is_set():
            for content in reader.read([path]):
                if isinstance(content, Content):
                    with content.data as data:
                        body = data.read()
                    looks.append(len(body) == 200_000 and body == body[:1] * len(body) and body[:1] != b"\0")
                else:
                    looks.append(False)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for content in contents[1:]:
            version = _put(writer, path, content, version)
    finally:
        done.set()
        thread.join()
    return looks.count(False), len(looks)


def _clear(share: Share, folder: str) -> None:
    found = share.list([folder])[folder]
    if isinstance(found, Listing):
        removes = [Remove(f"{folder}/{name}", version, str(uuid.uuid4())) for name, version in found.files.items()]
        list(share.remove(removes))
        for inner in found.folders:
            _clear(share, f"{folder}/{inner}")
    share.remove_folders([folder])
