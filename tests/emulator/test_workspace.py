"""A workspace's endpoints: found through Resource Manager, its share opened by what it tells, its flows kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.identity import AzureCliCredential
from azure.storage.fileshare import ShareClient

from flowsync.emulator import TENANT, Emulator, Workspace
from flowsync.emulator.people import STORAGE, User
from flowsync.errors import UsageError
from workspace import (
    ALICE,
    BOB,
    NAMES,
    Answer,
    call,
    environment,
    workspace_emulator,
    write_on_share,
)

VERSION = "api-version=2024-10-01"
DEFINITION = "Users/alice/promptflow/chat/flow.dag.yaml"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with workspace_emulator(tmp_path) as running:
        yield running


@pytest.fixture
def workspace(emulator: Emulator) -> Workspace:
    return emulator.workspaces[0]


def flows_url(workspace: Workspace, flow: str = "", query: str = "") -> str:
    return f"/flow/api{workspace.arm_id}/Flows{flow and '/' + flow}{query and '?' + query}"


def create(emulator: Emulator, user: User = ALICE, path: str = DEFINITION, **fields: Any) -> dict[str, Any]:
    """Registers a flow whose definition is put on the share first."""
    write_on_share(emulator, path)
    body = {"flowName": "Chat", "description": "Talks", "tags": {"a": "b"}, "flowType": "chat", **fields}
    answer = call(
        emulator,
        "POST",
        flows_url(emulator.workspaces[0]),
        {"flowDefinitionFilePath": path, **body},
        user=user,
    )
    assert answer.status == 200, answer.body
    made: dict[str, Any] = answer.json
    return made


def query(emulator: Emulator, *filters: tuple[str, str, str], user: User = ALICE, **fields: Any) -> Answer:
    """Asks the index for flows."""
    asked = [("type", "eq", "flows"), *filters]
    body = {"filters": [{"field": field, "operator": how, "values": [value]} for field, how, value in asked], **fields}
    return call(emulator, "POST", f"/index/v1.0{emulator.workspaces[0].arm_id}/entities", body, user=user)


def names(answer: Answer) -> list[str]:
    return [entity["annotations"]["flowName"] for entity in answer.json["value"]]


# finding a workspace


def test_a_workspace_is_found_step_by_step(emulator: Emulator, workspace: Workspace) -> None:
    subscription, group, name = NAMES.split("/")
    subscriptions = call(emulator, "GET", f"/subscriptions?{VERSION}").json["value"]
    assert [(one["subscriptionId"], one["tenantId"]) for one in subscriptions] == [(subscription, TENANT)]
    groups = call(emulator, "GET", f"/subscriptions/{subscription}/resourcegroups?{VERSION}").json["value"]
    assert [one["name"] for one in groups] == [group]
    provider = "providers/Microsoft.MachineLearningServices/workspaces"
    for scope in (f"/subscriptions/{subscription}", f"/subscriptions/{subscription}/resourceGroups/{group}"):
        found = call(emulator, "GET", f"{scope}/{provider}?{VERSION}").json["value"]
        assert [(one["name"], one["id"]) for one in found] == [(name, workspace.arm_id)]
    shown = call(emulator, "GET", f"{workspace.arm_id.upper()}?{VERSION}").json
    assert shown["properties"]["workspaceId"] == workspace.id
    assert shown["properties"]["discoveryUrl"] == f"{emulator.base_url}/discovery"


def test_lists_come_in_pages(tmp_path: Path) -> None:
    named = [f"sub-{index % 2}/group/ws-{index}" for index in range(6)]
    with workspace_emulator(tmp_path, *named) as emulator:
        for workspace in emulator.workspaces:
            workspace.page_size = 2
        path = f"/subscriptions/sub-1/providers/Microsoft.MachineLearningServices/workspaces?{VERSION}"
        pages = []
        while path:
            answer = call(emulator, "GET", path).json
            pages.append([one["name"] for one in answer["value"]])
            path = answer.get("nextLink", "").removeprefix(emulator.base_url)
        assert pages == [["ws-1", "ws-3"], ["ws-5"]]
        emulator.workspaces[0].page_size = 1
        first = "/subscriptions/sub-0/providers/Microsoft.MachineLearningServices/workspaces"
        last = call(emulator, "GET", f"{first}?$skipToken=2&{VERSION}").json
        assert [one["name"] for one in last["value"]] == ["ws-4"] and "nextLink" not in last
        assert len({workspace.share for workspace in emulator.workspaces}) == 6


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("other/flows-rg/flows-ws", "SubscriptionNotFound"),
        (f"{NAMES.split('/')[0]}/other/flows-ws", "ResourceGroupNotFound"),
        (f"{NAMES.split('/')[0]}/flows-rg/other", "ResourceNotFound"),
    ],
)
def test_what_is_not_there_is_named(emulator: Emulator, where: str, code: str) -> None:
    subscription, group, name = where.split("/")
    path = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    answer = call(emulator, "GET", f"{path}/workspaces/{name}?{VERSION}")
    assert (answer.status, answer.json["error"]["code"]) == (404, code)
    assert "other" in answer.json["error"]["message"]


def test_workspace_names_are_checked(tmp_path: Path) -> None:
    for wrong in ("a/b", "a/b/c/d", "a//c", ""):
        with pytest.raises(UsageError):
            Emulator(tmp_path, workspaces=(wrong,))


# its share


def datastore(emulator: Emulator, name: str = "workspaceworkingdirectory", below: str = "") -> str:
    return f"{emulator.workspaces[0].arm_id}/datastores/{name}{below}?{VERSION}"


def endpoint(emulator: Emulator) -> tuple[str, str]:
    """Returns what a client makes of the datastore: the account's URL and the share."""
    properties = call(emulator, "GET", datastore(emulator)).json["properties"]
    assert properties["datastoreType"] == "AzureFile"
    host = f"{properties['accountName']}.file.{properties['endpoint']}"
    return f"{properties['protocol']}://{host}", properties["fileShareName"]


