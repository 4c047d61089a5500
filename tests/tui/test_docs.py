"""docs/tui.md: its table of keys is the registry's. Run this file to write it anew."""

from pathlib import Path

from flowsync_tui.keymap import Keys
from flowsync_tui.view import actions
from flowsync_tui.view.action import EVERYWHERE, Level

PAGE = Path(__file__).parents[2] / "docs" / "tui.md"
BEGIN, END = "<!-- keys: written by tests/tui/test_docs.py -->\n", "<!-- end of keys -->\n"
_TITLES = {EVERYWHERE: "On every screen", "main": "Main screen"}
_ASKED = {Level.NONE: "", Level.ASK: " (asks)", Level.NAME: " (asks for the name)"}


def table() -> str:
    """Every action, screen by screen."""
    screens = dict.fromkeys(screen for action in actions.actions() for screen in action.screens)
    found = []
    for screen in screens:
        found.append(f"\n### {_TITLES.get(screen, screen.capitalize())}\n")
        found.append("| keys | does | id | on the command line |\n|---|---|---|---|")
        for action in actions.actions():
            if screen in action.screens:
                keys = ", ".join(f"`{key}`" for key in Keys().all_of(action).split(", ") if key) or "(palette)"
                twin = f"`{action.twin}`" if action.twin else ""
                does = f"{action.help}{_ASKED[action.level]}"
                found.append(f"| {keys.replace('|', '&#124;')} | {does} | `{action.id}` | {twin} |")
    return "\n".join(found) + "\n\n"


def test_the_page_has_the_keys_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == table(), "run: python tests/tui/test_docs.py"


def test_every_picture_that_the_page_shows_is_there() -> None:
    import re

    for name in re.findall(r"\]\((images/[^)]+)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / name).is_file(), name


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")
