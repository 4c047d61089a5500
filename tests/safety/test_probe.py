"""``flowsync doctor --probe``: every question gets an answer, and the share is as it was."""

import pytest

from flowsync.share.memory import MemoryShare
from flowsync.share.memory_store import Store
from flowsync.sync.probe import probe
from world import World

from .mutants import MUTANTS


def test_the_emulator_answers_every_question_and_keeps_nothing(azure_world: World) -> None:
    azure_world.studio_flow("chat", a_py="a = 1\n")
    before = azure_world.share.files()
    run = azure_world.ends(0, "doctor", "--probe", "--json")
    answers = run.json["answers"]
    assert len(answers) == 11 and all(answer["good"] for answer in answers), answers
    assert azure_world.share.files() == before
    assert [path.name for path in azure_world.share.folder.iterdir()] == ["chat"]  # type: ignore[attr-defined]
    key = azure_world.share.emulator.key  # type: ignore[attr-defined]
    assert key not in run.out and "Users" not in run.out


def test_a_share_that_does_not_guard_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    store.make_folders("top")
    monkeypatch.setattr("flowsync.sync.probe._watched", lambda *given: (0, 1))  # the fake knows no threads
    question = "Is a write refused that expects an older version?"

    def asked() -> bool:
        (answer,) = (
            one for one in probe(lambda write: MemoryShare(store, "top", write=write)) if one.question == question
        )
        return answer.good

    assert asked()
    with MUTANTS["no precondition"].patch():
        assert not asked()
    assert store.files() == {}
