"""A repository, an emulated workspace and its people, for tests of drafts: everything goes over HTTPS."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowsync.emulator import Emulator, Workspace
from workspace import ALICE, User, call, environment
from world import Repo, Run, World

GOOD = {
    "flow.dag.yaml": """\
# answers politely
inputs:
  text: {type: string, default: "hello" }
outputs:
  out:   {type: string, reference: '${echo.output}'}
nodes:
- name: echo     # the only one
  type: python
  source: {type: code, path: echo.py}
  inputs: {text: '${inputs.text}'}
""",
    "echo.py": "from promptflow.core import tool\n\n\n@tool\ndef echo(text: str):\n    return text\n",
}


@dataclass
class Office(World):
    """A repository linked to a workspace, with somebody signed in."""

    emulator: Emulator = field(default=None)  # type: ignore[assignment]
    user: User = ALICE

    @property
    def workspace(self) -> Workspace:
        return self.emulator.workspaces[0]

    @property
    def url(self) -> str:
        place = self.workspace
        return f"azureml://{place.subscription}/{place.group}/{place.name}"

    @property
    def users(self) -> Path:
        """The share's Users folder, on the emulator's disk."""
        return self.emulator.share_folder(self.workspace.share) / "Users"

    def folder_of(self, user: User) -> Path:
        return self.users / user.name / "promptflow"

    def on_share(self, flow: str, user: User = ALICE) -> dict[str, bytes]:
        """The files of a flow's folder on the share."""
        top = self.folder_of(user) / flow
        return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}

    def records(self) -> list[dict[str, Any]]:
        """Every flow of the registry, as the flow service lists them."""
        listed = call(self.emulator, "GET", f"/flow/api{self.workspace.arm_id}/Flows?listViewType=All")
        assert listed.status == 200, listed.body
        found: list[dict[str, Any]] = listed.json
        return found

    def commit_flow(self, name: str, more: Mapping[str, str | bytes | None] | None = None) -> str:
        """Commits a good flow."""
        files = {**GOOD, **(more or {})}
        return self.commit({f"{self.path}/{name}/{path}": content for path, content in files.items()}, f"Add {name}")

    def draft(self, *arguments: str, code: int = 0) -> Run:
        return self.ends(code, "draft", *arguments)

    def json(self, *arguments: str, code: int = 0) -> Any:
        return self.ends(code, *arguments, "--json").json


@contextmanager
def signed_in(office: Office, user: User, folder: Path) -> Iterator[None]:
    """Lets somebody else sign in for a while."""
    before = office.user
    with pytest.MonkeyPatch.context() as patch:
        sign_in(patch, office.emulator, folder, user)
        office.user = user
        yield
    office.user = before


def sign_in(patch: pytest.MonkeyPatch, emulator: Emulator, folder: Path, user: User) -> None:
    """Signs somebody in, for commands of this process and of others."""
    for name, value in environment(emulator, folder, user).items():
        patch.setenv(name, value)
    patch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    patch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)


def unlinked_office(repo: Repo, emulator: Emulator) -> Office:
    """A repository, and people with folders on the share, not linked yet."""
    office = Office(repo.folder, emulator=emulator)
    for name in ("alice", "bob"):
        (office.users / name / "promptflow").mkdir(parents=True)
    office.commit({"README.md": "x\n"})
    return office
