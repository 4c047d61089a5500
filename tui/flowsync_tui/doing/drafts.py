"""Putting a flow of the branch up in Studio: a short form, what would happen, then the doing."""

from typing import TYPE_CHECKING

from flowsync_tui.doing.twins import answer, do
from flowsync_tui.view.action import spoken
from flowsync_tui.view.format import clean
from flowsync_tui.widgets.form import Field, Form

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

TYPES = ("standard", "evaluation", "chat")


async def new(app: "FlowsyncApp") -> None:
    """Asks for what a draft needs, shows the plan, and creates it."""
    flow = app.state.targets[0] if app.state.targets else ""
    fields = (
        Field("flow", "Flow (its folder's name on the branch)", flow, needed=True),
        Field("name", "Name in Studio", hint="empty: the flow's own"),
        Field("type", "Type", hint="standard, evaluation or chat; empty: standard"),
        Field("description", "Description", hint="may stay empty"),
    )
    told = await app.push_screen_wait(Form("New draft in Studio", fields))
    if told is None:
        return
    if told["type"] and told["type"] not in TYPES:
        app.toast(f"{told['type']!r} is no type of flow", f"one of {', '.join(TYPES)}", bad=True)
        return
    words = ["flowsync", "draft", "create"]
    for name in ("name", "type", "description"):
        words += [f"--{name}", told[name]] if told[name] else []
    words += _name(told["flow"])
    plan = await answer(app, words, ("--dry-run", "--json"))
    lines = [*_planned(plan), "", f"$ {spoken(words)}", "To take it back: flowsync draft archive hides it in Studio."]
    if await app.sure(f"Create {clean(told['name'] or told['flow'])} in Studio?", lines, "Create"):
        await do(app, words, told["flow"], "the draft is in Studio")


def _name(flow: str) -> list[str]:
    return ["--", flow] if flow.startswith("-") else [flow]


def _planned(plan: object) -> list[str]:
    """Returns what a plan for programs says, one line each; whatever its form is."""
    if not isinstance(plan, dict):
        return []
    found = []
    for name, value in plan.items():
        if name in ("version", "dry_run") or value in (None, "", [], {}):
            continue
        if isinstance(value, list):
            found.append(f"{name}: {len(value)}")
            found += [f"  {one if isinstance(one, str) else _short(one)}" for one in value[:8]]
        elif isinstance(value, dict):
            found.append(f"{name}: {_short(value)}")
        else:
            found.append(f"{name}: {value}")
    return found


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items() if isinstance(one, str | int) and one != "")
    return str(value)
