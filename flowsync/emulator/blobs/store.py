"""Blobs on disk: the content in a file of its own, everything else in the catalogue.

A blob's name may be anything, so the file is called by a digest of it: no name leads out of the folder.
"""

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from flowsync.emulator.store.catalog import Catalog


@dataclass(slots=True)
class Blob:
    """What is known of a blob."""

    name: str
    size: int
    md5: str
    content_type: str
    created: int
    changed: int
    metadata: dict[str, str] = field(default_factory=dict)


class Blobs:
    """Every container's blobs. Containers are there when they are named by ``serve``."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._folder, self._catalog = folder, catalog
        self._containers: set[tuple[str, str]] = set()

    def serve(self, account: str, container: str) -> None:
        """Makes a container be there."""
        self._containers.add((account, container))
        self._file(account, container, "").parent.mkdir(parents=True, exist_ok=True)

    def has(self, account: str, container: str) -> bool:
        """Tells whether there is a container."""
        return (account, container) in self._containers

    def find(self, account: str, container: str, name: str) -> Blob | None:
        """Returns a blob, None if there is none."""
        record: dict[str, Any] | None = self._catalog.record(_kind(account, container), name)
        return Blob(**record) if record else None

    def names(self, account: str, container: str, prefix: str) -> list[str]:
        """Returns the names of the blobs that begin with a prefix, sorted."""
        records = self._catalog.records(_kind(account, container))
        return sorted(one["name"] for one in records if one["name"].startswith(prefix))

    def read(self, account: str, container: str, name: str) -> bytes:
        """Returns a blob's content."""
        return self._file(account, container, name).read_bytes()

    def write(self, account: str, container: str, blob: Blob, content: bytes) -> None:
        """Writes a blob, new or over an old one."""
        file = self._file(account, container, blob.name)
        temporary = file.with_suffix(".new")
        temporary.write_bytes(content)
        temporary.replace(file)
        self.keep(account, container, blob)

    def keep(self, account: str, container: str, blob: Blob) -> None:
        """Keeps what changed of a blob beside its content."""
        self._catalog.keep(_kind(account, container), blob.name, asdict(blob))

    def _file(self, account: str, container: str, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / account / container / digest


def _kind(account: str, container: str) -> str:
    return f"blob/{account}/{container}"