def works(emulator: Emulator, credential: Any, **options: Any) -> None:
    """Writes, reads and lists on the share that the datastore names."""
    url, name = endpoint(emulator)
    with ShareClient(
        url, name, credential=credential, connection_verify=str(emulator.ca_file), retry_total=0, **options
    ) as share:
        share.get_file_client("a b.txt").create_file(1, data=b"x")
        assert share.get_file_client("a b.txt").download_file().readall() == b"x"
        assert "a b.txt" in [item["name"] for item in share.list_directories_and_files()]
    assert (emulator.share_folder(emulator.workspaces[0].share) / "a b.txt").read_bytes() == b"x"


def test_the_share_opens_with_the_account_key(emulator: Emulator) -> None:
    secret = call(emulator, "POST", datastore(emulator, below="/listSecrets"), {"expirableSecret": True}).json
    assert secret["secretsType"] == "AccountKey"
    works(emulator, secret["key"])


def test_the_share_opens_with_a_signature(emulator: Emulator, workspace: Workspace) -> None:
    workspace.credentials = "Sas"
    secret = call(emulator, "POST", datastore(emulator, below="/listSecrets")).json
    assert secret["secretsType"] == "Sas"
    works(emulator, secret["sasToken"])


class Token:
    """A credential that is one user's."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self.user.token(STORAGE), 1 << 40)


def test_the_share_opens_with_an_identity(emulator: Emulator, workspace: Workspace) -> None:
    workspace.credentials = "None"
    assert call(emulator, "POST", datastore(emulator, below="/listSecrets")).status == 400
    works(emulator, Token(ALICE), token_intent="backup")


def test_the_default_datastore_is_the_blob_container(emulator: Emulator, workspace: Workspace) -> None:
    every = call(emulator, "GET", f"{workspace.arm_id}/datastores?{VERSION}").json["value"]
    assert [one["name"] for one in every] == ["workspaceblobstore", "workspaceworkingdirectory"]
    (default,) = call(emulator, "GET", f"{workspace.arm_id}/datastores?{VERSION}&isDefault=true").json["value"]
    assert default["properties"]["containerName"] == workspace.container
    assert call(emulator, "GET", datastore(emulator, "none")).status == 404


# flows


def test_a_flow_is_created_shown_and_updated(emulator: Emulator, workspace: Workspace) -> None:
    made = create(emulator)
    assert made["owner"] == {"userObjectId": ALICE.oid, "userTenantId": TENANT, "userName": "Alice"}
    assert made["flowType"] == "Chat"
    assert made["studioPortalEndpoint"].startswith(
        f"https://ml.azure.com/prompts/flow/{workspace.id}/{made['flowId']}/details?wsid=/subscriptions/"
    )
    mine = flows_url(workspace, made["flowId"], f"experimentId={workspace.id}")
    assert call(emulator, "PUT", mine, {"flowName": "Talk", "tags": {"c": "d"}}).body == b""
    shown = call(emulator, "GET", mine, user=BOB).json
    assert {name: shown[name] for name in ("flowName", "description", "tags")} == {
        "flowName": "Talk",
        "description": "Talks",
        "tags": {"c": "d"},
    }
    assert shown["lastModifiedDate"] > shown["createdDate"] == made["createdDate"]


def test_an_update_does_not_change_the_order(emulator: Emulator, workspace: Workspace) -> None:
    for number in range(3):
        create(emulator, path=f"Users/alice/promptflow/f{number}/flow.dag.yaml", flowName=f"F{number}")
    listed = call(emulator, "GET", flows_url(workspace)).json
    assert [one["flowName"] for one in listed] == ["F2", "F1", "F0"]
    call(emulator, "PUT", flows_url(workspace, listed[2]["flowId"]), {"flowName": "oldest"})
    assert [one["flowName"] for one in call(emulator, "GET", flows_url(workspace)).json] == ["F2", "F1", "oldest"]


def test_only_the_owner_changes_a_flow(emulator: Emulator, workspace: Workspace) -> None:
    mine = flows_url(workspace, create(emulator)["flowId"])
    for method, body in (("PUT", {"flowName": "Taken"}), ("PATCH", {"flowPatchOperationType": "ArchiveFlow"})):
        answer = call(emulator, method, mine, body, user=BOB)
        assert (answer.status, answer.code) == (403, "FlowOwnershipRequired")
    shown = call(emulator, "GET", mine).json
    assert (shown["flowName"], shown["isArchived"]) == ("Chat", False)


def test_archived_and_restored(emulator: Emulator, workspace: Workspace) -> None:
    mine = flows_url(workspace, create(emulator)["flowId"])
    json_patch = {"Content-Type": "application/json-patch+json"}
    active = ("annotations/isArchived", "eq", "false")
    for operation, listed in (("ArchiveFlow", []), ("RestoreFlow", ["Chat"])):
        assert call(emulator, "PATCH", mine, {"flowPatchOperationType": operation}, headers=json_patch).status == 200
        assert names(query(emulator, active)) == listed
        assert len(call(emulator, "GET", flows_url(workspace, query="listViewType=ActiveOnly")).json) == len(listed)
    assert call(emulator, "PATCH", mine, {"flowPatchOperationType": "Burn"}).status == 400


def test_a_flow_that_is_not_there(emulator: Emulator, workspace: Workspace) -> None:
    made = create(emulator)
    for path in (flows_url(workspace, "none"), flows_url(workspace, made["flowId"], "experimentId=another")):
        answer = call(emulator, "GET", path)
        assert (answer.status, answer.code) == (404, "FlowNotFound")
        assert answer.json["error"]["code"] == "UserError"
    gone = call(emulator, "POST", flows_url(workspace), {"flowDefinitionFilePath": "Users/alice/no.yaml"})
    assert (gone.status, gone.code) == (400, "FlowDefinitionNotFound")


def test_flows_outlive_the_emulator(tmp_path: Path) -> None:
    with workspace_emulator(tmp_path) as emulator:
        made = create(emulator)
    with workspace_emulator(tmp_path) as emulator:
        shown = call(emulator, "GET", flows_url(emulator.workspaces[0], made["flowId"])).json
        assert shown["createdDate"] == made["createdDate"]


# the index


def test_the_index_filters_by_owner_and_pages(emulator: Emulator, workspace: Workspace) -> None:
    for number in range(5):
        create(emulator, path=f"Users/alice/promptflow/f{number}/flow.dag.yaml", flowName=f"F{number}")
    create(emulator, BOB, "Users/bob/promptflow/other/flow.dag.yaml", flowName="Other")
    created = "properties/creationContext/createdBy"
    mine = ((f"{created}/userTenantId", "eq", TENANT), (f"{created}/userObjectId", "eq", ALICE.oid))
    newest = [{"direction": "Desc", "field": "properties/creationContext/createdTime"}]
    seen, skip = [], 0
    while skip is not None:
        page = query(emulator, *mine, pageSize=2, skip=skip, order=newest, includeTotalResultCount=True)
        assert page.json["totalCount"] == 5
        seen += names(page)
        skip = page.json["nextSkip"]
    assert seen == ["F4", "F3", "F2", "F1", "F0"]
    assert names(query(emulator, ("annotations/flowName", "contains", "oth"))) == ["Other"]
    assert query(emulator, pageSize=101).status == 400
    assert query(emulator, ("annotations/flowName", "near", "x")).status == 400


# signing in through a command, as people do


def test_az_signs_in(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", environment(emulator, tmp_path, BOB)["PATH"])
    for audience in (emulator.base_url, "https://management.azure.com"):
        token = AzureCliCredential().get_token(f"{audience}/.default").token
        headers = {"Authorization": f"Bearer {token}"}
        assert call(emulator, "GET", f"/subscriptions?{VERSION}", user=None, headers=headers).status == 200


def test_a_share_that_is_forbidden_says_why(emulator: Emulator, workspace: Workspace) -> None:
    url, name = endpoint(emulator)
    key = call(emulator, "POST", datastore(emulator, below="/listSecrets")).json["key"]

    def refusal(credential: Any, **options: Any) -> str:
        verify = str(emulator.ca_file)
        with ShareClient(url, name, credential=credential, connection_verify=verify, retry_total=0, **options) as share:
            with pytest.raises(HttpResponseError) as error:
                share.get_directory_client("Users").create_directory()
            assert error.value.status_code == 403
            return str(getattr(error.value.error_code, "value", error.value.error_code))  # type: ignore[attr-defined]

    workspace.key_access = False
    assert refusal(key) == "KeyBasedAuthenticationNotPermitted"
    works(emulator, Token(ALICE), token_intent="backup")
    workspace.roles = {ALICE.upn: ["Reader", "Storage File Data Privileged Reader"]}
    assert refusal(Token(ALICE), token_intent="backup") == "AuthorizationPermissionMismatch"
    workspace.firewall = True
    assert refusal(Token(BOB), token_intent="backup") == "AuthorizationFailure"


def test_conditions_from_outside(emulator: Emulator, workspace: Workspace) -> None:
    def control(method: str, body: Any = None) -> Answer:
        return call(emulator, method, "/!control/workspaces", body, user=None)

    (before,) = control("GET").json
    assert (before["name"], before["phase"], before["key_access"]) == ("flows-ws", "active", True)
    after = control("PUT", {"name": "flows-ws", "phase": "read-only", "roles": {BOB.upn: []}}).json
    assert after == {**before, "phase": "read-only", "roles": {BOB.upn: []}}
    assert (workspace.phase, workspace.roles) == ("read-only", {BOB.upn: []})
    for wrong in ({"phase": "tired"}, {"firewall": "yes"}, {"name": "other"}, {"account": "x"}, {"arm_id": "x"}):
        assert control("PUT", {"key_access": False, **wrong}).status == 400
    assert workspace.key_access


def test_the_index_may_lag_behind(emulator: Emulator, workspace: Workspace) -> None:
    workspace.index_lag = 2
    made = create(emulator)
    assert call(emulator, "GET", flows_url(workspace, made["flowId"])).status == 200
    assert [names(query(emulator)) for _ in range(4)] == [[], [], ["Chat"], ["Chat"]]
    call(emulator, "PUT", flows_url(workspace, made["flowId"]), {"flowName": "Talk"})
    assert names(query(emulator)) == ["Talk"]
