"""``flowsync doctor`` with a workspace: each thing that can be wrong is named with its fix."""

from pathlib import Path

import pytest

from flowsync.emulator.people import User, write_az
from flowsync.sync.remembered import Begun, Remembered

from .test_drafts import made_in_studio
from .world import Office, signed_in

Found = dict[str, list[tuple[str, str, str]]]


def checks(office: Office, code: int) -> Found:
    found: Found = {}
    for one in office.json("doctor", code=code)["checks"]:
        found.setdefault(one["name"], []).append((one["verdict"], one["said"], one["fix"]))
    return found


def test_a_healthy_workspace(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    found = checks(office, 0)
    assert found["sign-in"] == [("ok", f"alice@contoso.com, tenant {office.user.tenant}", "")]
    assert found["workspace"] == [("ok", "flows-ws in eastus", "")]
    ((verdict, said, _),) = found["credentials"]
    assert verdict == "ok" and said.endswith("on devstoreaccount1, by the account's key")
    assert found["registry"] == [("ok", "1 flow, 1 of them in the remote's folder", "")]
    assert "alias" not in found and found["share"][0][1].startswith("1 flow,")


def test_nobody_signed_in(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    az = write_az(tmp_path / "no-bin", User("nobody"))
    az.write_text("#!/bin/sh\necho 'ERROR: Please run \"az login\" to setup account.' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", f"{az.parent}:/usr/bin:/bin")
    ((verdict, said, fix),) = checks(office, 1)["workspace"]
    assert verdict == "bad" and said.startswith("Nobody is signed in") and fix.startswith("az login")


def test_the_wrong_tenant(office: Office, tmp_path: Path) -> None:
    with signed_in(office, User("alice", "11111111-2222-4333-8444-555555555555"), tmp_path):
        ((verdict, said, fix),) = checks(office, 1)["workspace"]
    assert verdict == "bad" and "another tenant" in said and fix.startswith("az login --tenant 72f988bf")


def test_the_missing_role(office: Office) -> None:
    office.workspace.roles = {"alice@contoso.com": ["Reader"]}
    found = checks(office, 1)
    assert found["workspace"][0][0] == "ok"
    verdict, said, fix = found["workspace"][1]
    assert verdict == "bad" and "listSecrets/action is missing" in said and "'AzureML Data Scientist'" in fix


def test_disabled_keys_and_a_firewall(office: Office) -> None:
    office.workspace.key_access = False
    ((verdict, said, fix),) = checks(office, 1)["share"]
    assert verdict == "bad" and "refuses account keys" in said and "FLOWSYNC_STORAGE_AUTH=identity" in fix
    office.workspace.key_access, office.workspace.firewall = True, True
    ((verdict, said, fix),) = checks(office, 1)["share"]
    assert verdict == "bad" and "VPN" in fix


def test_a_service_principal_and_somebody_else(office: Office, tmp_path: Path) -> None:
    with signed_in(office, User("bob"), tmp_path):
        ((verdict, said, _),) = checks(office, 0)["alias"]
    assert verdict == "note" and said == "you are bob, the remote is the folder of alice"
    az = write_az(tmp_path / "ci", User("ci", person=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{az.parent}:/usr/bin:/bin")
        ((verdict, said, fix),) = checks(office, 0)["alias"]
    assert verdict == "note" and f"Users/{User('ci').oid}, not into alice's folder" in said and "az login" in fix


def test_read_only_and_what_was_left(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    twin = made_in_studio(office, "chat", "Twice")
    memory = Remembered(office.folder / ".git/flowsync", "studio")
    memory.begin("other", Begun("p", "n", "standard", "", {}))  # type: ignore[arg-type]
    office.workspace.phase = "read-only"
    office.draft("rename", twin, "x", code=4)
    found = checks(office, 1)
    assert found["studio"][0][0] == "bad" and "doctor --accept-writes" in found["studio"][0][2]
    notes = [said for verdict, said, _ in found["registry"] if verdict == "note"]
    assert notes == ["other was being registered when it stopped", "chat is registered more than once"]
    office.workspace.phase = "active"
    assert "studio" not in {one["name"] for one in office.json("doctor", "--accept-writes")["checks"]}
