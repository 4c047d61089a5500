"""Signatures and tokens: what each lets through, and what it does not."""

import base64
import json
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage.fileshare import (
    AccessPolicy,
    AccountSasPermissions,
    FileSasPermissions,
    ResourceTypes,
    ShareClient,
    ShareSasPermissions,
    ShareServiceClient,
    generate_account_sas,
    generate_file_sas,
    generate_share_sas,
)

from emulator.raw import Raw
from flowsync.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, Emulator

ACCOUNT, KEY = WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY


def soon(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**(delta or {"hours": 1}))


def code(error: pytest.ExceptionInfo[HttpResponseError]) -> str:
    found = getattr(error.value, "error_code", "")
    return getattr(found, "value", found)


def with_sas(emulator: Emulator, sas: str) -> ShareClient:
    return ShareClient(emulator.url, "code", credential=sas, retry_total=0)


def test_a_share_signature_allows_what_it_names(emulator: Emulator, share: ShareClient) -> None:
    share.get_file_client("a").create_file(1, data=b"x")
    sas = generate_share_sas(ACCOUNT, "code", KEY, ShareSasPermissions(read=True, list=True), soon())
    client = with_sas(emulator, sas)
    assert client.get_file_client("a").download_file().readall() == b"x"
    assert [item["name"] for item in client.list_directories_and_files()] == ["a"]
    with pytest.raises(HttpResponseError) as error:
        client.get_file_client("a").delete_file()
    assert code(error) == "AuthorizationPermissionMismatch"
    with pytest.raises(HttpResponseError) as error:
        client.get_share_properties()
    assert code(error) == "AuthorizationResourceTypeMismatch"


def test_a_file_signature_is_for_that_file_only(emulator: Emulator, share: ShareClient) -> None:
    for name in ("a", "b"):
        share.get_file_client(name).create_file(1, data=b"x")
    sas = generate_file_sas(
        ACCOUNT, "code", ["a"], KEY, permission=FileSasPermissions(read=True, write=True), expiry=soon()
    )
    client = with_sas(emulator, sas)
    assert client.get_file_client("a").download_file().readall() == b"x"
    with pytest.raises(ClientAuthenticationError):
        client.get_file_client("b").download_file()
    with pytest.raises(HttpResponseError):
        client.get_file_client("b").rename_file("a", overwrite=True)
    assert share.get_file_client("b").exists()


def test_an_account_signature_needs_the_kind_of_resource(emulator: Emulator, share: ShareClient) -> None:
    share.get_file_client("a").create_file(1, data=b"x")
    objects = generate_account_sas(ACCOUNT, KEY, ResourceTypes(object=True), AccountSasPermissions(read=True), soon())
    client = with_sas(emulator, objects)
    assert client.get_file_client("a").download_file().readall() == b"x"
    with pytest.raises(HttpResponseError) as error:
        client.get_share_properties()
    assert code(error) == "AuthorizationResourceTypeMismatch"
    services = generate_account_sas(ACCOUNT, KEY, ResourceTypes(service=True), AccountSasPermissions(list=True), soon())
    with ShareServiceClient(emulator.url, services) as service:
        assert [item["name"] for item in service.list_shares()] == ["code"]


@pytest.mark.parametrize(
    "options",
    [
        {"expiry": soon(minutes=-1)},
        {"expiry": soon(), "start": soon(minutes=30)},
        {"expiry": soon(), "ip": "10.0.0.1"},
        {"expiry": soon(), "protocol": "https"},
        {"expiry": soon(), "policy_id": "none"},
    ],
)
def test_a_signature_that_is_over_or_used_from_elsewhere(emulator: Emulator, share: ShareClient, options) -> None:  # type: ignore[no-untyped-def]
    share.get_file_client("a").create_file(1, data=b"x")
    sas = generate_share_sas(ACCOUNT, "code", KEY, ShareSasPermissions(read=True), **options)
    with pytest.raises(HttpResponseError) as error:
        with_sas(emulator, sas).get_file_client("a").get_file_properties()
    assert error.value.status_code == 403


def test_a_forged_or_widened_signature(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    share.get_file_client("a").create_file(1, data=b"x")
    sas = generate_share_sas(ACCOUNT, "code", KEY, ShareSasPermissions(read=True), soon())
    assert raw("GET", f"/code/a?{sas}", sign=False).status == 200
    assert raw("DELETE", f"/code/a?{sas.replace('sp=r', 'sp=rd')}", sign=False).code == "AuthenticationFailed"
    other = generate_share_sas(
        ACCOUNT, "code", base64.b64encode(b"other").decode(), ShareSasPermissions(read=True), soon()
    )
    assert raw("GET", f"/code/a?{other}", sign=False).code == "AuthenticationFailed"
    assert share.get_file_client("a").exists()


def test_a_stored_policy_gives_and_takes_back(emulator: Emulator, share: ShareClient) -> None:
    share.get_file_client("a").create_file(1, data=b"x")
    policy = AccessPolicy(permission=ShareSasPermissions(read=True), start=soon(hours=-1), expiry=soon())
    share.set_share_access_policy({"readers": policy})
    sas = generate_share_sas(ACCOUNT, "code", KEY, policy_id="readers")
    assert with_sas(emulator, sas).get_file_client("a").download_file().readall() == b"x"
    share.set_share_access_policy({})
    with pytest.raises(ClientAuthenticationError):
        with_sas(emulator, sas).get_file_client("a").download_file()


def test_a_signature_may_override_headers_of_the_reply(share: ShareClient, raw: Raw) -> None:
    share.get_file_client("a").create_file(1, data=b"x")
    sas = generate_file_sas(
        ACCOUNT, "code", ["a"], KEY, permission=FileSasPermissions(read=True), expiry=soon(), content_type="text/x"
    )
    assert raw("GET", f"/code/a?{sas}", sign=False).headers["Content-Type"].startswith("text/x")


# bearer tokens


class Token:
    """A credential that gives a token of our making."""

    def __init__(self, **claims: object) -> None:
        body = {"aud": "https://storage.azure.com", "exp": int(time.time()) + 3600, "oid": "o", "tid": "t", **claims}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, body)]
        self.token = ".".join([*parts, "unsigned"])

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        return AccessToken(self.token, int(time.time()) + 3600)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path / "tls", shares=("code",), tls=True) as running:
        yield running


