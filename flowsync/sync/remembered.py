"""What a repository remembers of a remote's workspace, below ``.git/flowsync/studio/<remote>/``. No secret is in it.

    workspace.json   what was discovered; safe to delete
    registry.json    which of the remote's folders are registered flows, as last asked; safe to delete
    readonly.json    that the flow service refused a write for good; flowsync doctor --accept-writes deletes it
    drafts/          flows that are being registered: one journal each, until it is done

The truth about drafts is the registry's own: a record names the folder, the folder's name is the flow's name, and that
is the tracking ref's. Nothing of it is committed: an id in a file would be wrong in every fork and for every colleague.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any

from flowsync.core.names import from_ref, to_ref
from flowsync.core.tree import FlowName


@dataclass(frozen=True, slots=True)
class Registered:
    """One flow of the remote's folder that the registry knows."""

    id: str
    name: str
    owner: str  # object id
    archived: bool = False
    stamped: bool = False  # carries the commit it was pushed from


@dataclass(frozen=True, slots=True)
class Known:
    """The remote's part of the registry, as last asked. ``me`` is who asked, ``at`` when (RFC 3339)."""

    at: str
    me: str
    page: str  # the address of a flow in Studio, with {} for its id
    flows: Mapping[FlowName, Registered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """A flow that is being registered. ``sent`` says that the service may have been asked for it already."""

    path: str
    name: str
    type: str
    description: str
    tags: Mapping[str, str]
    sent: bool = False


class Remembered:
    """The folder of one remote. Reading never fails: what cannot be read was never kept."""

    def __init__(self, state: FilePath, remote: str) -> None:
        """``state`` is the repository's ``.git/flowsync``."""
        self.folder = state / "studio" / remote

    def recall(self) -> Mapping[str, Any] | None:
        """Returns what was discovered of the workspace."""
        return _read(self.folder / "workspace.json")

    def keep(self, found: Mapping[str, Any]) -> None:
        """Keeps what was discovered."""
        _write(self.folder / "workspace.json", found)

    def forget(self) -> None:
        """Forgets what was discovered."""
        (self.folder / "workspace.json").unlink(missing_ok=True)

    def known(self) -> Known | None:
        """Returns the remote's part of the registry, None if it was never asked."""
        said = _read(self.folder / "registry.json")
        try:
            flows = {FlowName(flow): Registered(**one) for flow, one in said["flows"].items()} if said else {}
            return Known(said["at"], said["me"], said["page"], flows) if said else None
        except (KeyError, TypeError, AttributeError):  # another version's
            return None

    def know(self, known: Known) -> None:
        """Keeps the remote's part of the registry."""
        _write(self.folder / "registry.json", asdict(known))

    def read_only(self) -> str:
        """Returns since when the flow service refuses writes for good (RFC 3339), or an empty string."""
        said = _read(self.folder / "readonly.json")
        return str(said.get("since") or "") if said else ""

    def close(self, now: datetime) -> None:
        """Notes that the flow service refuses writes for good."""
        if not self.read_only():
            _write(self.folder / "readonly.json", {"since": now.isoformat(timespec="seconds")})

    def reopen(self) -> None:
        """Notes that it takes writes."""
        (self.folder / "readonly.json").unlink(missing_ok=True)

    def begun(self, flow: FlowName) -> Begun | None:
        """Returns the registration of a flow that was begun and not ended."""
        said = _read(self._journal(flow))
        try:
            return Begun(**said) if said else None
        except TypeError:  # another version's
            return None

    def begin(self, flow: FlowName, begun: Begun) -> None:
        """Writes down what is to be registered; on disk when this returns."""
        _write(self._journal(flow), asdict(begun))

    def end(self, flow: FlowName) -> None:
        """Ends the registration of a flow: it is done, or nothing came of it."""
        self._journal(flow).unlink(missing_ok=True)

    def unfinished(self) -> Iterator[FlowName]:
        """Yields the flows whose registration was begun and not ended."""
        folder = self.folder / "drafts"
        for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            yield from_ref(file.name.removesuffix(".json"))

    def _journal(self, flow: FlowName) -> FilePath:
        return self.folder / "drafts" / f"{to_ref(flow)}.json"


def _read(file: FilePath) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        said = json.loads(file.read_text(encoding="utf-8"))
        return said if isinstance(said, dict) else None
    return None


def _write(file: FilePath, value: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{os.getpid()}.new")
    with temporary.open("w", encoding="utf-8") as out:
        json.dump(value, out)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
