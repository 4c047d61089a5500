"""The keys of what the live service answered, as public recordings of it have them (2023 and 2024, names scrubbed).

What the emulator leaves out is said beside it; it may add keys that those versions of the service had not.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from flowsync.emulator import Emulator
from workspace import call, workspace_emulator, write_on_share

FLOW = "inputs: {a: {type: string}}\noutputs: {b: {type: string, reference: '${inputs.a}'}}\nnodes: [{name: n}]\n"
USER = "userObjectId userTenantId userName"
RUN_USER = f"{USER} userPuId userIdp userAltSecId userIss upn"
FLOW_KEYS = (
    "eTag studioPortalEndpoint flowId flowName description tags flowType experimentId createdDate "
    "lastModifiedDate owner "
    "flowResourceId isArchived flowDefinitionFilePath enableMultiContainer"
)
RECORDED: dict[str, tuple[str, str]] = {  # answer -> keys, and those of them that the emulator leaves out
    "workspace": ("id name type location tags etag kind sku properties", ""),
    "datastore": ("id name type properties systemData", "systemData"),
    "datastore.properties": (
        "description tags properties isDefault credentials intellectualProperty subscriptionId resourceGroup "
        "datastoreType "
        "accountName fileShareName endpoint protocol serviceDataAccessAuthIdentity",
        "intellectualProperty",
    ),
    "default.properties": (
        "description tags properties isDefault credentials intellectualProperty subscriptionId resourceGroup "
        "datastoreType "
        "accountName containerName endpoint protocol serviceDataAccessAuthIdentity",
        "intellectualProperty",
    ),
    "secrets": ("secretsType key", ""),
    "created": (FLOW_KEYS, ""),
    "created.owner": (USER, ""),
    "shown": (f"timestamp {FLOW_KEYS}", ""),
    "missing": ("error correlation environment location time componentName statusCode", ""),
    "missing.error": (
        "code severity message messageFormat messageParameters referenceCode detailsUri target details innerError "
        "debugInfo additionalInfo",
        "",
    ),
    "index": (
        "totalCount value nextSkip entityContainerIdsToEntityContainerMetadata resourcesNotQueriedReasons "
        "numberOfEntityContainersNotQueried fanoutData regionalFanoutState shardErrors canSupportSkip",
        "fanoutData regionalFanoutState",
    ),
    "entity": (
        "relevancyScore entityResourceName highlights usage schemaId entityId kind annotations properties internal "
        "updateSequence type version entityContainerId entityObjectId resourceType relationships",
        "schemaId",
    ),
    "entity.annotations": (
        "archived tags flowName createdDate lastModifiedDate owner isArchived vmSize maxIdleTimeSeconds name "
        "description",
        "",
    ),
    "entity.properties": (
        "updatedTime creationContext flowId experimentId flowType flowDefinitionFilePath",
        "",
    ),
    "trace": (
        "entityId traceCosmosConfiguration traceCosmosStatus accountEndpoint databaseName resourceArmId resourceType",
        "",
    ),
    "run": (
        "flowGraph flowRunResourceId flowRunId flowRunDisplayName batchDataInput flowRunType flowType runtimeName "
        "inputsMapping outputDatastoreName childRunBasePath flowDagFileRelativePath flowSnapshotId sessionId "
        "studioPortalEndpoint studioPortalTraceEndpoint",
        "",
    ),
    "run.flowGraph": ("nodes tools inputs outputs", ""),
    "data": ("runMetadata runDefinition jobSpecification systemSettings", ""),
    "data.runMetadata": (
        "runNumber rootRunId createdUtc createdBy userId token tokenExpiryTimeUtc error warnings revision "
        "statusRevision "
        "runUuid parentRunUuid rootRunUuid lastStartTimeUtc currentComputeTime computeDuration effectiveStartTimeUtc "
        "lastModifiedBy lastModifiedUtc duration cancelationReason currentAttemptId runId parentRunId "
        "experimentId status "
        "startTimeUtc endTimeUtc scheduleId displayName name dataContainerId description hidden runType "
        "runTypeV2 properties "
        "parameters actionUris scriptName target uniqueChildRunComputeTargets tags settings services inputDatasets "
        "outputDatasets runDefinition jobSpecification primaryMetricName createdFrom cancelUri completeUri "
        "diagnosticsUri "
        "computeRequest compute retainForLifetimeOfWorkspace queueingInfo inputs outputs",
        "",
    ),
    "data.runMetadata.createdBy": (RUN_USER, "userPuId userIdp userAltSecId"),
    "data.runMetadata.outputs": ("debug_info flow_outputs", ""),
    "line": (
        "run_id status error inputs output metrics request parent_run_id root_run_id source_run_id flow_id "
        "start_time "
        "end_time index api_calls name description tags system_metrics result upload_metrics otel_trace_id "
        "message_format",
        "otel_trace_id",
    ),
    "metric": ("dataContainerId name columns properties namespace standardSchemaId value", ""),
    "metric.value.0": ("metricId createdUtc step data", ""),
    "no_run": ("error correlation environment location time componentName statusCode", ""),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One answer of each kind."""
    with workspace_emulator(tmp_path_factory.mktemp("recorded")) as emulator:
        emulator.workspaces[0].run_statuses = []
        yield collect(emulator)


