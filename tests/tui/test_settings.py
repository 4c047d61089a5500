"""A person's settings: keys, theme; mistakes with their line."""

from pathlib import Path

import pytest

from flowsync_tui.settings import TEMPLATE, load, parse

from .stage import Acting, Stage


def test_what_it_says_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "tui.yaml"
    file.write_text("theme: flowsync-hc\nascii: yes\nkeys:\n  flow.sync: ctrl+y, f5\n  app.help: '?'\n")
    told = load(file)
    assert (told.theme, told.ascii, told.mistakes) == ("flowsync-hc", True, [])
    assert told.keys == {"flow.sync": "ctrl+y,f5", "app.help": "question_mark"}


def test_no_file_means_no_settings(tmp_path: Path) -> None:
    assert load(tmp_path / "tui.yaml").mistakes == []


def test_the_template_is_right_when_its_comments_are_taken_off() -> None:
    text = "\n".join(line.removeprefix("# ") for line in TEMPLATE.splitlines()[1:])
    assert parse(text, "tui.yaml").mistakes == []


def test_mistakes_have_their_line_and_leave_the_rest_alone() -> None:
    told = parse("theme: ansi-dark\ncolour: red\nascii: perhaps\nkeys:\n  flow.sink: x\n  flow.pull: g\n", "tui.yaml")
    assert told.theme == "ansi-dark"
    assert told.keys == {"flow.pull": "g"}
    assert [mistake.split(": ", 1)[0] for mistake in told.mistakes] == ["tui.yaml:2", "tui.yaml:3", "tui.yaml:4"]
    assert "line 5: there is no action 'flow.sink'" in told.mistakes[2]


def test_what_is_no_yaml_is_told_with_its_line() -> None:
    assert parse("theme: x\nkeys: [\n", "tui.yaml").mistakes[0].startswith("tui.yaml:3: ")
    assert parse("- a\n", "tui.yaml").mistakes[0].startswith("tui.yaml:1: ")


def test_a_moved_key_works_and_the_old_one_does_not(stage: Stage) -> None:
    assert stage.daemon is not None
    daemon = stage.daemon

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("s")
        await on.pilot.pause(0.1)
        assert not daemon.asked("command")
        assert "b Sync" in on.text
        await on.press("b")
        await on.until(lambda: daemon.asked("command"), "a command")

    stage.play(scenario, settings=parse("keys:\n  flow.sync: b\n", "tui.yaml"))


def test_mistakes_are_told_when_the_session_begins(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.shows("tui.yaml:1: there is no setting 'colour'")

    stage.play(scenario, settings=parse("colour: red\n", "tui.yaml"))


def test_the_settings_are_edited_and_taken_over(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor cannot get a terminal here: what is said instead names the file."""
    file = tmp_path / "tui.yaml"
    monkeypatch.setenv("EDITOR", "vi")

    async def scenario(on: Acting) -> None:
        await on.settled()
        on.app.do("app.settings")
        await on.shows("this terminal cannot be lent to an editor")
        assert file.read_text() == TEMPLATE

    stage.play(scenario, settings_file=file)


def test_what_is_saved_elsewhere_counts_at_once(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tui.yaml"
    file.write_text("keys:\n  flow.sync: b\n")

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.shows("b Sync")
        file.write_text("theme: flowsync-hc\nkeys:\n  flow.sync: ctrl+y\n")
        await on.shows("ctrl+y Sync")
        assert on.app.theme == "flowsync-hc"
        file.write_text("theme: flowsync-hc\nread_only: true\n")
        await on.shows("read-only")
        file.write_text("ascii: true\n")
        await on.until(lambda: on.text.isascii() and "s Sync" in on.text, "no sign beyond ASCII")
        await on.until(lambda: "read-only" not in on.text and on.app.theme != "flowsync-hc", "the rest to be forgotten")

    stage.play(scenario, settings=load(file), settings_file=file)


def test_mistakes_that_are_saved_are_told_and_lose_nothing(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tui.yaml"
    file.write_text("theme: flowsync-hc\nkeys:\n  flow.sync: b\n")

    async def scenario(on: Acting) -> None:
        await on.settled()
        file.write_text("theme: flowsync-hc\nkeys: [\n")
        await on.shows("tui.yaml:3: ")
        assert on.app.theme == "flowsync-hc"
        await on.shows("b Sync")
        file.write_text("theme: no-such\nascii: perhaps\nkeys:\n  flow.sync: b\n")
        await on.shows("there is no theme 'no-such'", "ascii is true or false")
        assert on.app.theme == "flowsync-hc"
        file.unlink()
        file.write_text("theme: textual-light\n")
        await on.until(lambda: on.app.theme == "textual-light", "the theme")
        await on.shows("s Sync")

    stage.play(scenario, settings=load(file), settings_file=file)
