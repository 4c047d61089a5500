"""The emulator answers as the live service was recorded to: see ``recorded`` for what."""

import re
from pathlib import Path

import pytest

from emulator.raw import Answer, Raw
from emulator.recorded import STORIES, Step
from flowsync.emulator import Emulator


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("version", ["2021-06-08", "2026-10-06"])
def test_the_emulator_answers_as_the_service_was_recorded(tmp_path: Path, story: str, version: str) -> None:
    with Emulator(tmp_path) as emulator:
        raw = Raw(emulator.url, version=version)
        answers: list[Answer] = []
        for number, step in enumerate(STORIES[story]):
            headers = {name: filled(value, answers, emulator) for name, value in step.headers.items()}
            answer = raw(step.method, filled(step.path, answers, emulator), headers, step.body)
            compare(step, answer, answers, f"{story}, step {number}: {answer}")
            answers.append(answer)


def filled(text: str, answers: list[Answer], emulator: Emulator) -> str:
    """Fills in what earlier replies said: ``{2:header}`` or ``{3~pattern}``."""
    text = text.replace("{url}", emulator.url)
    text = re.sub(r"\{(\d):([^}]*)\}", lambda found: answers[int(found[1])].headers[found[2]], text)
    return re.sub(r"\{(\d)~(.*)\}", lambda found: re.findall(found[2], answers[int(found[1])].body.decode())[0], text)


def compare(step: Step, answer: Answer, answers: list[Answer], where: str) -> None:
    assert (answer.status, answer.code) == (step.status, step.code), where
    names = set(answer.headers)
    assert not step.has - names, where
    assert not step.lacks & names, where
    assert (
        "x-ms-version" in names
        and "x-ms-request-id" in names
        and answer.headers["Server"].startswith("Windows-Azure-File/1.0")
    )
    for name, value in step.says.items():
        assert answer.headers[name].partition(";")[0] == value, f"{where}: {name}"
    if step.against >= 0:
        earlier = answers[step.against].headers
        assert {name for name in step.same if answer.headers[name] != earlier[name]} == set(), where
        assert {name for name in step.moved if answer.headers[name] == earlier[name]} == set(), where
    body = answer.body.decode()
    assert re.search(step.text, body, re.DOTALL), where
    if step.code and step.method != "HEAD":
        assert body.startswith("\ufeff<?xml") and f"<Code>{step.code}</Code>" in body and "\nRequestId:" in body
    if "ETag" in names and "x-ms-file-change-time" in names:
        assert re.fullmatch('"0x8D[0-9A-F]{12,13}"', answer.headers["ETag"]), where