def collect(emulator: Emulator) -> dict[str, Any]:
    def ask(method: str, path: str, body: Any = None) -> Any:
        return call(emulator, method, path.replace("WS", emulator.workspaces[0].arm_id), body).json

    write_on_share(emulator, "Users/alice/promptflow/f/flow.dag.yaml", FLOW)
    write_on_share(emulator, "data.jsonl", '{"a": "x"}\n')
    body = {"flowName": "F", "description": "D", "flowDefinitionFilePath": "Users/alice/promptflow/f/flow.dag.yaml"}
    created = ask("POST", "/flow/apiWS/Flows", body)
    data = {"dataUri": "azureml://datastores/workspaceworkingdirectory/paths/data.jsonl"}
    definition = {"flowDefinitionFilePath": body["flowDefinitionFilePath"]}
    ask("POST", "/flow/apiWS/BulkRuns/submit", {"runId": "r", "batchDataInput": data, "sessionId": "s", **definition})
    index = {
        "filters": [{"field": "type", "operator": "eq", "values": ["flows"]}],
        "includeTotalResultCount": True,
    }
    found = ask("POST", "/index/v1.0WS/entities", index)
    stores = "WS/datastores"
    return {
        "workspace": ask("GET", "WS?api-version=1"),
        "datastore": ask("GET", f"{stores}/workspaceworkingdirectory?api-version=1"),
        "default": ask("GET", f"{stores}?isDefault=true&api-version=1")["value"][0],
        "secrets": ask("POST", f"{stores}/workspaceworkingdirectory/listSecrets?api-version=1"),
        "created": created,
        "shown": ask("GET", f"/flow/apiWS/Flows/{created['flowId']}"),
        "missing": ask("PUT", "/flow/apiWS/Flows/none", {"flowName": "x"}),
        "index": found,
        "entity": found["value"][0],
        "trace": ask("GET", "/flow/apiWS/TraceSessions"),
        "run": ask("GET", "/flow/apiWS/BulkRuns/r"),
        "data": ask("POST", "/history/v1.0WS/rundata", {"runId": "r"}),
        "line": ask("GET", "/flow/apiWS/BulkRuns/r/childRuns?startIndex=0&endIndex=24")[0],
        "metric": ask("POST", "/metric/v2.0WS/runs/r/lastvalues", {})["value"][0],
        "no_run": ask("POST", "/history/v1.0WS/rundata", {"runId": "none"}),
    }


@pytest.mark.parametrize("answer", RECORDED)
def test_every_key_of_the_live_service_is_there(answers: dict[str, Any], answer: str) -> None:
    keys, left_out = (set(text.split()) for text in RECORDED[answer])
    found: Any = answers
    for step in answer.split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    assert keys - set(found) == left_out


def test_messages_and_values_as_recorded(answers: dict[str, Any]) -> None:
    missing, no_run = answers["missing"], answers["no_run"]
    assert missing["error"]["message"] == "Flow with id none not found"
    inner = {"code": "NotFound", "innerError": {"code": "FlowNotFound", "innerError": None}}
    assert (missing["error"]["code"], missing["error"]["innerError"], missing["statusCode"]) == (
        "UserError",
        inner,
        404,
    )
    assert no_run["error"]["message"] == "Run runId=none was not found"
    assert answers["created"]["eTag"] == {}
    assert answers["created"]["flowType"] == "Default"
    assert answers["line"]["run_id"] == "r_0"
    assert answers["line"]["inputs"] == {"a": "x", "line_number": 0}
    assert answers["run"]["flowGraph"]["nodes"] == [{"name": "n", "reduce": False}]
    assert answers["metric"]["properties"] == {"uxMetricType": "azureml.v1.scalar", "dataLocation": None}
