"""Somebody, signed in to one workspace: what was discovered of it, and its registry.

What a workspace is and where its share lies hardly ever changes and costs two requests to ask: it is remembered (in
``.git/flowsync/``, without any secret), and asked anew when something fails that it could explain.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from flowsync.closing import Closing
from flowsync.studio.blobs import upload
from flowsync.studio.claims import Person
from flowsync.studio.cloud import chosen
from flowsync.studio.credential import authority, signed_in
from flowsync.studio.flows import Registry
from flowsync.studio.links import flow_page, flow_resource, run_page
from flowsync.studio.runs import Runs
from flowsync.studio.storage import Kind, Opened, Storage, describe, opened
from flowsync.studio.wire import Patience, Wire
from flowsync.studio.workspace import Place, Workspace, find


class Memory(Protocol):
    """Where what was discovered is kept between commands."""

    def recall(self) -> Mapping[str, Any] | None:
        """Returns what was kept, None if nothing was or it cannot be read."""

    def keep(self, found: Mapping[str, Any]) -> None:
        """Keeps what was found."""

    def forget(self) -> None:
        """Keeps nothing any more."""


class Nothing:
    """A memory for a workspace that no repository is linked to yet."""

    def recall(self) -> Mapping[str, Any] | None:
        return None

    def keep(self, found: Mapping[str, Any]) -> None: ...

    def forget(self) -> None: ...


class Session(Closing):
    """One workspace, as whoever is signed in sees it. Nothing is asked before it is needed."""

    def __init__(
        self,
        place: Place,
        environ: Mapping[str, str],
        memory: Memory | None = None,
        wire: Wire | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._place, self._environ = place, environ
        self._memory = memory or Nothing()
        self.cloud = wire.cloud if wire else chosen(environ)
        self._wire = wire or Wire(self.cloud, signed_in(self.cloud, environ), patience)
        self._workspace: Workspace | None = None
        self._storage: Storage | None = None
        self._person: Person | None = None

    @property
    def wire(self) -> Wire:
        """The connection."""
        return self._wire

    @property
    def authority(self) -> str:
        """Who signs people in to this cloud."""
        return authority(self.cloud, self._environ)

    @property
    def person(self) -> Person:
        """Who is signed in."""
        if self._person is None:
            self._person = self._wire.person()
        return self._person

    @property
    def workspace(self) -> Workspace:
        """What the workspace is."""
        if self._workspace is None:
            self._workspace, self._storage = self._remembered() or self._discover()
        return self._workspace

    @property
    def storage(self) -> Storage:
        """Where the workspace's share is."""
        if self._storage is None:
            self._workspace, self._storage = self._remembered() or self._discover()
        return self._storage

    @property
    def registry(self) -> Registry:
        """The workspace's flows."""
        return Registry(self._wire, self.workspace)

    @property
    def runs(self) -> Runs:
        """The workspace's runs."""
        return Runs(self._wire, self.workspace)

    def flow_resource(self, flow_id: str) -> str:
        """Returns what a run names a registered flow by."""
        return flow_resource(self.workspace.location, self.workspace.id, flow_id)

    def upload(self, name: str, content: bytes) -> str:
        """Puts a run's data where a run can read it, and returns its URI."""
        return upload(self._wire, self.workspace, name, content)

    def share(self) -> Opened:
        """Returns the workspace's share with what opens it, asked for just now."""
        return opened(self._wire, self.workspace, self.storage, self._environ)

    def forget(self) -> None:
        """Lets everything be discovered anew: it may have moved."""
        self._memory.forget()
        self._workspace = self._storage = None

    def again(self) -> "Session":
        """Returns a session that discovers everything anew, for when this one's answers are refused."""
        self._memory.forget()
        return Session(self._place, self._environ, self._memory)

    def flow_page(self, flow_id: str) -> str:
        """Returns the address of a flow in Studio."""
        return flow_page(self.cloud.portal, self.workspace.resource, self.workspace.id, flow_id)

    def run_page(self, name: str) -> str:
        """Returns the address of a run in Studio."""
        return run_page(self.cloud.portal, self.workspace.resource, name)

    def close(self) -> None:
        """Closes the connection."""
        self._wire.close()

    def _remembered(self) -> tuple[Workspace, Storage] | None:
        """Returns what is remembered, if it is of this workspace and this cloud."""
        known = self._memory.recall() or {}
        if known.get("of") != self._name():
            return None
        try:
            storage = dict(known["storage"])
            return Workspace(**known["workspace"]), Storage(**{**storage, "kind": Kind(storage["kind"])})
        except (KeyError, TypeError, ValueError):  # another version's
            return None

    def _discover(self) -> tuple[Workspace, Storage]:
        workspace = find(self._wire, self._place)
        storage = describe(self._wire, workspace)
        self._memory.keep({"of": self._name(), "workspace": asdict(workspace), "storage": asdict(storage)})
        return workspace, storage

    def _name(self) -> list[str]:
        place = self._place
        return [self.cloud.arm, place.subscription, place.group, place.workspace]
