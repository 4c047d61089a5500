"""What a command imports, read from ``sys.modules`` of a process: start-up time without a clock."""

import json
import subprocess
import sys

import pytest

from world import World

LISTED = """
import json, sys
sys.argv = {argv!r}
try:
    from {module} import main
    main({arguments!r})
except SystemExit:
    pass
print("modules " + json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})), file=sys.stderr)
"""


def imported(module: str, arguments: list[str]) -> set[str]:
    """The top-level packages that a command line has imported when it ends."""
    source = LISTED.format(argv=["flowsync", *arguments], module=module, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    line = next(line for line in done.stderr.splitlines() if line.startswith("modules "))
    return set(json.loads(line.removeprefix("modules ")))


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], [], ["nonsense"], ["sync", "--help"], ["status", "--help"]]
)
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    assert not imported("flowsync.cli", arguments) & {
        "git",
        "azure",
        "aiohttp",
        "textual",
        "yaml",
        "rich",
        "sqlite3",
        "asyncio",
    }


@pytest.fixture
def synced(world: World) -> World:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    world.studio({"chat/a.py": "a = 2\n"})
    world.commit({"flows/chat/b.py": "b = 1\n"})
    return world


def test_status_imports_no_share_and_no_terminal_ui(synced: World) -> None:
    found = imported("flowsync.cli", ["-C", str(synced.folder), "status"])
    assert "git" in found  # it did run
    assert not found & {"azure", "aiohttp", "textual", "rich", "watchdog"}


def test_a_folder_is_synced_without_azure(synced: World) -> None:
    found = imported("flowsync.cli", ["-C", str(synced.folder), "sync", "--json"])
    assert "git" in found and not found & {"azure", "aiohttp", "textual", "watchdog"}


def test_no_command_module_imports_anything_when_it_is_imported() -> None:
    source = (
        "import importlib, json, sys\n"
        "from flowsync.cli import COMMANDS\n"
        "for row in COMMANDS: importlib.import_module(f'flowsync.cli.{row.module}')\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert not set(json.loads(done.stdout)) & {
        "git",
        "azure",
        "aiohttp",
        "textual",
        "yaml",
        "rich",
        "watchdog",
        "sqlite3",
    }


def test_hooks_import_no_git_no_azure_and_no_terminal_ui() -> None:
    source = (
        "import importlib, json, pkgutil, sys, flowsync_hooks\n"
        "for module in pkgutil.walk_packages(flowsync_hooks.__path__, 'flowsync_hooks.'):\n"
        "    if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    found = set(json.loads(done.stdout))
    assert "flowsync_hooks" in found and not found & {"git", "azure", "aiohttp", "textual", "watchdog"}
