"""Takes the pictures of docs/images: every screen, before a real daemon over the demo's flows.

python tests/tui/pictures.py [NAME…]
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from flowsync_tui.app import FlowsyncApp
from flowsync_tui.options import Options
from tui.stage import WIDE, Acting

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CONFLICT = "ticket-triage"


async def main(on: Acting) -> None:
    await on.until(lambda: "conflict" in on.text and "data.jsonl" in on.text, "the conflict")


async def resolve(on: Acting) -> None:
    await main(on)
    await on.press("m")
    await on.until(lambda: "2 LOCAL" in on.text, "the sides")
    await on.press("2")
    await on.until(lambda: "picked LOCAL" in on.text, "the pick")


async def diff(on: Acting) -> None:
    await main(on)
    await on.press("d")
    await on.until(lambda: "patience_hours" in on.text, "the diff")


async def graph(on: Acting) -> None:
    await main(on)
    await on.press("f")
    await on.until(lambda: "rate_urgency" in on.text, "the graph")
    await on.press("j")


async def history(on: Acting) -> None:
    await main(on)
    await on.press("H")
    await on.until(lambda: "first seen in Studio" in on.text, "the history")


async def checks(on: Acting) -> None:
    await main(on)
    await on.press("slash", *"bakery", "enter", "v")
    await on.until(lambda: "worktree" in on.text and "checking" not in on.text.lower(), "the findings")


async def palette(on: Acting) -> None:
    await main(on)
    await on.press("colon", *"pa")
    await on.shows("Pause all")


async def help(on: Acting) -> None:
    await main(on)
    await on.press("question_mark")
    await on.shows("On this screen")


async def logs(on: Acting) -> None:
    await main(on)
    await on.press("L")
    await on.until(lambda: "serves" in on.text, "the log")


async def doctor(on: Acting) -> None:
    await main(on)
    await on.press("C")
    await on.until(lambda: "python" in on.text, "the report")


async def export(on: Acting) -> None:
    await main(on)
    await on.press("a", "x", "e")
    await on.until(lambda: "bakery-chat.zip" in on.text, "the plan")


async def runs(on: Acting) -> None:
    await on.until(lambda: "ticket-triage" in on.text, "the flow")
    await on.press("r")
    await on.until(lambda: "3 runs" in on.text, "the runs")
    await on.press("j", "enter")
    await on.until(lambda: "accuracy" in on.text, "the metrics")
    on.app.clear_notifications()


async def light(on: Acting) -> None:
    on.app.theme = "textual-light"
    await main(on)


async def contrast(on: Acting) -> None:
    on.app.theme = "flowsync-hc"
    await main(on)


SCENES: dict[str, Callable[[Acting], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (main, resolve, diff, graph, history, checks, palette, help, logs, doctor, export, light, contrast)
}
IN_A_WORKSPACE = {"runs": runs}  # scenes that the demo, which has none, cannot show


def flowsync(folder: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "flowsync", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def demo() -> Iterator[Path]:
    """The demo, with one flow that both sides changed, and its daemon."""
    with tempfile.TemporaryDirectory(prefix="demo") as top:
        os.environ.update(HOME=top, GIT_CONFIG_GLOBAL=f"{top}/gitconfig", XDG_STATE_HOME=top)
        Path(top, "gitconfig").write_text("[user]\n\tname = Anna\n\temail = anna@example.com\n")
        folder = Path(top, "demo")
        flowsync(Path(top), "demo", "demo")
        repo, studio = folder / "repo", next((folder / "share").rglob("promptflow"))
        try:
            name = f"{CONFLICT}/flow.dag.yaml"
            edit(studio / name, "patience_hours: 8", "patience_hours: 4")
            edit(repo / "flows" / name, "patience_hours: 8", "patience_hours: 12")
            subprocess.run(["git", "commit", "-qam", "Letters may wait for twelve hours"], cwd=repo, check=True)
            flowsync(repo, "daemon", "start")
            yield repo
        finally:
            flowsync(repo, "daemon", "stop")
            flowsync(Path(top), "demo", "--clean", "demo")


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """One of the demo's flows, linked to an emulated workspace in which it has been run."""
    from pytest import MonkeyPatch

    from studio.world import sign_in, unlinked_office
    from workspace import ALICE, workspace_emulator
    from world import Repo

    run_file = "flow: .\ndata: data.jsonl\ncolumn_mapping:\n  text: ${data.text}\ntags: {asked_by: anna}\n"
    with tempfile.TemporaryDirectory(prefix="demo") as top, MonkeyPatch.context() as patch:
        patch.setenv("HOME", top)
        patch.setenv("GIT_CONFIG_GLOBAL", f"{top}/gitconfig")
        Path(top, "gitconfig").write_text("[user]\n\tname = Anna\n\temail = anna@example.com\n")
        Path(top, "repo").mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main", "."], cwd=Path(top, "repo"), check=True)
        with workspace_emulator(Path(top)) as running:
            sign_in(patch, running, Path(top), ALICE)
            office = unlinked_office(Repo(Path(top, "repo")), running)
            office.ends(0, "init", "--share", f"{office.url}?user=alice")
            office.git("add", ".flowsync.yaml")
            office.git("commit", "--quiet", "-m", "Link to Studio")
            office.workspace.results = {"*": {"metrics": {"accuracy": 0.86, "cost_usd": 0.42, "latency_s": 1.9}}}
            office.commit_flow(CONFLICT, {"data.jsonl": '{"text": "a"}\n', "run.yml": run_file})
            office.draft("create", CONFLICT)
            for name, more in (("baseline", ()), ("eight-hours", ()), ("eight-hours-edited", ("--allow-dirty",))):
                office.workspace.run_statuses = []  # over at once
                if more:
                    office.write({f"flows/{CONFLICT}/echo.py": "# tried\n"})
                office.ends(0, "run", "submit", f"flows/{CONFLICT}/run.yml", "--name", name, *more)
            yield office.folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file} does not hold {old!r}"
    file.write_text(text.replace(old, new))


def picture(app: FlowsyncApp) -> str:
    """The screen as SVG, without fonts that a viewer would have to fetch."""
    svg = app.export_screenshot(title="flowsync tui", simplify=True)
    home = os.environ["HOME"]  # of the machine that takes the picture; what replaces it is as wide, so nothing moves
    svg = svg.replace(home, "/home/anna/studio".ljust(len(home), "-")[: len(home)])
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")


async def take(repo: Path, name: str) -> None:
    app = FlowsyncApp(Options(repo))
    async with app.run_test(size=WIDE) as pilot:
        await (SCENES | IN_A_WORKSPACE)[name](Acting(app, pilot))
        await pilot.pause(0.3)
        (IMAGES / f"{name}.svg").write_text(picture(app), encoding="utf-8")
    print(name)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    names = sys.argv[1:] or [*SCENES, *IN_A_WORKSPACE]
    for opened, scenes in ((demo, SCENES), (workspace, IN_A_WORKSPACE)):
        if wanted := [name for name in names if name in scenes]:
            with opened() as repository:
                for name in wanted:
                    asyncio.run(take(repository, name))
