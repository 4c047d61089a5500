"""Who imports what, asked of the interpreter itself: a model without Textual, and commands that do not pay for it."""

import subprocess
import sys
from pathlib import Path

import pytest

VIEW = Path(__file__).parents[2] / "tui" / "flowsync_tui" / "view"


def imported(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_model_imports_no_textual() -> None:
    names = ", ".join(f"flowsync_tui.view.{file.stem}" for file in VIEW.glob("*.py") if file.stem != "__init__")
    found = imported(f"import {names}")
    assert "flowsync_tui.view.store" in found
    assert not {name for name in found if name.partition(".")[0] in ("textual", "git", "azure", "asyncio")}


def test_the_app_imports_neither_git_nor_azure_nor_the_engine() -> None:
    found = imported("import flowsync_tui.app")
    assert not {name for name in found if name.partition(".")[0] in ("git", "azure", "aiohttp", "watchdog", "yaml")}
    engine = (
        "flowsync.sync",
        "flowsync.share",
        "flowsync.repo",
        "flowsync.archive",
        "flowsync.config",
        "flowsync.cache",
    )
    assert not {name for name in found if name.startswith(engine)}


def test_screens_and_dialogs_are_imported_when_they_are_opened() -> None:
    found = imported("import flowsync_tui.app")
    late = (
        "screens.diff",
        "screens.graph",
        "screens.transfer",
        "widgets.picker",
        "widgets.confirm",
        "doing.flows",
        "settings",
    )
    assert {f"flowsync_tui.{name}" for name in late} & found <= {"flowsync_tui.settings"}


@pytest.mark.parametrize("command", ["status", "sync", "daemon", "demo"])
def test_other_commands_do_not_pay_for_it(command: str) -> None:
    found = imported(f"from flowsync.cli import main\ntry: main(['{command}', '--help'])\nexcept SystemExit: pass")
    assert not {name for name in found if name.partition(".")[0] in ("textual", "flowsync_tui")}


def test_without_a_terminal_it_says_what_to_use_instead() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flowsync", "tui"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "needs a terminal" in done.stderr and "flowsync status --json" in done.stderr
