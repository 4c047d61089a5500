"""The first run: link a repository to Studio, commit the link, start the daemon; or play the demo."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsync_tui.doing.twins import TwinFailed, answer, do, run
from flowsync_tui.view.action import spoken
from flowsync_tui.view.format import clean, count
from flowsync_tui.view.state import Phase
from flowsync_tui.widgets.form import Field, Form
from flowsync_tui.widgets.picker import Item, Picker

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_TYPED, _DEMO = "typed", "demo"
_SCHEME = "azureml://"
_LINK = ".flowsync.yaml"


async def link(app: "FlowsyncApp") -> None:
    """Leads through linking: where the flows are, where they go, what will be written; then a first sync."""
    share = await _share(app)
    if not share:
        return
    fields = (
        Field("path", "Folder for the flows in this repository", "flows", needed=True),
        Field("branch", "Branch to sync with", hint="empty: the current one"),
        Field("mode", "Mode", "sync", "observe, pull, sync or live", needed=True),
    )
    told = await app.push_screen_wait(Form("Link this repository", fields, [f"Studio: {share}"]))
    if told is None:
        return
    words = ["flowsync", "init", "--share", share, "--path", told["path"], "--mode", told["mode"]]
    words += ["--branch", told["branch"]] if told["branch"] else []
    if app.state.phase is Phase.OUTSIDE and not await _repository(app):
        return
    plan = await answer(app, words, ("--dry-run", "--json"))
    if await app.sure("Link this repository to Studio?", _planned(plan, words), "Link"):
        await _linked(app, words)


def _planned(plan: dict[str, Any], words: list[str]) -> list[str]:
    flows = plan.get("flows") or []
    named = ", ".join(flows[:6]) + (f" and {len(flows) - 6} more" if len(flows) > 6 else "")
    return [
        f"Studio  {plan['share']}",
        f"        {count(len(flows), 'flow')}{': ' + named if named else ''}",
        f"here    {plan['path']}/ on branch {plan['branch']}",
        "",
        f"$ {spoken(words)}",
        f"$ git add {_LINK} && git commit -m 'Link to Studio'",
        "$ flowsync daemon start",
        f"To take it back: delete {_LINK}; Studio is not touched by linking.",
    ]


async def _linked(app: "FlowsyncApp", words: list[str]) -> None:
    done = await do(app, words, "", "linked")
    if done.code:
        return
    for command in (["git", "add", _LINK], ["git", "commit", "--quiet", "-m", "Link to Studio", "--", _LINK]):
        if (await do(app, command, "", "the link is committed")).code:
            return
    await do(app, ["flowsync", "daemon", "start"], "", "the daemon follows Studio from now on")
    app.bridge.hurry()


async def _repository(app: "FlowsyncApp") -> bool:
    """Makes a repository where there is none, if that is meant."""
    where = str(app.bridge.root)
    if not await app.sure("Make a Git repository here?", [where, "", "$ git init"], "Make it"):
        return False
    return (await do(app, ["git", "init", "--quiet"], "", f"{where} is a repository")).code == 0


async def _share(app: "FlowsyncApp") -> str:
    """Lets the place of the flows be chosen, or typed."""
    items = [
        Item(_SCHEME, "Azure ML workspace", "choose from those that your sign-in sees"),
        Item(_TYPED, "An address", "azfile://ACCOUNT/SHARE?user=NAME, or file:///mnt/…/promptflow"),
        Item(_DEMO, "Demo", "a loopback share with sample flows; no Azure"),
    ]
    chosen = await app.push_screen_wait(Picker("Where are the flows?", items))
    if chosen == _DEMO:
        await open_demo(app)
        return ""
    if chosen == _SCHEME and (found := await _workspace(app)):
        return found
    return await _typed(app) if chosen else ""


async def _typed(app: "FlowsyncApp") -> str:
    field = Field(
        "share", "Address of the folder that holds the flows", hint="azfile://ACCOUNT/SHARE?user=NAME", needed=True
    )
    told = await app.push_screen_wait(Form("Where are the flows?", [field]))
    return told["share"] if told else ""


async def _workspace(app: "FlowsyncApp") -> str:
    """Goes down from subscription to workspace to user, as ``flowsync init --choices`` lists them."""
    url = _SCHEME
    app.toast("asking Azure…")
    for _ in range(4):
        try:
            told = await answer(app, ["flowsync", "init", "--choices", url])
        except TwinFailed as failed:
            app.toast(failed.message, failed.hint or "type the address instead", bad=True)
            return ""
        kind = next((name for name, value in told.items() if isinstance(value, list)), "")
        items = _choices(url, told, kind)
        if not items:
            app.toast(f"there are no {kind or 'choices'} there: type the address instead")
            return ""
        if len(items) == 1 and kind == "subscriptions":
            url = items[0].id  # nothing to choose, as in flowsync init
            continue
        chosen = await app.push_screen_wait(Picker(kind.capitalize(), items))
        if not chosen or "?user=" in chosen:
            return chosen or ""
        url = chosen
    return url


def _choices(url: str, told: Mapping[str, Any], kind: str) -> list[Item]:
    """Returns what ``flowsync init --choices`` listed; of users first whoever is signed in."""
    found = told.get(kind) or []
    if kind == "users":
        mine, who = told.get("mine"), clean(str(told.get("signed_in_as") or ""))
        names = sorted(found, key=lambda name: name != mine)
        return [Item(f"{url}?user={name}", clean(name), f"you: {who}" if name == mine else "") for name in names]
    if kind == "workspaces":
        found = sorted(found, key=lambda one: (str(one["group"]).casefold(), str(one["name"]).casefold()))
        return [_item(one, f"in {one['group']}, {one['location']}") for one in found]
    return [_item(one, str(one["url"])) for one in found]


def _item(one: Mapping[str, Any], more: str) -> Item:
    return Item(str(one["url"]), clean(str(one["name"])), clean(more))


async def open_demo(app: "FlowsyncApp") -> None:
    """Plays the demo in a new folder, starts its daemon, and moves there."""
    folder = _free(app.options.start)
    words = ["flowsync", "demo", str(folder)]
    lines = ["A loopback share with three flows, and a repository linked to it:", f"  {folder}", "",
             f"$ {spoken(words)}", f"To take it back: flowsync demo --clean {folder}"]  # fmt: skip
    if not await app.sure("Open a demo?", lines, "Open it"):
        return
    app.toast("preparing the demo: a few seconds…")
    done = await do(app, words, "", f"the demo is in {folder}")
    if done.code:
        return
    app.bridge.move(folder / "repo")
    await run(app, ["flowsync", "daemon", "start"])
    app.bridge.hurry()


def _free(start: Path) -> Path:
    """Returns a folder for the demo that does not exist; never inside of a repository."""
    from flowsync.daemon.place import find

    place = find(start)
    above = place.root.parent if place else start
    for number in range(1, 100):
        folder = above / ("flowsync-demo" if number == 1 else f"flowsync-demo-{number}")
        if not folder.exists():
            return folder
    return above / "flowsync-demo"
