"""Faults, hooks, counts and the control endpoint: each fault does what it says, once, to the request it names."""

import json
import urllib.request
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.storage.fileshare import ShareClient

from emulator.raw import Raw
from flowsync.emulator import Emulator, Event

GONE = (ServiceRequestError, ServiceResponseError)


def test_a_refusal_hits_the_nth_matching_request_and_has_no_effect(
    emulator: Emulator, share: ShareClient, raw: Raw
) -> None:
    fault = emulator.faults.refuse("create_file", "code/*.yaml", code="ServerBusy", retry_after=7, skip=1)
    headers = {"x-ms-type": "file", "x-ms-content-length": "0"}
    assert raw("PUT", "/code/a.txt", headers).status == 201
    assert raw("PUT", "/code/a.yaml", headers).status == 201
    answer = raw("PUT", "/code/b.yaml", headers)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "ServerBusy", "7")
    assert raw("HEAD", "/code/b.yaml").status == 404
    assert raw("PUT", "/code/b.yaml", headers).status == 201
    assert fault.hits == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ServerBusy", 503),
        ("TooManyRequests", 429),
        ("InternalError", 500),
        ("ShareSizeLimitReached", 413),
        ("ShareBeingDeleted", 409),
        ("ShareNotFound", 404),
        ("AuthenticationFailed", 403),
        ("ClientCacheFlushDelay", 408),
    ],
)
def test_any_code_of_the_service_may_be_answered(emulator: Emulator, raw: Raw, code: str, status: int) -> None:
    emulator.faults.refuse(code=code, times=None)
    answer = raw("GET", "/code?restype=share")
    assert (answer.status, answer.code) == (status, code)
    emulator.faults.clear()
    assert raw("GET", "/code?restype=share").status == 200


def test_a_connection_dropped_before_the_effect_and_after_it(emulator: Emulator, share: ShareClient) -> None:
    emulator.faults.drop_before("create_file")
    with pytest.raises(GONE):
        share.get_file_client("a").create_file(1, data=b"x")
    assert not share.get_file_client("a").exists()
    emulator.faults.drop_after("create_file")
    with pytest.raises(GONE):
        share.get_file_client("a").create_file(1, data=b"x")
    assert share.get_file_client("a").exists()


def test_a_request_that_is_never_answered(emulator: Emulator, share: ShareClient) -> None:
    fault = emulator.faults.hang("delete_file")
    share.get_file_client("a").create_file(0)
    with pytest.raises(GONE):
        share.get_file_client("a").delete_file(read_timeout=0.2)
    assert share.get_file_client("a").exists() and fault.hits == 1


def test_a_body_cut_short_and_a_body_that_is_wrong(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    content = b"0123456789" * 1000
    share.get_file_client("a").create_file(len(content), data=content)
    emulator.faults.truncate(keep=100)
    with pytest.raises((*GONE, HttpResponseError)):
        share.get_file_client("a").download_file().readall()
    emulator.faults.garble()
    answer = raw("GET", "/code/a")
    assert len(answer.body) == len(content) and answer.body != content
    assert raw("GET", "/code/a").body == content


def test_the_second_page_of_a_listing_fails(emulator: Emulator, share: ShareClient) -> None:
    for number in range(5):
        share.get_file_client(f"f{number}").create_file(0)
    fault = emulator.faults.refuse("list", page=2)
    seen = []
    with pytest.raises(HttpResponseError):
        for item in share.list_directories_and_files(results_per_page=2):
            seen.append(item["name"])
    assert seen == ["f0", "f1"] and fault.hits == 1
    fault = emulator.faults.refuse("list", page=3)
    with pytest.raises(HttpResponseError):
        list(share.list_directories_and_files(results_per_page=2))
    assert fault.hits == 1


def test_chance_is_drawn_from_the_seed(emulator: Emulator, raw: Raw, tmp_path: Any) -> None:
    def pattern(seed: int) -> list[int]:
        from flowsync.emulator import Fault

        with Emulator(tmp_path / str(seed), shares=("s",), seed=seed) as other:
            other.faults.add(Fault("refuse", times=None, chance=0.5))
            ask = Raw(other.url)
            return [ask("GET", "/s?restype=share").status for _ in range(30)]

    first = pattern(1)
    assert {200, 503} == set(first)
    assert pattern(1) == first != pattern(2)


def test_the_clock_may_be_wrong(emulator: Emulator, raw: Raw) -> None:
    emulator.clock.skew = 16 * 60
    answer = raw("GET", "/code?restype=share")
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")
    emulator.clock.skew = 60
    assert raw("GET", "/code?restype=share").status == 200


def test_a_hook_may_write_between_two_requests(emulator: Emulator, share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(3, data=b"old")
    events: list[Event] = []

    def studio(event: Event) -> None:
        events.append(event)
        if (event.when, event.operation) == ("before", "get_file"):
            (emulator.share_folder("code") / "a").write_bytes(b"new")

    emulator.on_request(studio)
    assert file.download_file().readall() == b"new"
    emulator.off_request(studio)
    file.get_file_properties()
    assert [(event.when, event.operation, event.path, event.status) for event in events] == [
        ("before", "get_file", "code/a", 0),
        ("after", "get_file", "code/a", 206),
    ]


def test_a_hook_may_send_requests_itself(emulator: Emulator, share: ShareClient) -> None:
    share.get_file_client("a").create_file(0)

    def studio(event: Event) -> None:
        if event.when == "before" and event.operation == "list":
            share.get_file_client("b").create_file(0)

    emulator.on_request(studio)
    assert [item["name"] for item in share.list_directories_and_files()] == ["a", "b"]


def test_requests_are_counted_and_logged(emulator: Emulator, share: ShareClient) -> None:
    share.create_directory("d")
    share.get_file_client("d/a b").create_file(0)
    list(share.list_directories_and_files("d"))
    assert emulator.counts == {"create_directory": 1, "create_file": 1, "list": 1}
    assert emulator.log == [("create_directory", "code/d"), ("create_file", "code/d/a b"), ("list", "code/d")]
    emulator.reset_counts()
    assert emulator.counts == {} and emulator.log == []


def test_the_control_endpoint_does_the_same_from_outside(emulator: Emulator, raw: Raw) -> None:
    def control(method: str, topic: str, body: object = None) -> Any:
        url = f"http://127.0.0.1:{emulator.port}/!control/{topic}"
        request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    control("POST", "faults", {"kind": "refuse", "operation": "get_share", "code": "ServerBusy"})
    assert raw("GET", "/code?restype=share").status == 503
    assert control("GET", "faults")[0]["hits"] == 1
    control("DELETE", "faults")
    assert raw("GET", "/code?restype=share").status == 200
    assert control("GET", "counts") == {"get_share": 2}
    assert control("DELETE", "counts") == {}
    assert control("GET", "counts") == {}
    control("PUT", "latency", {"seconds": 0.01})
    assert emulator.latency == 0.01


def test_without_being_asked_for_there_is_no_control_endpoint(tmp_path: Any) -> None:
    with Emulator(tmp_path) as emulator:
        answer = Raw(emulator.url)("GET", "/!control/counts", sign=False, prefix="")
        assert (answer.status, answer.body) != (200, b"{}") and answer.status in (400, 401, 403)
