"""What `pf flow test` leaves in a flow is nobody's edit: it holds nothing up and goes nowhere."""

import pytest

from world import World

LEFT = {
    "flows/chat/.promptflow/flow.log": "ran\n",
    "flows/chat/.promptflow/flow.detail.json": "{}",
    "flows/chat/.runs/1/output.jsonl": "{}",
    "flows/chat/__pycache__/answer.cpython-311.pyc": b"\x00",
    "flows/chat/.env": "KEY=secret",
}


def test_a_studio_edit_lands_beside_what_a_test_run_left(world: World) -> None:
    world.studio_flow("chat", answer_py="a = 1\n")
    world.sync()
    world.write(LEFT)

    world.studio({"chat/answer.py": "a = 2\n"})
    world.sync()

    assert world.here("chat")["answer.py"] == b"a = 2\n"
    assert world.state("chat")["local"]["dirty"] == []
    assert set(world.share.files()) == {"chat/answer.py", "chat/flow.dag.yaml"}
    assert set(world.files()) == {".flowsync.yaml", "flows/chat/answer.py", "flows/chat/flow.dag.yaml"}
    assert (world.folder / "flows/chat/.env").read_text() == "KEY=secret"


@pytest.mark.parametrize("edit", ["answer.py", "new.py", ".promptflow/flow.tools.json"])
def test_a_file_that_syncs_still_holds(world: World, edit: str) -> None:
    world.studio_flow("chat", answer_py="a = 1\n")
    world.sync()
    world.write({**LEFT, f"flows/chat/{edit}": "mine\n"})

    world.studio({"chat/answer.py": "a = 2\n"})
    world.sync(code=1)

    assert world.state("chat")["local"]["dirty"] == [edit]
    assert world.here("chat")["answer.py"] == b"a = 1\n"