def bearing(emulator: Emulator, token: Token) -> ShareClient:
    return ShareClient(
        emulator.url,
        "code",
        credential=token,  # type: ignore[arg-type]
        token_intent="backup",
        connection_verify=str(emulator.ca_file),
        retry_total=0,
    )


def test_a_bearer_may_do_what_a_key_may(tls: Emulator) -> None:
    with bearing(tls, Token()) as share:
        share.get_file_client("a").create_file(1, data=b"x")
        assert share.get_file_client("a").download_file().readall() == b"x"
        assert share.get_share_properties().quota == 5120


@pytest.mark.parametrize(
    "claims", [{"aud": "https://management.azure.com"}, {"exp": 1}, {"aud": ["https://graph.microsoft.com"]}]
)
def test_a_token_for_another_audience_or_an_old_one(tls: Emulator, claims: dict[str, object]) -> None:
    with bearing(tls, Token(**claims)) as share, pytest.raises(ClientAuthenticationError):
        share.get_share_properties()


def test_a_token_without_intent_or_over_http_or_with_an_old_version(tls: Emulator, emulator: Emulator) -> None:
    import urllib.error
    import urllib.request

    def status(url: str, **headers: str) -> tuple[int, str | None, str | None]:
        context = ssl.create_default_context(cafile=str(tls.ca_file))
        sent = {
            "Authorization": f"Bearer {Token().token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = urllib.request.Request(f"{url}/code?restype=directory&comp=list", headers=sent)
        try:
            with urllib.request.urlopen(request, context=context if url.startswith("https") else None) as reply:
                return reply.status, None, None
        except urllib.error.HTTPError as error:
            return error.code, error.headers["x-ms-error-code"], error.headers["WWW-Authenticate"]

    good = {"x_ms_version": "2026-10-06", "x_ms_file_request_intent": "backup"}
    assert status(tls.url, **good)[0] == 200
    assert status(tls.url, x_ms_version="2026-10-06")[:2] == (400, "MissingRequiredHeader")
    assert status(tls.url, **{**good, "x_ms_version": "2021-12-02"})[:2] == (400, "InvalidHeaderValue")
    assert status(emulator.url, **good)[0] == 403
    found = status(tls.url, **{**good, "Authorization": "Bearer made-up"})
    assert found[:2] == (401, "InvalidAuthenticationInfo") and "resource_id=https://storage.azure.com" in str(found[2])


def test_a_user_delegation_signature(tls: Emulator) -> None:
    options = {"connection_verify": str(tls.ca_file), "retry_total": 0}
    with ShareServiceClient(tls.url, Token(), token_intent="backup", **options) as service:  # type: ignore[arg-type]
        key = service.get_user_delegation_key(start=soon(minutes=-5), expiry=soon())
        service.get_share_client("code").get_file_client("a").create_file(1, data=b"x")
    sas = generate_file_sas(
        ACCOUNT, "code", ["a"], permission=FileSasPermissions(read=True), expiry=soon(), user_delegation_key=key
    )
    with ShareClient(tls.url, "code", credential=sas, **options) as share:  # type: ignore[arg-type]
        assert share.get_file_client("a").download_file().readall() == b"x"
        with pytest.raises(HttpResponseError):
            share.get_file_client("a").delete_file()
    key.value = base64.b64encode(b"forged").decode()
    forged = generate_file_sas(
        ACCOUNT, "code", ["a"], permission=FileSasPermissions(read=True), expiry=soon(), user_delegation_key=key
    )
    with ShareClient(tls.url, "code", credential=forged, **options) as share, pytest.raises(ClientAuthenticationError):  # type: ignore[arg-type]
        share.get_file_client("a").download_file()


def test_an_account_may_be_named_by_the_host(emulator: Emulator, share: ShareClient) -> None:
    share.get_file_client("a").create_file(1, data=b"x")
    raw = Raw(emulator.url)
    for host in (f"{ACCOUNT}.file.core.windows.net", f"{ACCOUNT}.file.localhost:{emulator.port}"):
        assert raw("GET", "/code/a", host=host, prefix="").body == b"x"
        assert raw("GET", "/code/b", host=host, prefix="").status == 404
