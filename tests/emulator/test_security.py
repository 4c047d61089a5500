"""Requests that nobody honest sends: each gets the service's error, and nothing outside the data folder is touched."""

import socket
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.storage.fileshare import ShareClient

from emulator.raw import Raw
from flowsync.emulator import Emulator

FILE = {"x-ms-type": "file", "x-ms-content-length": "4"}
BAD_NAME = ("InvalidResourceName", "InvalidFileOrDirectoryPathName", "InvalidUri")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for all of these: nothing that they send may change it."""
    with Emulator(tmp_path_factory.mktemp("security") / "data", shares=("code",)) as running:
        yield running


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if ".flowsync-emulator" not in path.parts}


@pytest.mark.parametrize(
    "path",
    [
        "/code/../outside",
        "/code/%2e%2e/outside",
        "/code/d/..%2f..%2f..%2foutside",
        "/code/%2e%2e%2f%2e%2e%2foutside",
        "/code//etc/passwd",
        "/code/%2Fetc%2Fpasswd",
        "/code/d//f",
        "/code/a%00b",
        "/code/a%5C..%5Cb",
        "/code/C:%5Cwindows",
        "/code/" + "x" * 3000,
        "/code/" + "x" * 256,
        "/code/" + "/".join(["d"] * 251),
        "/code/.",
        "/code/d/./f",
        "/code/nul",
        "/code/COM1",
        "/code/CLOCK$",
        "/code/a%3Fb",
        "/code/a%0Ab",
        "/code/a%C2%81b",
        "/code/%ED%A0%80",
        "/code/%FF%FE",
        "/code/...",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_path_that_cannot_be_is_refused_and_touches_nothing(
    emulator: Emulator, raw: Raw, path: str, method: str
) -> None:
    raw("PUT", "/code/d?restype=directory")
    before = everything(emulator.data.parent)
    answer = raw(method, path, FILE if method == "PUT" else {}, b"evil" if method == "PUT" else b"")
    assert (answer.status, answer.code in BAD_NAME) == (400, True), answer
    answer = raw(method, f"{path}?restype=directory")
    assert answer.status == 400, answer
    assert everything(emulator.data.parent) == before


@pytest.mark.parametrize(
    "share", ["..", "%2e%2e", ".flowsync-emulator", "A", "a--b", "-ab", "ab", "a" * 64, "a%2fb", "a_b"]
)
def test_a_share_that_cannot_be(emulator: Emulator, raw: Raw, share: str) -> None:
    before = everything(emulator.data.parent)
    answer = raw("PUT", f"/{share}?restype=share")
    assert (answer.status, answer.code) == (400, "InvalidResourceName")
    assert raw("GET", f"/{share}?restype=share").status in (400, 404)
    assert raw("PUT", f"/{share}/f", FILE, b"evil").status in (400, 404)
    assert everything(emulator.data.parent) == before


def test_a_rename_or_copy_cannot_leave_the_share_either(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    share.get_file_client("here").create_file(0)
    for source in ("code/../../secret", "code/%2e%2e%2fsecret", "other/here"):
        header = {"x-ms-file-rename-source": f"{emulator.url}/{source}"}
        assert raw("PUT", "/code/g?comp=rename", header).status in (400, 404)
        assert raw("PUT", "/code/g", {"x-ms-copy-source": f"{emulator.url}/{source}"}).status in (400, 404)
    header = {"x-ms-file-rename-source": f"{emulator.url}/code/here"}
    assert raw("PUT", "/code/%2e%2e%2fg?comp=rename", header).status == 400
    assert raw("PUT", "/code/g?comp=rename", {"x-ms-file-rename-source": "file:///etc/passwd"}).status == 400
    assert raw("PUT", "/code/g", {"x-ms-copy-source": "http://example.invalid/account/share/f"}).status == 404


def test_a_wrong_signature_key_account_or_date(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    path = "/code?restype=share"
    failed = (403, "AuthenticationFailed")

    def outcome(ask: Raw, headers: dict[str, str] | None = None, sign: bool = True) -> tuple[int, str]:
        answer = ask("GET", path, headers, sign=sign)
        return answer.status, answer.code

    assert outcome(raw) == (200, "")
    assert outcome(Raw(emulator.url, key="AAAA")) == failed
    assert outcome(Raw(emulator.url, account="someoneelse")) == failed
    assert outcome(raw, sign=False) == (401, "NoAuthenticationInformation")
    assert outcome(raw, {"Authorization": "SharedKey devstoreaccount1:AAAA"}, sign=False) == failed
    assert outcome(raw, {"Authorization": "Basic AAAA"}, sign=False) == (400, "InvalidAuthenticationInfo")
    assert outcome(raw, {"x-ms-date": "Wed, 28 Sep 2022 21:24:10 GMT"}) == failed
    assert outcome(raw, {"x-ms-date": "yesterday"}) == failed
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2026-10-06"}
    headers["Authorization"] = raw.authorization("GET", "/devstoreaccount1/other?restype=share", headers)
    assert outcome(raw, headers, sign=False) == failed


@pytest.mark.parametrize("version", ["2099-01-01", "", "latest", "2026-10-06; drop"])
def test_an_unknown_version(raw: Raw, version: str) -> None:
    answer = raw("GET", "/code?restype=share", {"x-ms-version": version})
    assert (answer.status, answer.code) == (400, "InvalidHeaderValue")


def test_a_missing_version(emulator: Emulator) -> None:
    ask = Raw(emulator.url)
    headers = {"x-ms-date": formatdate(usegmt=True)}
    headers["Authorization"] = ask.authorization("GET", "/devstoreaccount1/code?restype=share", headers)
    where = urlsplit(emulator.url)
    with socket.create_connection((where.hostname or "", where.port or 0)) as plain:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET /devstoreaccount1/code?restype=share HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n"
        plain.sendall(request.encode())
        reply = b"".join(iter(lambda: plain.recv(65536), b""))
    assert reply.startswith(b"HTTP/1.1 400") and b"MissingRequiredHeader" in reply


def test_a_body_that_is_too_large_is_never_read(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    size = (4 << 20) + 1
    headers = {"x-ms-type": "file", "x-ms-content-length": str(size)}
    answer = raw("PUT", "/code/f", headers, bytes(size))
    assert (answer.status, answer.code) == (413, "RequestBodyTooLarge")
    assert raw("HEAD", "/code/f").status == 404
    share.get_file_client("g").create_file(size)
    answer = raw(
        "PUT", "/code/g?comp=range", {"x-ms-write": "update", "x-ms-range": f"bytes=0-{size - 1}"}, bytes(size)
    )
    assert (answer.status, answer.code) == (413, "RequestBodyTooLarge")


def test_an_old_version_takes_no_body_and_a_body_longer_than_the_file_is_refused(emulator: Emulator) -> None:
    old = Raw(emulator.url, version="2025-11-05")("PUT", "/code/f", FILE, b"evil")
    assert (old.status, old.code) == (400, "InvalidHeaderValue")
    longer = Raw(emulator.url)("PUT", "/code/f", FILE, b"longer")
    assert (longer.status, longer.code) == (400, "InvalidHeaderValue")
    assert Raw(emulator.url)("HEAD", "/code/f").status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"<SignedIdentifiers><broken>",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><SignedIdentifiers>&e;</SignedIdentifiers>',
        b"\xff\xfe<",
    ],
)
def test_broken_xml(raw: Raw, body: bytes) -> None:
    answer = raw("PUT", "/code?restype=share&comp=acl", {"Content-Type": "application/xml"}, body)
    assert (answer.status, answer.code) == (400, "InvalidXmlDocument")


@pytest.mark.parametrize(
    ("method", "path", "headers", "code"),
    [
        ("PUT", "/code/f", {}, "MissingRequiredHeader"),
        ("PUT", "/code/f", {"x-ms-type": "file", "x-ms-content-length": "many"}, "InvalidHeaderValue"),
        ("PUT", "/code/f", {"x-ms-type": "file", "x-ms-content-length": "-1"}, "InvalidHeaderValue"),
        ("PUT", "/code/f", {"x-ms-type": "file", "x-ms-content-length": str(5 << 40)}, "OutOfRangeInput"),
        ("PUT", "/code/f", {"x-ms-type": "blob", "x-ms-content-length": "0"}, "InvalidHeaderValue"),
        ("PUT", "/code/f", {**FILE, "x-ms-meta-a!b": "c"}, "InvalidMetadata"),
        ("PUT", "/code/f", {**FILE, "x-ms-file-attributes": "Shiny"}, "InvalidHeaderValue"),
        ("PUT", "/code/f", {**FILE, "x-ms-file-creation-time": "noon"}, "InvalidHeaderValue"),
        ("PUT", "/code/f", {**FILE, "x-ms-file-permission-key": "1*2"}, "InvalidHeaderValue"),
        ("PUT", "/code/f?comp=lease", {"x-ms-lease-action": "steal"}, "InvalidHeaderValue"),
        ("PUT", "/code/f?comp=lease", {}, "MissingRequiredHeader"),
        ("GET", "/code?restype=directory&comp=list&maxresults=0", {}, "OutOfRangeQueryParameterValue"),
        ("GET", "/code?restype=directory&comp=list&maxresults=x", {}, "InvalidQueryParameterValue"),
        ("GET", "/code?restype=directory&comp=list&marker=%FF", {}, "InvalidQueryParameterValue"),
        ("GET", "/code?restype=directory&comp=list&include=secrets", {}, "InvalidQueryParameterValue"),
        ("GET", "/code?comp=everything", {}, "InvalidQueryParameterValue"),
        ("POST", "/code/f", {}, "UnsupportedHttpVerb"),
        ("PUT", "/code?restype=share&comp=properties", {"x-ms-share-quota": "0"}, "InvalidHeaderValue"),
    ],
)
def test_a_request_that_makes_no_sense(raw: Raw, method: str, path: str, headers: dict[str, str], code: str) -> None:
    answer = raw(method, path, headers)
    assert (answer.status in (400, 405), answer.code) == (True, code), answer
    assert raw("GET", "/code/f").status == 404


def test_the_emulator_binds_loopback(emulator: Emulator) -> None:
    assert urlsplit(emulator.url).hostname == "127.0.0.1"
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in own - {"127.0.0.1"}:
        if not str(address).startswith("127."):
            with pytest.raises(OSError):
                socket.create_connection((str(address), emulator.port), timeout=2)


def test_a_client_that_goes_away_in_the_middle_of_its_body(emulator: Emulator, raw: Raw) -> None:
    where = urlsplit(emulator.url)
    headers = {**FILE, "x-ms-date": formatdate(usegmt=True), "x-ms-version": "2026-10-06", "Content-Length": "4"}
    headers["Authorization"] = raw.authorization("PUT", "/devstoreaccount1/code/gone", headers)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as plain:
        plain.sendall(f"PUT /devstoreaccount1/code/gone HTTP/1.1\r\nHost: x\r\n{lines}\r\nxy".encode())
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(65536):
            pass
    assert raw("HEAD", "/code/gone").status == 404


def test_bytes_that_are_no_request_do_not_hurt(emulator: Emulator, raw: Raw) -> None:
    where = urlsplit(emulator.url)
    for junk in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"A" * 70000):
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as plain:
            plain.sendall(junk)
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(65536):
                pass
    assert raw("GET", "/code?restype=share").status == 200
