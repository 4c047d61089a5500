"""What needs no service: clouds, claims, the guess at a folder, the meaning of refusals, bars and sparks."""

import base64
import json

import pytest

from flowsync.cli.charts import bar, spark
from flowsync.errors import ShareDenied, ShareError, ShareMissing, ShareUnavailable, StudioReadOnly, UsageError
from flowsync.studio.claims import Person, mine, read
from flowsync.studio.cloud import chosen
from flowsync.studio.refusals import Refusal, meaning


def token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"x.{body}.y"


@pytest.mark.parametrize(
    ("environ", "arm", "suffix"),
    [
        ({}, "https://management.azure.com", "core.windows.net"),
        ({"FLOWSYNC_CLOUD": "usgov"}, "https://management.usgovcloudapi.net", "core.usgovcloudapi.net"),
        ({"FLOWSYNC_CLOUD": "AzureChinaCloud"}, "https://management.chinacloudapi.cn", "core.chinacloudapi.cn"),
        ({"FLOWSYNC_ARM_ENDPOINT": "https://arm.local/"}, "https://arm.local", "core.windows.net"),
        ({"AZUREML_DEV_URL_MFE": "http://127.0.0.1:1"}, "http://127.0.0.1:1", "core.windows.net"),
    ],
)
def test_clouds(environ: dict[str, str], arm: str, suffix: str) -> None:
    cloud = chosen(environ)
    assert (cloud.arm, cloud.suffix, cloud.scope) == (arm, suffix, f"{arm}/.default")


@pytest.mark.parametrize(
    "environ",
    [
        {"FLOWSYNC_CLOUD": "mars"},
        {"FLOWSYNC_ARM_ENDPOINT": "http://arm.example.com"},
        {"FLOWSYNC_ARM_ENDPOINT": "arm.example.com"},
        {"AZUREML_DEV_URL_MFE": "http://127.0.0.1.evil.example"},
    ],
)
def test_no_token_is_sent_in_the_clear_or_nowhere(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        chosen(environ)


@pytest.mark.parametrize(
    ("claims", "alias", "service"),
    [
        ({"upn": "ada@contoso.com", "oid": "1"}, "ada", False),
        ({"email": "ada@contoso.com", "oid": "1"}, "ada", False),
        ({"unique_name": "live.com#ada@contoso.com", "oid": "1"}, "live.com#ada", False),
        ({"oid": "1", "idtyp": "app"}, "1", True),
        ({"oid": "1"}, "1", True),
        ({}, "", True),
    ],
)
def test_who_bears_a_token(claims: dict[str, str], alias: str, service: bool) -> None:
    person = read(token(**claims))
    assert (person.alias, person.service) == (alias, service)


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.!!.c", "x." + base64.b64encode(b"[1]").decode() + ".y"])
def test_a_token_that_tells_nothing(text: str) -> None:
    assert read(text) == Person(service=True)


@pytest.mark.parametrize(
    ("upn", "folders", "guess"),
    [
        ("ada@contoso.com", ["ada", "bob"], "ada"),
        ("Ada@contoso.com", ["ada"], "ada"),
        ("ada@contoso.com", ["Ada"], "Ada"),
        ("ada_fabrikam.com#EXT#@contoso.com", ["ada", "bob"], "ada"),
        ("ada.lovelace@contoso.com", ["adalovelace"], "adalovelace"),
        ("ada@contoso.com", ["ada_x", "ada_y"], ""),
        ("ada@contoso.com", ["adam", "bob"], ""),
        ("", ["a"], ""),
    ],
)
def test_the_guess_at_a_folder(upn: str, folders: list[str], guess: str) -> None:
    assert mine(Person(upn=upn), folders) == guess


def refusal(status: int, writing: bool = False, **error: object) -> ShareError:
    return meaning(Refusal.of(status, json.dumps({"error": error}), "the flow chat", writing))


@pytest.mark.parametrize(
    ("status", "writing", "error", "kind"),
    [
        (401, False, {"code": "InvalidAuthenticationToken"}, ShareDenied),
        (403, False, {"code": "x", "message": "Public network access is disabled"}, ShareDenied),
        (403, True, {"code": "UserError", "message": "You are not the owner."}, ShareDenied),
        (403, True, {"code": "x", "message": "The workspace is in read-only mode"}, StudioReadOnly),
        (403, False, {"code": "x", "message": "The workspace is in read-only mode"}, ShareDenied),
        (404, False, {"code": "SubscriptionNotFound"}, ShareMissing),
        (405, True, {}, StudioReadOnly),
        (405, False, {}, ShareError),
        (410, False, {}, StudioReadOnly),
        (409, True, {"message": "deprecated"}, StudioReadOnly),
        (429, True, {}, ShareUnavailable),
        (500, True, {}, ShareUnavailable),
        (501, False, {}, ShareUnavailable),
        (418, False, {}, ShareError),
    ],
)
def test_what_a_refusal_means(status: int, writing: bool, error: dict[str, str], kind: type[ShareError]) -> None:
    found = refusal(status, writing, **error)
    assert type(found) is kind and found.message.endswith(".") and found.hint and found.exit_code == 4


@pytest.mark.parametrize("body", ["", "<html>", "[]", "1", '{"error": "text"}', '{"error": {"innerError": 3}}', "{}"])
def test_a_body_that_says_nothing_is_no_crash(body: str) -> None:
    assert meaning(Refusal.of(403, body, "the flow", True)).exit_code == 4


def test_what_a_service_says_is_not_quoted() -> None:
    found = refusal(403, message="Bearer eyJsecret sig=abc", code="Odd")
    assert "eyJ" not in found.message + found.hint and "sig=" not in found.message + found.hint


def test_the_innermost_code_counts() -> None:
    inner = {"code": "Forbidden", "innerError": {"code": "FlowOwnershipRequired", "innerError": None}}
    assert refusal(403, True, code="UserError", message="", innerError=inner).code == "NotOwner"


def test_bars_and_sparks() -> None:
    assert [len(bar(value, 1.0)) for value in (0.0, 0.5, 1.0, 2.0, -1.0)] == [0, 12, 24, 24, 0]
    assert bar(1 / 48, 1.0) == "▌" and bar(1.0, 0.0) == ""
    assert spark([]) == "" and spark([3.0]) == "▄" and spark([1.0, 2.0, 3.0]) == "▁▅█" and spark([2.0, 2.0]) == "▄▄"
