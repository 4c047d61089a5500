"""The Azure SDK's own tests, unmodified, against the emulator; the counts are asserted, so that they cannot sink.

They need two things that are not here: an environment with ``azure-storage-file-share[aio]``, ``azure-storage-blob``,
``azure-storage-extensions``, pytest, pytest-asyncio, requests and pyjwt (AZURE_SDK_PYTHON names its interpreter), and a
script that runs the SDK's tests against FILES_ENDPOINT with stand-ins for the SDK's unpublished helpers
(AZURE_SDK_SUITE names it). Some tests wait for leases to end: the whole takes about six minutes.
"""

import ast
import json
import os
import re
import subprocess
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowsync.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, Emulator

SUITE, PYTHON = os.environ.get("AZURE_SDK_SUITE"), os.environ.get("AZURE_SDK_PYTHON")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not (SUITE and PYTHON), reason="set AZURE_SDK_SUITE and AZURE_SDK_PYTHON to run the SDK's tests"
    ),
]
SYNC = {"test_share.py": 66, "test_directory.py": 51, "test_file.py": 124, "test_get_file.py": 45}
ASYNC = {
    "test_share_async.py": 62,
    "test_directory_async.py": 51,
    "test_file_async.py": 126,
    "test_get_file_async.py": 45,
}
REST = {
    "test_file_service_properties.py": 5,
    "test_file_service_properties_async.py": 4,
    "test_file_api_version.py": 6,
    "test_file_api_version_async.py": 6,
    "test_sas.py": 8,
}
TOKENS = {
    "test_share.py": 3,
    "test_directory.py": 17,
    "test_file.py": 16,
    "test_share_async.py": 3,
    "test_directory_async.py": 17,
    "test_file_async.py": 16,
}
CONTENT = {"test_content_validation.py": 30, "test_content_validation_async.py": 30}


@contextmanager
def endpoint(**options: bool) -> Iterator[tuple[Emulator, dict[str, str]]]:
    """Runs an emulator with two accounts; yields it and what the suite must know of it."""
    second = "AAAA"
    accounts = {WELL_KNOWN_ACCOUNT: WELL_KNOWN_KEY, "account2": second}
    with (
        tempfile.TemporaryDirectory() as data,
        Emulator(Path(data), accounts=accounts, control=True, opaque_tokens=True, **options) as emulator,
    ):
        environment = {
            **os.environ,
            "PY": str(PYTHON),
            "FILES_ENDPOINT": emulator.url.removesuffix(f"/{WELL_KNOWN_ACCOUNT}"),
            "FILES_ACCOUNT2": "account2",
            "FILES_KEY2": second,
        }
        if options.get("tls"):
            trust = str(emulator.ca_file)
            environment |= {"FILES_OAUTH": "1", "SSL_CERT_FILE": trust, "REQUESTS_CA_BUNDLE": trust}
        yield emulator, environment


def run(environment: dict[str, str], modules: Sequence[str], *options: str) -> tuple[dict[str, Counter[str]], str]:
    """Runs some of the SDK's test modules; returns outcomes by module, and everything printed."""
    command = [str(SUITE), *modules, *options, "-rfE"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800)
    rows = re.findall(r"^\[suite\] (test_\w+\.py)\s+(\{.*\})$", done.stdout, re.MULTILINE)
    return {name: Counter(ast.literal_eval(counts)) for name, counts in rows}, done.stdout + done.stderr


def judge(found: dict[str, Counter[str]], wanted: dict[str, int], output: str) -> None:
    """Every test that can apply passes, none fails, and no fewer pass than did."""
    failed = {name: counts["failed"] + counts["error"] for name, counts in found.items()}
    assert not any(failed.values()), output[-6000:]
    passed = {name: found.get(name, Counter())["passed"] for name in wanted}
    assert {name: count for name, count in wanted.items() if passed[name] < count} == {}, passed


def http(modules: dict[str, int]) -> None:
    with endpoint() as (_, environment):
        found, output = run(environment, list(modules))
        judge(found, modules, output)


def tls(modules: dict[str, int], *options: str) -> None:
    with endpoint(tls=True) as (_, environment):
        found, output = run(environment, list(modules), *options)
        judge(found, modules, output)


def test_the_core_modules_over_http_and_the_token_tests_over_https() -> None:
    assert sum(SYNC.values()) + sum(ASYNC.values()) >= 560 and sum(TOKENS.values()) >= 50
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(http, {**SYNC, **REST}), pool.submit(http, ASYNC)]
        runs.append(pool.submit(tls, TOKENS, "-k", "oauth or audience or list_sub"))
        for one in runs:
            one.result()


def test_content_validation() -> None:
    tls(CONTENT)


def test_handles() -> None:
    """They were recorded with a share mounted by hand; here the neighbour stands in. One wants a snapshot of 2022."""
    for module, names in (("test_handle.py", 7), ("test_handle_async.py", 3)):
        passed = 0
        for name in handle_tests(module):
            with endpoint() as (emulator, environment):
                mount(emulator)
                found, _ = run(environment, [module], "-k", f"{name} and not share_snapshot")
                passed += found.get(module, Counter())["passed"]
        assert passed == names


def handle_tests(module: str) -> list[str]:
    """Returns the module's tests, each of which closes what the others would list."""
    common = ["close_single_handle", "close_all_handle", "list_handles_access_rights"]
    if module.endswith("_async.py"):
        return common
    return [
        *common,
        "list_handles_on_share",
        "list_handles_with_marker",
        "list_handles_on_directory",
        "list_handles_on_file",
    ]


def mount(emulator: Emulator) -> None:
    """Opens files as the SDK's tests expect someone to have done."""
    for share, name, access in (
        ("test-share", "test.txt", "rw"),
        ("test-share", "test.txt", "r"),
        ("mytestshare", "testfile.txt", "w"),
    ):
        folder = emulator.share_folder(share) / "testdir"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
        control(emulator, "smb/open", {"share": share, "path": f"testdir/{name}", "access": access})


def control(emulator: Emulator, topic: str, body: object) -> None:
    url = f"http://127.0.0.1:{emulator.port}/!control/{topic}"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())) as reply:
        assert reply.status == 200
