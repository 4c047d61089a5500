"""Runs in an emulated workspace: their flow and data from its storage, what comes of them, and how they go on."""

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from flowsync.emulator import Emulator, Workspace
from workspace import ALICE, Answer, call, workspace_emulator, write_on_share

FLOW = """
inputs:
  question: {type: string}
  style: {type: string, default: short}
outputs:
  answer: {type: string, reference: "${answer.output}"}
  asked: {type: string, reference: "${inputs.question}"}
nodes:
- name: search
  type: python
  inputs: {query: "${inputs.question}", top: 3}
- name: answer
  type: llm
  inputs: {context: "${search.output.text}", style: "${inputs.style}"}
  use_variants: false
- name: total
  type: python
  aggregation: true
  inputs: {answers: "${answer.output}"}
"""
DATA = [{"q": "Who?", "truth": "Ada"}, {"q": "When?", "truth": "1843"}, {"q": "Where?", "truth": "London"}]
MAPPING = {"question": "${data.q}"}
STORE = "azureml://datastores/workspaceblobstore/paths"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with workspace_emulator(tmp_path) as running:
        yield running


@pytest.fixture
def workspace(emulator: Emulator) -> Workspace:
    return emulator.workspaces[0]


class Storage:
    """The workspace's blob container, opened with the signature that its datastore has."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        where = f"{emulator.workspaces[0].arm_id}/datastores/workspaceblobstore"
        self.properties = call(emulator, "GET", f"{where}?api-version=1").json["properties"]
        self.sas = call(emulator, "POST", f"{where}/listSecrets?api-version=1", {}).json["sasToken"]

    def __call__(
        self, method: str, name: str, body: bytes = b"", query: str = "", *, sas: str = "", **headers: str
    ) -> Answer:
        url = urlsplit(f"https://{self.properties['accountName']}.blob.{self.properties['endpoint']}")
        sent = {"x-ms-version": "2023-11-03", **{key.replace("_", "-"): value for key, value in headers.items()}}
        trust = ssl.create_default_context(cafile=str(self.emulator.ca_file))
        connection = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=30, context=trust)
        path = f"{url.path}/{self.properties['containerName']}/{name}?{query and query + '&'}{sas or self.sas}"
        try:
            connection.request(method, path, body or None, sent)
            reply = connection.getresponse()
            return Answer(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def put(self, name: str, content: str | bytes, **headers: str) -> Answer:
        body = content.encode() if isinstance(content, str) else content
        return self("PUT", name, body, x_ms_blob_type="BlockBlob", **headers)


@pytest.fixture
def storage(emulator: Emulator) -> Storage:
    return Storage(emulator)


def submit(emulator: Emulator, name: str, **fields: Any) -> Answer:
    """Submits a run of the flow over the data, both put into the container first."""
    storage = Storage(emulator)
    assert storage.put("LocalUpload/1/qa/flow.dag.yaml", fields.pop("definition", FLOW)).status == 201
    rows = "".join(json.dumps(row) + "\n" for row in fields.pop("data", DATA))
    assert storage.put("LocalUpload/2/data.jsonl", rows or "\n").status == 201
    body = {
        "runId": name,
        "flowDefinitionDataStoreName": "workspaceblobstore",
        "flowDefinitionBlobPath": "LocalUpload/1/qa/flow.dag.yaml",
        "batchDataInput": {"dataUri": f"{STORE}/LocalUpload/2/data.jsonl"},
        "inputsMapping": MAPPING,
        **fields,
    }
    return call(emulator, "POST", f"/flow/api{emulator.workspaces[0].arm_id}/BulkRuns/submit", body)


def data(emulator: Emulator, name: str) -> Any:
    """Looks at a run in run history, once."""
    path = f"/history/v1.0{emulator.workspaces[0].arm_id}/rundata"
    answer = call(emulator, "POST", path, {"runId": name, "selectRunMetadata": True})
    return answer.json["runMetadata"] if answer.status == 200 else answer


def over(emulator: Emulator, name: str) -> Any:
    """Looks until the run is over."""
    while (shown := data(emulator, name))["status"] not in ("Completed", "Failed", "Canceled"):
        continue
    return shown


def lines(emulator: Emulator, name: str, first: int = 0, last: int = 24) -> list[Any]:
    where = f"/flow/api{emulator.workspaces[0].arm_id}/BulkRuns/{name}/childRuns"
    found = call(emulator, "GET", f"{where}?startIndex={first}&endIndex={last}").json
    return sorted(found, key=lambda line: int(line["index"]))


def metrics(emulator: Emulator, name: str) -> dict[str, float]:
    answer = call(emulator, "POST", f"/metric/v2.0{emulator.workspaces[0].arm_id}/runs/{name}/lastvalues", {})
    return {one["name"]: one["value"][0]["data"][one["name"]] for one in answer.json["value"]}


# blobs


def test_a_blob_is_kept_as_it_was_put(emulator: Emulator, storage: Storage) -> None:
    name, content = "LocalUpload/0f/a%20%C3%A4/../b.txt", bytes(range(256)) * 5
    assert storage.put(name, content, x_ms_meta_name="n").status == 201
    shown = storage("HEAD", name)
    assert (shown.status, shown.headers["Content-Length"], shown.headers["x-ms-meta-name"]) == (200, "1280", "n")
    assert storage("GET", name).body == content
    part = storage("GET", name, x_ms_range="bytes=1270-9999")
    assert (part.status, part.headers["Content-Range"], part.body) == (206, "bytes 1270-1279/1280", content[1270:])
    assert storage("PUT", name, query="comp=metadata", x_ms_meta_upload_status="completed").status == 200
    again = storage("HEAD", name).headers
    assert again["x-ms-meta-upload-status"] == "completed" and "x-ms-meta-name" not in again
    assert again["ETag"] != shown.headers["ETag"]
    blobs = emulator.data / ".flowsync-emulator" / "blobs"
    assert [hashlib.md5(file.read_bytes()).digest() for file in blobs.rglob("*") if file.is_file()] == [
        hashlib.md5(content).digest()
    ]


@pytest.mark.parametrize(
    ("method", "name", "headers", "code"),
    [
        ("HEAD", "none", {}, "BlobNotFound"),
        ("GET", "none", {}, "BlobNotFound"),
        ("GET", "there", {"x_ms_range": "bytes=5-6"}, "InvalidRange"),
        ("PUT", "there", {"x_ms_blob_type": "BlockBlob", "If_None_Match": "*"}, "BlobAlreadyExists"),
        ("PUT", "there", {"x_ms_blob_type": "PageBlob"}, "InvalidHeaderValue"),
        ("PUT", "there", {"x_ms_blob_type": "BlockBlob", "Content_MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "Md5Mismatch"),
        ("DELETE", "there", {}, "UnsupportedHttpVerb"),
    ],
)
def test_what_a_blob_refuses(storage: Storage, method: str, name: str, headers: dict[str, str], code: str) -> None:
    storage.put("there", b"12345")
    assert storage(method, name, b"", **headers).headers["x-ms-error-code"] == code
    assert storage("GET", "there").body == b"12345"


def test_blobs_need_the_blobs_signature(emulator: Emulator, workspace: Workspace, storage: Storage) -> None:
    workspace.credentials = "Sas"
    where = f"{workspace.arm_id}/datastores/workspaceworkingdirectory/listSecrets?api-version=1"
    files = call(emulator, "POST", where, {}).json["sasToken"]
    assert storage("HEAD", "a", sas=files).headers["x-ms-error-code"] == "AuthorizationServiceMismatch"
    forged = storage.sas.replace("sp=rwdlc", "sp=rwdlcx")
    assert storage("HEAD", "a", sas=forged).headers["x-ms-error-code"] == "AuthenticationFailed"
    workspace.key_access = False
    assert storage("HEAD", "a").headers["x-ms-error-code"] == "KeyBasedAuthenticationNotPermitted"


# runs


def test_a_run_goes_on_look_by_look(emulator: Emulator, workspace: Workspace) -> None:
    assert submit(emulator, "first", runDisplayName="The ${run}", tags={"commit": "abc"}).json == "first"
    log = f"/flow/api{workspace.arm_id}/BulkRuns/first/logContent"
    seen = []
    for _ in range(4):
        assert bool(lines(emulator, "first")) == bool(metrics(emulator, "first")) == (len(seen) >= 2)
        assert ("Finished 3 / 3" in call(emulator, "GET", log).json) == (len(seen) >= 2)
        seen.append(data(emulator, "first"))
    assert [one["status"] for one in seen] == ["NotStarted", "Running", "Completed", "Completed"]
    assert [bool(one["startTimeUtc"]) for one in seen] == [False, True, True, True]
    assert [bool(one["endTimeUtc"]) for one in seen] == [False, False, True, True]
    assert (seen[-1]["displayName"], seen[-1]["tags"]) == ("The first", {"commit": "abc"})
    assert seen[-1]["createdBy"]["userObjectId"] == ALICE.oid
    assert json.loads(seen[-1]["properties"]["azureml.promptflow.inputs_mapping"]) == MAPPING


def test_what_comes_of_a_run_follows_from_graph_and_data(emulator: Emulator) -> None:
    submit(emulator, "first")
    over(emulator, "first")
    found = lines(emulator, "first")
    assert [line["inputs"] for line in found] == [
        {"question": row["q"], "style": "short", "line_number": index} for index, row in enumerate(DATA)
    ]
    assert found[1]["output"] == {
        "asked": "When?",
        "answer": 'answer(context=search(query="When?", top=3).text, style="short")',
    }
    assert metrics(emulator, "first") == {
        "__pf__.nodes.search.completed": 3.0,
        "__pf__.nodes.answer.completed": 3.0,
        "__pf__.nodes.total.completed": 1.0,
        "__pf__.lines.completed": 3.0,
        "__pf__.lines.failed": 0.0,
    }


def test_lines_come_by_index_and_in_no_order(emulator: Emulator, workspace: Workspace) -> None:
    submit(emulator, "many", data=[{"q": str(index)} for index in range(60)])
    over(emulator, "many")
    assert [line["index"] for line in lines(emulator, "many", 25, 49)] == list(range(25, 50))
    assert len(lines(emulator, "many", 50, 74)) == 10
    where = f"/flow/api{workspace.arm_id}/BulkRuns/many/childRuns?startIndex=0&endIndex=24"
    raw = [line["index"] for line in call(emulator, "GET", where).json]
    assert raw != sorted(raw) == list(range(25))


def test_a_run_evaluates_another(emulator: Emulator, workspace: Workspace) -> None:
    submit(emulator, "base")
    workspace.results = {"eval*": {"metrics": {"accuracy": 0.75}, "outputs": {"grade": ["good", "bad", "good"]}}}
    grade = """
