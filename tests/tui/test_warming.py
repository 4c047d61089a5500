"""What keys open is imported before they are pressed: asked of a session in an interpreter of its own."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
SESSION = """
import sys
from flowsync_tui.warming import LATE
from tui.flow_app import FlowStage, on_stage
from tui.triage import triage

OPENED = {"d": "answer.py   +1", "f": "2 nodes", "H": "node rerank", "v": "worktree", "m": "resolve 1 of 2", "L": "Log",
          "colon": "Commands"}

async def work(stage: FlowStage) -> None:
    await stage.until(lambda: LATE[-1] in sys.modules, "the last of them")
    before = set(sys.modules)
    for key, shows in OPENED.items():
        await stage.press(key, sees=shows)
        await stage.press("escape")
        await stage.until(lambda: "[1] Flows" in stage.text, "the main screen")
    late = {name for name in set(sys.modules) - before if not name.startswith("encodings")}
    print(*sorted(late), sep="\\n")

on_stage(work, triage())
"""


def test_no_key_waits_for_an_import() -> None:
    done = subprocess.run([sys.executable, "-c", SESSION], cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_every_name_is_that_of_a_module() -> None:
    """A name that cannot be imported is passed over in a session: here it is not."""
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from importlib import import_module\nfrom flowsync_tui.warming import LATE\n"
            "for name in LATE: import_module(name)",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
