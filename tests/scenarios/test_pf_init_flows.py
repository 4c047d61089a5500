"""The flows that prompt flow itself generates, edited in Studio and in Git at once, still run on both sides."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.fileshare import ShareClient
from model_on_loopback import REPLY, chat_model
from promptflow_cli import PromptFlow

from flowsync.emulator import Emulator

KINDS = ("standard", "chat", "evaluation")
SHARE = "code"
FLOWS = "Users/alice/promptflow"

# (file, text, what becomes of it): first what Studio saves, then what is committed. Where one file is named twice,
# the two edits are apart, as two people's mostly are.
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


class Studio:
    """The share's `promptflow` folder, through the Azure SDK alone."""

    def __init__(self, connection_string: str) -> None:
        self._share = ShareClient.from_connection_string(connection_string, SHARE)
        self._share.create_share()

    def save(self, path: str, content: bytes) -> None:
        """Uploads one file, as Studio and the SDK do, with its folders."""
        place = PurePosixPath(FLOWS, path)
        for folder in [*reversed(place.parents)][1:]:
            try:
                self._share.create_directory(str(folder))
            except ResourceExistsError:
                continue
        self._share.get_file_client(str(place)).upload_file(content)

    def files(self, folder: str = FLOWS) -> dict[str, bytes]:
        """Downloads everything, by path below the promptflow folder."""
        found: dict[str, bytes] = {}
        for item in self._share.list_directories_and_files(folder):
            path = f"{folder}/{item.name}"
            if item.is_directory:
                found |= self.files(path)
            else:
                content = self._share.get_file_client(path).download_file().readall()
                found[path.removeprefix(FLOWS + "/")] = content
        return found


class Checkout:
    """A Git repository with `flowsync` in it, both as processes."""

    def __init__(self, root: Path, connection_string: str) -> None:
        self.root, self.flows = root, root / "flows"
        person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in PERSON.items()}
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
        self._environ = os.environ | person | quiet | {"AZURE_STORAGE_CONNECTION_STRING": connection_string}
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        (root / "README.md").write_text("# Our flows\n")
        self.commit("Begin")

    def git(self, *arguments: str) -> str:
        return self._run("git", *arguments)

    def flowsync(self, *arguments: str) -> str:
        return self._run(sys.executable, "-m", "flowsync", *arguments)

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)

    def tracked(self) -> dict[str, bytes]:
        """Returns what HEAD holds of the flows, by path below their folder."""
        paths = self.git("ls-tree", "-r", "-z", "--name-only", "HEAD:flows").split("\0")[:-1]
        return {path: self._bytes("git", "cat-file", "blob", f"HEAD:flows/{path}") for path in paths}

    def _run(self, *command: str) -> str:
        return self._bytes(*command).decode()

    def _bytes(self, *command: str) -> bytes:
        done = subprocess.run(command, cwd=self.root, env=self._environ, capture_output=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout.decode()}\n{done.stderr.decode()}"
        return done.stdout


PERSON = {"NAME": "Bea", "EMAIL": "bea@example.com"}


@pytest.fixture(scope="module")
def generated(promptflow: PromptFlow, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What `pf flow init` writes, compiled python included, by path below the folder of flows."""
    root = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        promptflow.init(root / kind, kind)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path / "azure") as running:
        yield running


def is_compiled(path: str) -> bool:
    return "__pycache__" in path.split("/")


def edited(content: bytes, old: str, new: str) -> bytes:
    assert content.count(old.encode()) == 1, f"pf flow init does not write {old!r} any more"
    return content.replace(old.encode(), new.encode())


def edit_both_sides(studio: Studio, checkout: Checkout) -> dict[str, bytes]:
    """Saves and commits every edit, and returns what both sides should come to hold."""
    expected = checkout.tracked()
    for path, old, new in STUDIO_EDITS:
        expected[path] = edited(expected[path], old, new)
        studio.save(path, expected[path])
    for path, old, new in LOCAL_EDITS:
        expected[path] = edited(expected[path], old, new)
        (checkout.flows / path).write_bytes(expected[path])
    checkout.commit("Edit all three flows")
    return expected


def linked_checkout(emulator: Emulator, root: Path) -> Checkout:
    checkout = Checkout(root, emulator.connection_string)
    checkout.flowsync("init", "--share", f"{emulator.url}/{SHARE}?user=alice")
    checkout.commit("Link Studio")
    checkout.flowsync("sync")
    return checkout


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
    promptflow: PromptFlow, generated: dict[str, bytes], emulator: Emulator, tmp_path: Path
) -> None:
    studio = Studio(emulator.connection_string)
    for path, content in generated.items():
        studio.save(path, content)
    assert any(map(is_compiled, generated))  # else the test says nothing about them

    checkout = linked_checkout(emulator, tmp_path / "repo")
    compiled = {path: content for path, content in generated.items() if is_compiled(path)}
    assert checkout.tracked() == {path: generated[path] for path in generated.keys() - compiled.keys()}

    expected = edit_both_sides(studio, checkout)
    checkout.flowsync("sync")
    assert checkout.tracked() == expected
    assert studio.files() == expected | compiled

    run_all(promptflow, checkout.flows)
    assert (checkout.flows / "standard" / ".promptflow" / "flow.log").exists()
    head = checkout.git("rev-parse", "HEAD")
    emulator.reset_counts()
    checkout.flowsync("sync")
    assert set(emulator.counts) == {"list"}
    assert checkout.git("rev-parse", "HEAD") == head
    assert checkout.git("status", "--porcelain") == ""
    assert studio.files() == expected | compiled


@pytest.mark.slow
def test_generated_flows_validate_after_the_round_trip_and_what_that_rewrites_syncs_like_an_edit(
    promptflow: PromptFlow, generated: dict[str, bytes], emulator: Emulator, tmp_path: Path
) -> None:
    studio = Studio(emulator.connection_string)
    for path, content in generated.items():
        studio.save(path, content)
    checkout = linked_checkout(emulator, tmp_path / "repo")
    for kind in KINDS:
        assert promptflow.validate(checkout.flows / kind) == {"result": "Succeeded"}
    rewritten = {f"{kind}/.promptflow/flow.tools.json" for kind in KINDS}
    assert set(checkout.git("diff", "--name-only", "--relative=flows").split()) == rewritten

    checkout.commit("Refresh the tools' description")
    checkout.flowsync("sync")
    on_share = studio.files()
    assert {path for path in generated if on_share[path] != generated[path]} == rewritten
    download = tmp_path / "download"
    for path, content in on_share.items():
        (download / path).parent.mkdir(parents=True, exist_ok=True)
        (download / path).write_bytes(content)
    shutil.rmtree(checkout.root)
    assert promptflow.test(download / "standard")
