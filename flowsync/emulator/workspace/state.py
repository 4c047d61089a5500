"""What a workspace is and holds, and what a test may set about it.

What belongs here: the workspace's names and conditions, and its records (flows), which the catalogue keeps.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from flowsync.emulator.refusal import Refused
from flowsync.emulator.store.catalog import Catalog
from flowsync.emulator.workspace.execution import Result

TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"
"""The tenant of every emulated subscription; a token from another one is refused as Azure does."""

READER = "Reader"
DATA_SCIENTIST = "AzureML Data Scientist"
FILE_READER = "Storage File Data Privileged Reader"
FILE_CONTRIBUTOR = "Storage File Data Privileged Contributor"
BLOB_READER = "Storage Blob Data Reader"
BLOB_CONTRIBUTOR = "Storage Blob Data Contributor"

Record = dict[str, Any]
Credentials = Literal["AccountKey", "Sas", "None"]
Phase = Literal["active", "read-only", "gone"]
_CHOICES: Mapping[str, tuple[str, ...]] = {"credentials": get_args(Credentials), "phase": get_args(Phase)}
_CONDITIONS = (
    "credentials",
    "key_access",
    "firewall",
    "phase",
    "roles",
    "page_size",
    "index_lag",
    "run_statuses",
    "results",
)


@dataclass(slots=True, eq=False)
class Workspace:
    """One workspace: where it is, and its conditions, which anyone may change while it runs."""

    subscription: str
    group: str
    name: str
    account: str = "devstoreaccount1"
    credentials: Credentials = "AccountKey"  # what the file share's datastore offers; None is identity only
    key_access: bool = True  # False: the storage account takes no key and no signature of one
    firewall: bool = False  # True: the storage account refuses this network
    phase: Phase = "active"  # of the prompt flow service: everything, reads only, nothing
    roles: dict[str, list[str]] = field(default_factory=dict)  # by object id or upn; who is not named has all
    page_size: int = 200  # of Resource Manager's lists
    index_lag: int = 0  # queries of the index until something new is in it
    run_statuses: list[str] = field(default_factory=lambda: ["NotStarted", "Running"])  # of a new run, look by look
    results: dict[str, Record] = field(default_factory=dict)  # by pattern of run, display name or flow: a Result

    @property
    def arm_id(self) -> str:
        """The workspace's resource id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )

    @property
    def studio_id(self) -> str:
        """The resource id as links to Studio have it."""
        return self.arm_id.replace("/resourceGroups/", "/resourcegroups/")

    @property
    def id(self) -> str:
        """The workspace's GUID, the same for the same names."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.arm_id.lower()))

    @property
    def share(self) -> str:
        """The file share with the users' folders; its name differs from workspace to workspace."""
        return f"code-{self.id}"

    @property
    def container(self) -> str:
        """The blob container of the datastore ``workspaceblobstore``."""
        return f"azureml-blobstore-{self.id}"

    @property
    def location(self) -> str:
        """The region."""
        return "eastus"

    def conditions(self) -> Record:
        """Returns everything that may be changed, and what it belongs to."""
        return {"name": self.name, "share": self.share, **{name: getattr(self, name) for name in _CONDITIONS}}

    def change(self, given: Record) -> Record:
        """Changes conditions; raises ValueError for what is none, before anything is changed."""
        for name, value in given.items():
            if name not in _CONDITIONS:
                raise ValueError(f"{name} is none of {', '.join(_CONDITIONS)}")
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}")
            if name == "results":
                for result in value.values():
                    Result(**result)
            if type(value) is not type(getattr(self, name)):
                raise ValueError(f"{name} is not {value!r}")
        for name, value in given.items():
            setattr(self, name, value)
        return self.conditions()

    def allows(self, oid: str, upn: str, *roles: str) -> bool:
        """Tells whether somebody has one of these roles."""
        held = self.roles.get(oid, self.roles.get(upn))
        return held is None or bool(set(held) & set(roles))


class Workspaces:
    """The workspaces served, and their records."""

    def __init__(self, served: Sequence[Workspace], catalog: Catalog) -> None:
        self.served = tuple(served)
        self._catalog = catalog
        self._late: dict[str, int] = {}  # key of a record -> queries until the index has it

    def __iter__(self) -> Iterator[Workspace]:
        return iter(self.served)

    def __bool__(self) -> bool:
        return bool(self.served)

    def named(self, name: str) -> Workspace:
        """Returns the workspace of a name, or the first one for no name; raises KeyError."""
        for one in self.served:
            if name in ("", one.name):
                return one
        raise KeyError(name)

    def find(self, subscription: str, group: str, name: str) -> Workspace:
        """Finds a workspace by its names, in any case; raises Refused for the first of them that there is not."""
        in_subscription = [one for one in self.served if one.subscription.lower() == subscription.lower()]
        if not in_subscription:
            raise Refused("SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
        in_group = [one for one in in_subscription if one.group.lower() == group.lower()]
        if not in_group:
            raise Refused("ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
        for one in in_group:
            if one.name.lower() == name.lower():
                return one
        what = f"Microsoft.MachineLearningServices/workspaces/{name}"
        message = f"The Resource '{what}' under resource group '{group}' was not found."
        raise Refused("ResourceNotFound", message)

    def of_account(self, account: str) -> list[Workspace]:
        """Returns the workspaces whose files are in a storage account."""
        return [one for one in self.served if one.account == account]

    def records(self, workspace: Workspace, kind: str) -> list[Record]:
        """Returns all records of a kind, oldest first."""
        return self._catalog.records(f"{workspace.id}/{kind}")

    def record(self, workspace: Workspace, kind: str, key: str) -> Record | None:
        """Returns one record."""
        return self._catalog.record(f"{workspace.id}/{kind}", key)

    def indexed(self, workspace: Workspace, kind: str) -> list[Record]:
        """Returns the records of a kind that the index has, oldest first."""
        keyed = self._catalog.keyed_records(f"{workspace.id}/{kind}")
        return [record for key, record in keyed if self._late.get(key, 0) <= 0]

    def queried(self) -> None:
        """Notes that the index was asked: what is new comes one step nearer to being in it."""
        self._late = {key: left - 1 for key, left in self._late.items() if left > 1}

    def add(self, workspace: Workspace, kind: str, key: str, record: Record) -> None:
        """Keeps a new record, which the index may not have at once."""
        if workspace.index_lag:
            self._late[key] = workspace.index_lag
        self.keep(workspace, kind, key, record)

    def keep(self, workspace: Workspace, kind: str, key: str, record: Record) -> None:
        """Keeps a record that changed."""
        self._catalog.keep(f"{workspace.id}/{kind}", key, record)
