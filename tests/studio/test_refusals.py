"""Every way in which a workspace can refuse: each has its sentence, its next step and its exit code."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsync.emulator.people import User, write_az
from flowsync.emulator.witness import Event
from world import Run

from .world import Office, signed_in

OTHER_TENANT = "11111111-2222-4333-8444-555555555555"


def refused(run: Run, *parts: str) -> None:
    """Checks that a command ended as a refusal does: exit code 4, the sentence and the next step, and no secret."""
    assert run.code == 4, str(run)
    for part in parts:
        assert part in run.err, str(run)
    assert "try: " in run.err and "Traceback" not in run.err
    assert "eyJ" not in run.err and "sig=" not in run.err


def registered(office: Office) -> Office:
    office.commit_flow("chat")
    office.draft("create", "chat")
    return office


def test_nobody_signed_in(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    az = write_az(tmp_path / "no-bin", User("nobody"))
    az.write_text("#!/bin/sh\necho 'ERROR: Please run \"az login\" to setup account.' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", f"{az.parent}:{tmp_path / 'nothing'}:/usr/bin:/bin")
    refused(office.run("draft", "list"), "Nobody is signed in to Azure here", "az login")
    refused(office.run("fetch"), "Nobody is signed in to Azure here", "az login")


def test_an_expired_sign_in(office: Office) -> None:
    """A token that is refused is asked for once more; if that one is refused too, it is said."""
    office.emulator.faults.refuse("query_index", code="ExpiredAuthenticationToken")
    office.draft("list")
    office.emulator.faults.refuse("query_index", code="ExpiredAuthenticationToken", times=2)
    refused(office.run("draft", "list"), "Azure does not accept the sign-in", "az login")


def test_another_tenant(office: Office, tmp_path: Path) -> None:
    with signed_in(office, User("alice", OTHER_TENANT), tmp_path):
        run = office.run("draft", "list")
        refused(run, f"another tenant ({OTHER_TENANT})", "az login --tenant 72f988bf-0000-4000-8000-2d7cd011db47")
        run = office.run("fetch")
        refused(run, "another tenant")


@pytest.mark.parametrize("code", ["InvalidAuthenticationToken", "InvalidAuthenticationTokenAudience"])
def test_401(office: Office, code: str) -> None:
    office.emulator.faults.refuse("query_index", code=code, times=2)
    refused(office.run("draft", "list"), "Azure does not accept the sign-in for the list of flows", "az login")


def test_403_no_role_on_the_workspace(office: Office) -> None:
    office.workspace.roles = {"alice@contoso.com": ["Reader"]}
    run = office.run("fetch")
    refused(run, "the file share's key", "datastores/listSecrets/action", "'AzureML Data Scientist'")
    refused(run, "export FLOWSYNC_STORAGE_AUTH=identity")
    office.workspace.roles = {"alice@contoso.com": []}
    refused(office.run("draft", "list"), "the list of flows", "AzureML Data Scientist")


def test_403_no_role_on_the_storage(office: Office) -> None:
    office.workspace.credentials = "None"
    office.workspace.roles = {"alice@contoso.com": ["AzureML Data Scientist"]}
    for file in office.folder.glob(".git/flowsync/studio/*/workspace.json"):
        file.unlink()
    run = office.run("fetch")
    refused(run, "'Storage File Data Privileged Contributor' on the storage account devstoreaccount1")


def test_403_keys_disabled_and_the_way_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workspace.key_access = False
    refused(office.run("fetch"), "refuses account keys", "export FLOWSYNC_STORAGE_AUTH=identity")
    monkeypatch.setenv("FLOWSYNC_STORAGE_AUTH", "identity")
    office.ends(0, "fetch")
    monkeypatch.setenv("FLOWSYNC_STORAGE_AUTH", "password")
    assert "must be identity or auto" in office.ends(2, "fetch").err


def test_403_firewall(office: Office) -> None:
    office.workspace.firewall = True
    refused(office.run("fetch"), "the firewall of the storage account devstoreaccount1", "VPN")


def test_403_not_the_owner(office: Office, tmp_path: Path) -> None:
    registered(office)
    with signed_in(office, User("bob"), tmp_path):
        for arguments in (("rename", "chat", "x"), ("archive", "chat")):
            refused(office.run("draft", *arguments), "Only its owner may change the flow chat", "ask the owner")


def test_404_each(bare: Office) -> None:
    parts = [bare.workspace.subscription, bare.workspace.group, bare.workspace.name]
    wanted = ("The subscription is not there", "The resource group is not there", "The workspace nowhere is not there")
    for at, sentence in enumerate(wanted):
        names = "/".join("nowhere" if number == at else name for number, name in enumerate(parts))
        refused(bare.run("init", "--share", f"azureml://{names}?user=alice"), sentence)


def test_404_a_flow_that_the_index_still_has(office: Office) -> None:
    registered(office)
    office.emulator.faults.refuse("get_flow", code="FlowNotFound")
    refused(office.run("draft", "show", "chat"), "is not there")


def test_409(office: Office) -> None:
    office.commit_flow("chat")
    office.emulator.faults.refuse("create_flow", status=409, code="BadArgument")
    refused(office.run("draft", "create", "chat"), "there is one already, or somebody changes it now")
    assert office.records() == []
    office.draft("create", "chat")
    assert len(office.records()) == 1


def test_429_is_waited_for_as_long_as_it_asks_even_by_a_create(office: Office) -> None:
    office.commit_flow("chat")
    office.emulator.faults.refuse("create_flow", code="SubscriptionRequestsThrottled", retry_after=0.2)
    office.draft("create", "chat")
    assert len(office.records()) == 1


def test_429_for_good(office: Office, quick: None) -> None:
    office.emulator.faults.refuse("query_index", code="SubscriptionRequestsThrottled", times=None, retry_after=0)
    refused(office.run("draft", "list"), "asked too often", "try again in a minute")
    assert office.emulator.counts["query_index"] == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx(office: Office, quick: None, status: int) -> None:
    fault = office.emulator.faults.refuse("query_index", status=status, code="InternalError")
    office.draft("list")
    assert fault.hits == 1
    office.emulator.faults.refuse("query_index", status=status, code="InternalError", times=4)
    refused(office.run("draft", "list"), f"Azure failed at the list of flows (HTTP {status})", "try again")


def test_no_answer(office: Office, quick: None) -> None:
    fault = office.emulator.faults.drop_after("query_index")
    office.draft("list")
    assert fault.hits == 1
    office.emulator.stop()
    refused(office.run("draft", "list"), "does not answer (the connection was refused)", "check the network")


def test_a_certificate_that_is_not_trusted(office: Office, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    refused(office.run("draft", "list"), "its TLS certificate is not accepted")


def test_a_token_that_expires_in_the_middle_of_an_upload(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one's own identity: the service refuses the old token, another is asked for, and the push goes on."""
    monkeypatch.setenv("FLOWSYNC_STORAGE_AUTH", "identity")
    az = write_az(tmp_path / "short", office.user)
    asked = tmp_path / "asked"  # the first token for each audience lives an hour, those after it live for days
    longer = f"3600 * (1 if not __import__('os').path.exists('{asked}') else 99)"
    az.write_text(az.read_text().replace("int(time.time()) + 3600", f"int(time.time()) + {longer}"))
    monkeypatch.setenv("PATH", f"{az.parent}:/usr/bin:/bin")
    office.commit_flow("chat", {f"{number}.txt": f"{number}\n" for number in range(60)})
    emulator, created = office.emulator, []

    def an_hour_passes(event: Event) -> None:
        if (event.when, event.operation) == ("after", "create_file"):
            created.append(event.status)
            if len(created) == 5:
                asked.touch()
                emulator.clock.skew = 4000

    emulator.on_request(an_hour_passes)
    office.draft("create", "chat")
    assert created.count(401), "more files than are sent at once: some are refused"
    assert created.count(201) == 62
    emulator.clock.skew = 0
    assert len(office.on_share("chat")) == 62 and len(office.records()) == 1