inputs: {truth: {type: string}, given: {type: string}, asked: {type: string}}
outputs: {grade: {reference: "${grade.output}"}, given: {reference: "${inputs.given}"}}
nodes: [{name: grade, type: python, inputs: {truth: "${inputs.truth}", given: "${inputs.given}"}}]
"""
    mapping = {"truth": "${data.truth}", "given": "${run.outputs.asked}", "asked": "${run.inputs.question}"}
    submit(emulator, "eval-1", definition=grade, inputsMapping=mapping, variantRunId="base")
    assert over(emulator, "eval-1")["properties"]["azureml.promptflow.input_run_id"] == "base"
    assert [line["output"] for line in lines(emulator, "eval-1")] == [
        {"grade": "good", "given": "Who?"},
        {"grade": "bad", "given": "When?"},
        {"grade": "good", "given": "Where?"},
    ]
    assert metrics(emulator, "eval-1")["accuracy"] == 0.75


def test_a_mapping_leaves_the_rest_to_the_defaults(emulator: Emulator) -> None:
    """As prompt flow does: a column counts by its name only where nothing is mapped."""
    for name, mapping in (("mapped", MAPPING), ("by-name", {})):
        submit(emulator, name, data=[{"q": "x", "question": "y", "style": "long"}], inputsMapping=mapping)
        over(emulator, name)
    found = [lines(emulator, name)[0]["inputs"] for name in ("mapped", "by-name")]
    assert [(one["question"], one["style"]) for one in found] == [("x", "short"), ("y", "long")]


def test_some_lines_fail(emulator: Emulator, workspace: Workspace) -> None:
    workspace.results = {"qa": {"failed_lines": {"1": "the model said no"}}}
    submit(emulator, "partly")
    shown = over(emulator, "partly")
    assert shown["status"] == "Completed"
    assert "1/3 flow run failed, indexes: [1]" in shown["error"]["error"]["message"]
    failed = lines(emulator, "partly")[1]
    assert (failed["status"], failed["output"]) == ("Failed", None)
    assert failed["error"]["message"] == "the model said no"
    assert metrics(emulator, "partly")["__pf__.lines.failed"] == 1.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"inputsMapping": {"question": "${data.none}"}}, "there is no none in data"),
        ({"inputsMapping": {}}, "'question' is not provided in line 0"),
        ({"data": []}, "The input data is empty."),
        ({"definition": FLOW.replace("${search.output.text}", "${answer.output}")}, "answer waits for itself"),
        ({"definition": FLOW.replace("${search.output.text}", "${lost.output}")}, "The flow has no node lost."),
    ],
)
def test_a_run_that_cannot_be_fails(emulator: Emulator, fields: dict[str, Any], message: str) -> None:
    submit(emulator, "bad", **fields)
    shown = over(emulator, "bad")
    assert shown["status"] == "Failed"
    assert message in shown["error"]["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"flowDefinitionBlobPath": "none"}, 400, "FlowDefinitionNotFound"),
        ({"batchDataInput": {"dataUri": f"{STORE}/none"}}, 400, "DataNotFound"),
        ({"batchDataInput": {"dataUri": "https://example.com/x.jsonl"}}, 400, "BadArgument"),
        ({"flowDefinitionBlobPath": None, "flowDefinitionResourceId": "azureml://x/flows/no"}, 404, "FlowNotFound"),
        ({"definition": "nodes: ["}, 400, "BadArgument"),
        ({"variantRunId": "none"}, 404, "RunNotFound"),
        ({"nodeVariant": "${answer.none}", "definition": FLOW.replace("false", "true")}, 400, "BadArgument"),
    ],
)
def test_a_run_that_is_not_taken(emulator: Emulator, fields: dict[str, Any], status: int, code: str) -> None:
    answer = submit(emulator, "bad", **fields)
    assert (answer.status, answer.code) == (status, code)
    assert data(emulator, "bad").status == 404


def test_a_name_is_taken_once(emulator: Emulator) -> None:
    assert submit(emulator, "first").status == 200
    again = submit(emulator, "first", data=DATA[:1])
    assert (again.status, again.code) == (409, "RunAlreadyExists")
    assert submit(emulator, "a b").status == 400
    over(emulator, "first")
    assert len(lines(emulator, "first")) == 3


def test_a_draft_runs_from_the_share(emulator: Emulator, workspace: Workspace) -> None:
    path = "Users/alice/promptflow/qa/flow.dag.yaml"
    write_on_share(emulator, path, FLOW)
    write_on_share(
        emulator, "Users/alice/data.json", json.dumps([{"question": "Why?"}, {"question": "How?"}], indent=1)
    )
    flow = call(
        emulator, "POST", f"/flow/api{workspace.arm_id}/Flows", {"flowName": "QA", "flowDefinitionFilePath": path}
    ).json
    uri = "azureml://datastores/workspaceworkingdirectory/paths/Users/alice/data.json"
    fields = {"flowDefinitionBlobPath": None, "batchDataInput": {"dataUri": uri}, "inputsMapping": {}}
    submit(emulator, "draft", flowDefinitionResourceId=flow["flowResourceId"], **fields)
    over(emulator, "draft")
    assert [line["output"]["asked"] for line in lines(emulator, "draft")] == ["Why?", "How?"]


def test_cancelled(emulator: Emulator, workspace: Workspace) -> None:
    workspace.run_statuses = ["Running"] * 99
    submit(emulator, "long")
    assert data(emulator, "long")["status"] == "Running"
    where = f"/flow/api{workspace.arm_id}/BulkRuns/long/cancel"
    assert call(emulator, "POST", where).status == 200
    assert [data(emulator, "long")["status"] for _ in range(3)] == ["CancelRequested", "Canceled", "Canceled"]
    assert call(emulator, "POST", where).status == 200
    assert data(emulator, "long")["status"] == "Canceled"


def test_renamed_tagged_hidden_and_listed(emulator: Emulator, workspace: Workspace) -> None:
    submit(emulator, "first", tags={"a": "1"})
    submit(emulator, "second")
    change = f"/history/v1.0{workspace.arm_id}/runs/first/modify"
    body = {"displayName": "Renamed", "tags": {"b": "2"}, "hidden": True}
    assert call(emulator, "PATCH", change, body).json["tags"] == {"a": "1", "b": "2"}
    assert call(emulator, "PATCH", change, {"tags": {"b": 2}}).status == 400

    def listed(archived: str) -> list[tuple[str, str]]:
        filters = [
            {"field": "type", "operator": "eq", "values": ["runs"]},
            {"field": "annotations/archived", "operator": "eq", "values": [archived]},
            {"field": "properties/runType", "operator": "contains", "values": ["azureml.promptflow.FlowRun"]},
        ]
        found = call(emulator, "POST", f"/index/v1.0{workspace.arm_id}/entities", {"filters": filters}).json["value"]
        return [(one["properties"]["runId"], one["annotations"]["displayName"]) for one in found]

    assert listed("true") == [("first", "Renamed")]
    assert listed("false") == [("second", "qa")]


def test_runs_outlive_the_emulator(tmp_path: Path) -> None:
    with workspace_emulator(tmp_path) as emulator:
        submit(emulator, "first")
        data(emulator, "first")
    with workspace_emulator(tmp_path) as emulator:
        assert data(emulator, "first")["status"] == "Running"
        over(emulator, "first")
        assert len(lines(emulator, "first")) == 3


def test_variants_and_flex(emulator: Emulator) -> None:
    flow = """
inputs: {text: {type: string}}
outputs: {out: {reference: "${say.output}"}}
nodes: [{name: say, use_variants: true}]
node_variants:
  say:
    default_variant_id: plain
    variants:
      plain: {node: {type: llm, inputs: {text: "${inputs.text}"}}}
      loud: {node: {type: llm, inputs: {text: "${inputs.text}", volume: 11}}}
"""
    for name, variant in (("plain", None), ("loud", "${say.loud}")):
        submit(emulator, name, definition=flow, nodeVariant=variant, data=[{"text": "x"}], inputsMapping={})
        over(emulator, name)
    flex = "entry: chat:Bot\ninputs: {text: {type: string}}\n"
    submit(emulator, "flex", definition=flex, data=[{"text": "x"}], inputsMapping={})
    over(emulator, "flex")
    outputs = [lines(emulator, name)[0]["output"] for name in ("plain", "loud", "flex")]
    assert outputs == [{"out": 'say(text="x")'}, {"out": 'say(text="x", volume=11)'}, {"output": 'chat:Bot(text="x")'}]
