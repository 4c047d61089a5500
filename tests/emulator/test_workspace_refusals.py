"""Every refusal of a workspace, by condition or by fault: its status, code and shape, and that nothing happened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsync.emulator import TENANT, Emulator, Workspace
from flowsync.emulator.people import MANAGEMENT, STORAGE, User
from workspace import ALICE, BOB, Answer, call, workspace_emulator, write_on_share

DEFINITION = "Users/alice/promptflow/chat/flow.dag.yaml"
FLOW = {"flowName": "Chat", "flowDefinitionFilePath": DEFINITION}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with workspace_emulator(tmp_path) as running:
        write_on_share(running, DEFINITION)
        yield running


@pytest.fixture
def workspace(emulator: Emulator) -> Workspace:
    return emulator.workspaces[0]


def arm(emulator: Emulator, below: str = "", method: str = "GET", **options: Any) -> Answer:
    return call(emulator, method, f"{emulator.workspaces[0].arm_id}{below}?api-version=2024-10-01", **options)


def create(emulator: Emulator, **options: Any) -> Answer:
    return call(emulator, "POST", f"/flow/api{emulator.workspaces[0].arm_id}/Flows", FLOW, **options)


def flows(emulator: Emulator) -> list[Any]:
    found: list[Any] = call(emulator, "GET", f"/flow/api{emulator.workspaces[0].arm_id}/Flows").json
    return found


def bearer(token: str) -> dict[str, Any]:
    return {"user": None, "headers": {"Authorization": f"Bearer {token}"}}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"user": None}, "AuthenticationFailed"),
        ({"user": None, "headers": {"Authorization": "SharedKey a:b"}}, "AuthenticationFailed"),
        (bearer("not-a-token"), "InvalidAuthenticationToken"),
        (bearer(ALICE.token(MANAGEMENT, -1)), "ExpiredAuthenticationToken"),
        (bearer(ALICE.token(STORAGE)), "InvalidAuthenticationTokenAudience"),
        (bearer(User("eve", "00000000-1111-2222-3333-444444444444").token()), "InvalidAuthenticationTokenTenant"),
    ],
)
def test_nobody_gets_in_without_a_good_token(emulator: Emulator, options: dict[str, Any], code: str) -> None:
    for answer in (arm(emulator, **options), create(emulator, **options)):
        assert (answer.status, answer.code) == (401, code)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert flows(emulator) == []


def test_a_wrong_tenant_is_told_both(emulator: Emulator) -> None:
    stranger = User("eve", "00000000-1111-2222-3333-444444444444")
    message = arm(emulator, user=stranger).json["error"]["message"]
    assert stranger.tenant in message and TENANT in message


def test_a_token_expires_when_the_clock_moves_on(emulator: Emulator) -> None:
    token = ALICE.token(MANAGEMENT, 600)
    assert create(emulator, **bearer(token)).status == 200
    emulator.clock.skew = 601
    assert create(emulator, **bearer(token)).code == "ExpiredAuthenticationToken"


def test_roles_are_asked_for_by_action(emulator: Emulator, workspace: Workspace) -> None:
    mine = create(emulator).json["flowId"]
    secrets = "/datastores/workspaceworkingdirectory/listSecrets"
    workspace.roles = {BOB.upn: ["Reader"]}
    assert arm(emulator, user=BOB).status == 200
    assert call(emulator, "GET", f"/flow/api{workspace.arm_id}/Flows/{mine}", user=BOB).status == 200
    refused = arm(emulator, secrets, "POST", user=BOB)
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert "datastores/listSecrets/action" in refused.json["error"]["message"] and BOB.oid in refused.body.decode()
    assert create(emulator, user=BOB).code == "AuthorizationFailed"
    workspace.roles = {BOB.oid: []}
    assert arm(emulator, user=BOB).code == "AuthorizationFailed"
    assert arm(emulator, user=ALICE).status == 200
    assert len(flows(emulator)) == 1


@pytest.mark.parametrize(
    ("phase", "reading", "writing", "code"),
    [("read-only", 200, 403, "ServiceReadOnly"), ("gone", 410, 410, "ServiceRetired")],
)
def test_after_the_retirement(
    emulator: Emulator, workspace: Workspace, phase: Any, reading: int, writing: int, code: str
) -> None:
    mine = create(emulator).json["flowId"]
    workspace.phase = phase
    where = f"/flow/api{workspace.arm_id}/Flows/{mine}"
    index = {"filters": [{"field": "type", "operator": "eq", "values": ["flows"]}]}
    assert call(emulator, "GET", where).status == reading
    assert call(emulator, "POST", f"/index/v1.0{workspace.arm_id}/entities", index).status == reading
    for answer in (create(emulator), call(emulator, "PUT", where, {"flowName": "New"})):
        assert (answer.status, answer.code) == (writing, code)
    assert arm(emulator).status == 200
    assert arm(emulator, "/datastores/workspaceworkingdirectory/listSecrets", "POST").status == 200
    workspace.phase = "active"
    assert [one["flowName"] for one in flows(emulator)] == ["Chat"]


@pytest.mark.parametrize(
    ("code", "status", "options"),
    [
        ("TooManyRequests", 429, {"retry_after": 7}),
        ("SubscriptionRequestsThrottled", 429, {"retry_after": 7}),
        ("InternalError", 500, {}),
        ("ServerBusy", 503, {}),
        ("AuthorizationFailed", 403, {}),
        ("ExpiredAuthenticationToken", 401, {}),
        ("Anything", 418, {"status": 418}),
    ],
)
def test_faults_speak_the_services_language(
    emulator: Emulator, code: str, status: int, options: dict[str, Any]
) -> None:
    emulator.faults.refuse("get_workspace", code=code, **options)
    emulator.faults.refuse("create_flow", "flows-ws/Flows", code=code, **options)
    plain, nested = arm(emulator), create(emulator)
    assert (plain.status, plain.json["error"]["code"]) == (status, code)
    assert (nested.status, nested.code) == (status, code)
    assert nested.json["error"]["code"] == ("UserError" if status < 500 else "ServiceError")
    assert nested.json["statusCode"] == status
    for answer in (plain, nested):
        assert answer.headers.get("Retry-After") == (str(options["retry_after"]) if "retry_after" in options else None)
    assert flows(emulator) == []
    assert arm(emulator).status == create(emulator).status == 200


def test_a_reply_that_is_lost_leaves_its_effect(emulator: Emulator) -> None:
    emulator.faults.drop_after("create_flow")
    emulator.faults.drop_before("create_flow")
    for made in (1, 1):
        with pytest.raises(OSError):
            create(emulator)
        assert len(flows(emulator)) == made


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "", 400, "MissingApiVersionParameter"),
        ("DELETE", "?api-version=1", 405, "UnsupportedHttpVerb"),
        ("GET", "/computes?api-version=1", 404, "NoSuchOperation"),
    ],
)
def test_what_is_not_served_says_so(
    emulator: Emulator, workspace: Workspace, method: str, path: str, status: int, code: str
) -> None:
    answer = call(emulator, method, f"{workspace.arm_id}{path}")
    assert (answer.status, answer.code) == (status, code)
    assert call(emulator, "POST", f"/flow/api{workspace.arm_id}/Connections", {}).code == "NoSuchOperation"


@pytest.mark.parametrize(
    "body",
    [{}, {**FLOW, "flowType": "poem"}, {**FLOW, "tags": {"a": 1}}, {**FLOW, "tags": ["a"]}, [FLOW]],
)
def test_a_body_that_makes_no_sense(emulator: Emulator, workspace: Workspace, body: Any) -> None:
    answer = call(emulator, "POST", f"/flow/api{workspace.arm_id}/Flows", body)
    assert (answer.status, answer.code) == (400, "BadArgument")
    assert flows(emulator) == []
