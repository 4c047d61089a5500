"""The flows that prompt flow itself generates, edited in Studio and in Git at once, still run on both sides."""

from pathlib import Path

import pytest

from flowsync.emulator import Emulator
from model_on_loopback import REPLY, chat_model
from promptflow_cli import PromptFlow
from world import EmulatedStudio, Repo, World

KINDS = ("standard", "chat", "evaluation")

# (file, text, what becomes of it)
STUDIO_EDITS = (
    ("standard/hello.jinja2", "Write a simple", "Write a polite"),
    ("chat/flow.dag.yaml", "temperature: '0.7'", "temperature: '0.2'"),
    ("evaluation/aggregate.py", 'key="accuracy"', 'key="share_of_correct"'),
)
LOCAL_EDITS = (
    ("standard/hello.py", '"Prompt: " + input1', '"Prompt, edited in Git: " + input1'),
    ("chat/chat.jinja2", "a helpful assistant", "a helpful and brief assistant"),
    ("evaluation/line_process.py", "prediction.lower()", 'prediction.lower().rstrip(".")'),
)


@pytest.fixture(scope="module")
def generated(promptflow: PromptFlow, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What `pf flow init` writes, compiled python included, by path below the folder of flows."""
    root = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        promptflow.init(root / kind, kind)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def edited(content: bytes, old: str, new: str) -> bytes:
    assert content.count(old.encode()) == 1, f"pf flow init does not write {old!r} any more"
    return content.replace(old.encode(), new.encode())


def committed(world: World) -> dict[str, bytes]:
    return world.files("HEAD", world.path)


def linked_to_generated_flows(repo: Repo, emulator: Emulator, generated: dict[str, bytes]) -> World:
    """Puts the flows on the share by the SDK, links a repository and pulls, with flowsync as a process."""
    world = World(repo.folder, share=EmulatedStudio(emulator))
    world.studio(generated)
    succeed(world, "init", "--share", world.share.url)
    world.git("add", ".flowsync.yaml")
    world.git("commit", "--quiet", "-m", "Link Studio")
    succeed(world, "sync")
    return world


def succeed(world: World, *command: str) -> None:
    run = world.process(*command)
    assert run.code == 0, str(run)


def edit_both_sides(world: World) -> dict[str, bytes]:
    """Saves and commits every edit, and returns what both sides should come to hold."""
    expected = committed(world)
    for path, old, new in STUDIO_EDITS:
        expected[path] = edited(expected[path], old, new)
        world.studio({path: expected[path]})
    for path, old, new in LOCAL_EDITS:
        expected[path] = edited(expected[path], old, new)
        world.commit({f"{world.path}/{path}": expected[path]}, f"Edit {path}")
    return expected


def run_all(promptflow: PromptFlow, flows: Path) -> None:
    """Has prompt flow run all three flows where they lie, and checks that both sides' edits are at work."""
    greeting = promptflow.test(flows / "standard")["output_prompt"]
    assert str(greeting).startswith("Prompt, edited in Git: Write a polite Hello World! program")
    with_dot = promptflow.test(flows / "evaluation", "groundtruth=App", "prediction=App.")
    assert with_dot == {"results": "Correct"}
    assert "share_of_correct" in (flows / "evaluation" / ".promptflow" / "flow.metrics.json").read_text()
    with chat_model() as model:
        promptflow.connect(flows / "chat" / "openai.yaml", api_key="none", base_url=model.base_url)
        assert promptflow.test(flows / "chat", "question=Who are you?") == {"answer": REPLY}
    (asked,) = model.asked
    assert asked["temperature"] == 0.2
    assert asked["messages"][0] == {"role": "system", "content": "You are a helpful and brief assistant."}


@pytest.mark.slow
def test_generated_flows_are_pulled_edited_on_both_sides_pushed_and_still_run(
    promptflow: PromptFlow, generated: dict[str, bytes], repo: Repo, emulator: Emulator
) -> None:
    compiled = {path: content for path, content in generated.items() if "__pycache__" in path.split("/")}
    assert compiled  # else the test says nothing about what never syncs
    world = linked_to_generated_flows(repo, emulator, generated)
    assert committed(world) == {path: generated[path] for path in generated.keys() - compiled.keys()}

    expected = edit_both_sides(world)
    succeed(world, "sync")
    assert committed(world) == expected
    assert world.share.files() == expected | compiled

    flows = world.folder / world.path
    run_all(promptflow, flows)
    assert (flows / "standard" / ".promptflow" / "flow.log").exists()
    head = world.tip()
    emulator.reset_counts()
    succeed(world, "sync")
    assert set(emulator.counts) == {"list"}
    assert world.tip() == head
    assert world.git("status", "--porcelain") == ""
    assert world.share.files() == expected | compiled


@pytest.mark.slow
def test_generated_flows_validate_after_the_round_trip_and_what_that_rewrites_syncs_like_an_edit(
    promptflow: PromptFlow, generated: dict[str, bytes], repo: Repo, emulator: Emulator, tmp_path: Path
) -> None:
    world = linked_to_generated_flows(repo, emulator, generated)
    for kind in KINDS:
        assert promptflow.validate(world.folder / world.path / kind) == {"result": "Succeeded"}
    rewritten = {f"{kind}/.promptflow/flow.tools.json" for kind in KINDS}
    assert set(world.git("diff", "--name-only", f"--relative={world.path}").split()) == rewritten

    world.git("commit", "--quiet", "-am", "Refresh the tools' description")
    succeed(world, "sync")
    in_studio = world.share.files()
    assert {path for path in generated if in_studio[path] != generated[path]} == rewritten
    download = Repo(tmp_path / "download")
    download.write(in_studio)
    assert promptflow.test(download.folder / "standard")
