"""The share in memory, under the eyes of a judge: what flowsync does to it is checked at the moment it does it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flowsync.core.flow import kind_of
from flowsync.core.tree import blob_of
from flowsync.share.base import TEMPORARIES
from flowsync.share.memory_store import Store, Version

ROOT = "Users/alice/promptflow"


class Broken(AssertionError):
    """An invariant does not hold; its name comes first."""


class WatchedStore(Store):
    """``client`` is the flowsync whose request is being served, None while Studio is at work."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__("simulated", clock)
        self.client: Any = None
        self.ever: set[tuple[str, str]] = set()  # (path, blob) that the share held at some time
        self.mutations = 0
        self.carried: Callable[[Iterable[bytes], str], None] = lambda content, flow: None

    def create(self, path: str, content: bytes, lease: str | None) -> Version:
        self._before("overwrite", path, lease, content)
        version = super().create(path, content, lease)
        self._after(path)
        return version

    def rename(self, source: str, path: str, replace: bool, lease: str | None, carried: str | None = None) -> Version:
        content = self._content(source)
        if content is not None and (self._content(path) is None or replace):
            self._before("rename over", path, lease, content)
            self._before("rename", source, carried, None)
        version = super().rename(source, path, replace, lease, carried)
        self._after(path)
        return version

    def rename_folder(self, source: str, path: str) -> None:
        super().rename_folder(source, path)
        self.mutations += 1
        old, new = source[len(ROOT) + 1 :], path[len(ROOT) + 1 :]
        self.carried(self.files(path).values(), new)
        self.ever |= {(new + inner[len(old) :], blob) for inner, blob in self.ever if inner.startswith(f"{old}/")}

    def delete(self, path: str, lease: str | None) -> None:
        self._before("delete", path, lease, None)
        super().delete(path, lease)
        self.mutations += 1
        self._asked(path)

    def acquire(self, path: str, lease: str) -> None:
        super().acquire(path, lease)
        self.mutations += 1

    def _content(self, path: str) -> bytes | None:
        node = self._nodes.get(path.lower())
        return node.content if node else None

    def _before(self, what: str, path: str, lease: str | None, new: bytes | None) -> None:
        """I1, I3, I8, I9: what flowsync displaces is in Git, was what it had looked at, and is held by its lease."""
        client, inner = self.client, path[len(ROOT) + 1 :]
        if client is None or inner.startswith(TEMPORARIES):
            return
        node = self._nodes.get(path.lower())
        if new is not None and node is None and kind_of(inner.rpartition("/")[2]):
            self._sources_first(inner)
        if new is not None and not client.repo.objects.holds(blob_of(new)):
            raise Broken(f"I3 {what} of {inner} with content that nobody wrote")
        if node is None or node.content is None or node.content == new:  # the same again displaces nothing
            return
        if node.lease and node.lease != lease:
            return  # the service refuses
        if not node.lease:
            raise Broken(f"I9 {what} of {inner} without a lease")
        if not client.repo.reaches(blob_of(node.content)):
            raise Broken(f"I1 {what} of {inner}: what was there is in no ref")
        self._as_expected(what, inner, node.content)
        if kind_of(inner.rpartition("/")[2]) and new is not None:
            self._sources_first(inner)

    def _as_expected(self, what: str, inner: str, content: bytes) -> None:
        """I8, I9: what goes is what Studio's side was recorded to hold."""
        flow, _, path = inner.partition("/")
        recorded = self.client.recorded(flow, path)
        if recorded != blob_of(content):
            raise Broken(f"I9 {what} of {inner}: it is not what was looked at")
        if what in ("delete", "rename") and self.client.pushing(flow, path) is not None:
            raise Broken(f"I8 {what} of {inner}, which nobody deleted")
        if what == "delete" and any(blob and not done for blob, done in self.client.intents(flow).values()):
            raise Broken(f"I8 delete of {inner} before all else was written")

    def _asked(self, path: str) -> None:
        """I8: the last file of a flow goes only with consent."""
        flow = path[len(ROOT) + 1 :].partition("/")[0]
        if self.client is None or flow == TEMPORARIES or flow in self.client.consent.deletes:
            return
        if not self.files(f"{ROOT}/{flow}"):
            raise Broken(f"I8 {flow} was deleted from the share, and nobody was asked")

    def _sources_first(self, inner: str) -> None:
        flow, _, _path = inner.partition("/")
        for other, (blob, done) in self.client.intents(flow).items():
            if blob and not done and not kind_of(other):
                raise Broken(f"I8 {inner} was written before {other}")

    def _after(self, path: str) -> None:
        self.mutations += 1
        inner, content = path[len(ROOT) + 1 :], self._content(path)
        if content is not None and not inner.startswith(TEMPORARIES):
            self.ever.add((inner, blob_of(content)))
