"""What a push is about to write, and what of it the share has acknowledged: ``.git/flowsync/journal/``.

One file of JSON lines per flow, begun before the first request of a push and removed after base has moved. A run that
dies leaves it; the next run reads it, counts as base what was written, and releases the leases that are named in it.
A torn last line is a line that was never relied upon.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.core.names import from_ref, to_ref
from flowsync.core.tree import Blob, FlowName, Path
from flowsync.durable import settle

_OWED = "owed.json"  # no flow's journal: those end with .jsonl


@dataclass(frozen=True, slots=True)
class Intent:
    """One write that was to happen: the content, None for a removal, and the lease that it used."""

    blob: Blob | None
    lease: str
    done: bool = False


class Journal:
    """The journal of one remote."""

    def __init__(self, folder: FilePath, remote: str) -> None:
        self._folder = folder / "journal" / remote

    def begin(self, pushes: Mapping[FlowName, Mapping[Path, Intent]]) -> None:
        """Writes down what pushes of these flows will do, before they do; on disk when this returns."""
        for flow, intents in pushes.items():
            lines = [json.dumps([path, intent.blob, intent.lease]) for path, intent in intents.items()]
            _replace(self._file(flow), "\n".join(lines) + "\n")
        settle([self._file(flow) for flow in pushes])

    def acknowledge(self, flow: FlowName, path: Path) -> None:
        """Writes down that one of the writes took effect."""
        with self._file(flow).open("a", encoding="utf-8") as file:
            file.write(json.dumps([path]) + "\n")

    def end(self, flow: FlowName) -> None:
        """Forgets the push; base holds its result."""
        with suppress(FileNotFoundError):
            self._file(flow).unlink()

    def owe(self, leases: Mapping[str, str]) -> None:
        """Writes down the leases and temporaries (path -> lease id) that the share may still hold, and no others."""
        file = self._folder / _OWED
        if not leases:
            with suppress(FileNotFoundError):
                file.unlink()
            return
        _replace(file, json.dumps(dict(leases)), settled=True)

    def owed(self) -> Mapping[str, str]:
        """Returns the leases and temporaries that pushes which came to their end could not give back."""
        try:
            found: dict[str, str] = json.loads((self._folder / _OWED).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def unfinished(self) -> Iterator[tuple[FlowName, Mapping[Path, Intent]]]:
        """Yields the flows whose push did not come to its end, with what it was to do and what was done."""
        if not self._folder.is_dir():
            return
        for file in sorted(self._folder.glob("*.jsonl")):
            yield from_ref(file.name.removesuffix(".jsonl")), _read(file)

    def _file(self, flow: FlowName) -> FilePath:
        return self._folder / f"{to_ref(flow)}.jsonl"


def _replace(file: FilePath, content: str, settled: bool = False) -> None:
    """Puts content into the place of a file; ``settled`` if what was there must not be lost before that is on disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    temporary.write_text(content, encoding="utf-8")
    if settled:
        settle([temporary])
    temporary.replace(file)


def _read(file: FilePath) -> Mapping[Path, Intent]:
    intents: dict[Path, Intent] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            path, *rest = json.loads(line)
        except ValueError:  # torn by the crash
            continue
        if rest:
            intents[path] = Intent(*rest)
        elif path in intents:
            intents[path] = Intent(intents[path].blob, intents[path].lease, done=True)
    return intents
