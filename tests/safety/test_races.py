"""Races (issue 4, item 9): Studio saves between any two of our requests, while one file and while five are pushed.

What Studio saved is on the share, or joined with ours by a merge, or the flow is in conflict and both sides keep
theirs: never overwritten unseen, never reported as done if it was not.
"""

from pathlib import Path

import pytest

from flowsync.emulator import Event
from world import USER

from .stage import SCENARIOS, Stage, check_nothing_left

STUDIO = b"a = 'saved in Studio while we pushed'\n"


def race(stage: Stage, name: str, index: int) -> tuple[bool, str]:
    """Lets Studio save a file before request ``index``; tells whether it had its turn, and how our run ended."""
    with stage.play() as world:
        emulator = world.share.emulator  # type: ignore[attr-defined]
        client = world.share.client  # type: ignore[attr-defined]
        saved: list[bool] = []
        state = {"left": index, "busy": False}

        def between(event: Event) -> None:
            if event.when != "before" or state["busy"]:
                return
            state["left"] -= 1
            if state["left"] == -1:
                state["busy"] = True
                saved.append(_save(client, name))
                state["busy"] = False

        emulator.on_request(between)
        ended = stage.sync(world)
        emulator.off_request(between)
        assert isinstance(ended, list), ended
        said = " ".join(sorted(result.did.value for result in ended))
        if saved and saved[0]:
            _judge(stage, world, name)
        check_nothing_left(world)
        return bool(saved), said if saved and saved[0] else f"refused, {said}"


def _save(client: object, name: str) -> bool:
    """Saves as Studio does; a save that the lease refuses is repeated by Studio later, and is not in this run."""
    from azure.core.exceptions import HttpResponseError

    file = client.get_file_client(f"Users/{USER}/promptflow/chat/{name}")  # type: ignore[attr-defined]
    try:
        file.create_file(len(STUDIO), data=STUDIO)
    except HttpResponseError as error:
        assert "lease" in str(error.error_code).lower(), error
        return False
    return True


def _judge(stage: Stage, world: object, name: str) -> None:
    for _ in range(3):
        ended = stage.sync(world)  # type: ignore[arg-type]
        assert isinstance(ended, list), ended
    there = world.share.files()[f"chat/{name}"]  # type: ignore[attr-defined]
    conflict = any(result.did.value == "conflict" for result in ended)
    assert there == STUDIO, f"Studio's save was overwritten by {there!r}"
    if not conflict:
        assert world.here("chat")[name] == STUDIO  # type: ignore[attr-defined]
    assert world.reaches(STUDIO)  # type: ignore[attr-defined]


def test_studio_saves_at_any_moment_of_the_push_of_one_file(
    tmp_path: Path, git_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["push one file"])
    ends = []
    while (one := race(stage, "a.py", len(ends)))[0]:
        ends.append(one[1])
    assert len(ends) >= 10
    assert any("conflict" in end for end in ends), "a save before our write must be noticed"
    assert any("pushed" in end for end in ends), "a save after our write must not be blamed on it"


@pytest.mark.parametrize("name", ["a.py", "e.py"])
def test_studio_saves_at_some_moments_of_the_push_of_five_files(name: str, tmp_path: Path, git_home: Path) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["push five files"])
    for index in range(9, 29, 5):
        assert race(stage, name, index)[0]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_studio_saves_any_file_at_any_moment_of_the_push_of_five(
    tmp_path: Path, git_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["push five files"])
    ends: dict[str, int] = {}
    for name in ("a.py", "b.py", "c.py", "d.py", "e.py"):
        index = 0
        while (one := race(stage, name, index))[0]:
            ends[one[1]] = ends.get(one[1], 0) + 1
            index += 1
    with capsys.disabled():
        print(f"\n{sum(ends.values())} races, none lost: {ends}")
