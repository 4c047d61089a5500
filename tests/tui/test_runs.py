"""A flow's runs in the cloud, from the emulated workspace's own answers; and what they measured."""

from pathlib import Path
from typing import Any

import pytest

from flowsync_tui.view.runs import about, runs
from studio.world import Office, sign_in, unlinked_office
from workspace import ALICE, workspace_emulator
from world import Repo

from .stage import NARROW, WIDE, Acting, Stage

RUN = "flow: .\ndata: data.jsonl\ncolumn_mapping:\n  text: ${data.text}\ntags: {team: search}\n"
SAID: dict[str, Any] = {
    "name": "n", "display_name": "one", "status": "Failed", "commit": "a" * 40, "dirty": True, "owner": "Alice",
    "created": "2026-11-18T11:00:00+00:00", "started": "2026-11-18T11:00:00+00:00",
    "ended": "2026-11-18T11:01:30+00:00", "tags": {"flowsync.commit": "a", "team": "search"},
    "error": "\x1b[2Jno such node", "data": None, "evaluates": "other", "url": "https://x",
}  # fmt: skip


def test_what_is_said_about_a_run() -> None:
    (run,) = runs({"runs": [SAID]})
    assert (run.from_commit, run.seconds) == ("aaaaaaaa+", 90.0)
    assert about(run, None) == [
        "n  Failed  90 s  commit aaaaaaaaaaaa and edits that were not committed",
        "tags     team=search",
        "judges   other",
        "error    \\x1b[2Jno such node",
        "metrics  enter asks for them",
    ]
    assert about(run, {})[-1] == "metrics  the flow logged none"
    assert about(run, {"b": 0.123456, "a": 3.0})[-1] == "metrics  a 3   b 0.1235"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_runs_are_listed_with_their_commit_and_measured_when_asked(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    with workspace_emulator(tmp_path) as running:
        sign_in(monkeypatch, running, tmp_path, ALICE)
        office = unlinked_office(repo, running)
        tip = _two_runs(office)

        async def scenario(on: Acting) -> None:
            await on.shows("chat")
            await on.press("r")
            await on.shows("2 runs", f"{tip[:8]} ", f"{tip[:8]}+", "first", "second")
            await on.press("G")
            await on.shows("first  Completed", f"commit {tip[:12]}", "tags     team=search", "enter asks for them")
            await on.press("enter")
            await on.shows("metrics  accuracy 0.75   recall 0.5")
            await on.press("y")
            await on.shows("copied: first")
            await on.press("escape")
            await on.shows("[1] Flows")

        Stage(office.folder).play(scenario, size)


def _two_runs(office: Office) -> str:
    """Submits a run of what is committed, and one of what is not."""
    office.ends(0, "init", "--share", f"{office.url}?user=alice")
    office.git("add", ".flowsync.yaml")
    office.git("commit", "--quiet", "-m", "Link to Studio")
    office.commit_flow("chat", {"data.jsonl": '{"text": "a"}\n', "run.yml": RUN})
    office.draft("create", "chat")
    office.workspace.run_statuses = []  # over at once
    office.workspace.results = {"first": {"metrics": {"accuracy": 0.75, "recall": 0.5}}}
    office.ends(0, "run", "submit", "flows/chat/run.yml", "--name", "first")
    office.write({"flows/chat/echo.py": "# not committed\n"})
    office.ends(0, "run", "submit", "flows/chat/run.yml", "--name", "second", "--allow-dirty")
    return office.tip()
