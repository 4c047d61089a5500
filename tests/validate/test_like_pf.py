"""The verdicts in flows_like_pf are those of the installed prompt flow; slow, since each takes pf some seconds."""

import json
import os
from pathlib import Path

import pytest

from flows_like_pf import ACCEPTED, REFUSED
from promptflow_cli import PromptFlow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("FLOWSYNC_PF" not in os.environ, reason="FLOWSYNC_PF names no pf"),
]


@pytest.fixture(scope="module")
def pf(tmp_path_factory):
    return PromptFlow(Path(os.environ["FLOWSYNC_PF"]), tmp_path_factory.mktemp("pf-home"))


def refusal(pf: PromptFlow, folder: Path, files: dict[str, bytes]) -> str:
    """Returns what pf has against a flow, as it lies in a folder; what needs a model is not run."""
    for path, content in files.items():
        (folder / path).write_bytes(content)
    target = next((folder / path for path in files if path.endswith(".prompty")), folder)
    said = ""
    if target == folder:
        validated = pf.run("flow", "validate", "--source", str(folder))
        if validated.returncode:
            return validated.stdout + validated.stderr
    if any(b"open_ai_connection" in content for content in files.values()):
        return said
    entry = "flow.flex.yaml" in files or files.get("flow.dag.yaml", b"").startswith(b"entry")
    given = ["--inputs", "obj=a" if b"json:dumps" in files.get("flow.flex.yaml", b"") else "text=a"] if entry else []
    if b"init:" in files.get("flow.flex.yaml", b""):
        given += ["--init", str(_init(folder))]
    tested = pf.run("flow", "test", "--flow", str(target), *given)
    return tested.stdout + tested.stderr if tested.returncode else said


def _init(folder: Path) -> Path:
    values = folder / "init.json"
    values.write_text(json.dumps({"n": 1}))
    return values


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(pf, tmp_path, name):
    assert refusal(pf, tmp_path, ACCEPTED[name]) == ""


NEED_A_MODEL = ("text before the first role", "byte order mark before the first role", "stop no list")


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in NEED_A_MODEL])
def test_refused(pf, tmp_path, name):
    _, files = REFUSED[name]
    if "ask.prompty" in files:
        pytest.skip("pf loads a .prompty only to run it")
    assert refusal(pf, tmp_path, files)