def test_a_service_principal_is_told_whose_folder_it_would_write(bare: Office, tmp_path: Path) -> None:
    az = write_az(tmp_path / "ci", User("ci", person=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{az.parent}:/usr/bin:/bin")
        run = bare.ends(2, "init", "--share", bare.url)
    assert f"the service principal {User('ci').oid} has no folder of that name there" in run.err


Arranged = Callable[[Office], None]


def _read_only(office: Office) -> None:
    office.workspace.phase = "read-only"


def _gone(office: Office) -> None:
    office.workspace.phase = "gone"


@pytest.mark.parametrize("arrange", [_read_only, _gone])
def test_after_retirement_flowsync_goes_on_pulling_and_says_so(office: Office, arrange: Arranged) -> None:
    registered(office)
    office.commit_flow("other")
    arrange(office)
    run = office.run("draft", "rename", "chat", "Another name")
    refused(run, "prompt flow", "flowsync goes on pulling")

    office.commit({"flows/chat/notes.md": "here\n"})
    (office.folder_of(office.user) / "chat/new.txt").write_text("saved in Studio\n")
    office.ends(1, "sync")
    assert office.here("chat")["new.txt"] == b"saved in Studio\n"
    assert "notes.md" not in office.on_share("chat")
    run = office.ends(0, "status")
    assert "Studio is read-only" in run.out and "pushes nothing" in run.out
    assert office.state("chat")["hold"]["reason"].startswith("Studio is read-only")
    run = office.run("draft", "create", "other")
    assert (run.code in (1, 4) and "read-only" in run.out + run.err) or "retired" in run.err
    assert "other" not in {path.name for path in office.folder_of(office.user).iterdir()}

    office.workspace.phase = "active"
    office.run("doctor", "--accept-writes")
    office.ends(0, "sync")
    assert office.on_share("chat")["notes.md"] == b"here\n"


def test_a_change_that_the_service_takes_ends_the_read_only_mode(office: Office) -> None:
    registered(office)
    office.workspace.phase = "read-only"
    office.run("draft", "archive", "chat")
    assert office.json("status")["read_only"]
    office.workspace.phase = "active"
    office.draft("rename", "chat", "Chat")
    assert office.json("status")["read_only"] is None


def test_a_read_only_service_that_says_so_with_405(office: Office) -> None:
    registered(office)
    office.emulator.faults.refuse("update_flow", status=405, code="UnsupportedHttpVerb")
    refused(office.run("draft", "rename", "chat", "x"), "Studio takes no changes of flows any more")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience that does not wait: what is tested is how often, not how long."""
    from flowsync.studio import wire

    defaults = wire.Patience.__init__.__defaults__ or ()
    sleeps = itertools.repeat(None)
    *others, _ = defaults
    monkeypatch.setattr(wire.Patience.__init__, "__defaults__", (*others, lambda _: next(sleeps)))


def test_the_configuration_of_the_repository_counts_below_the_environment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.workspace.key_access = False
    office.git("config", "flowsync.storageAuth", "identity")
    office.git("config", "flowsync.armEndpoint", office.emulator.base_url)
    monkeypatch.delenv("AZUREML_DEV_URL_MFE")
    office.ends(0, "fetch")
    office.ends(0, "draft", "list")
    monkeypatch.setenv("FLOWSYNC_STORAGE_AUTH", "auto")
    refused(office.run("fetch"), "refuses account keys")
