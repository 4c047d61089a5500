"""The actions of every screen, and of the main one."""

from flowsync_tui.view import guards
from flowsync_tui.view.action import EVERYWHERE, Action, Level

_ALL = (EVERYWHERE,)
_MAIN = ("main",)
_OPENS = ("main", "diff", "graph", "history", "checks", "runs", "import")  # where Enter opens what is selected
_SYNC, _LOOK, _MOVE, _MORE, _COPY, _MODE = "Sync", "Look", "Move", "More", "Copy", "Mode"

GENERAL = (
    Action("app.palette", "colon,ctrl+p", _ALL, "Commands", "find a command by name", hint=91),
    Action("app.help", "question_mark,f1", _ALL, "Help", "what can be done here, with its keys", hint=92),
    Action("app.back", "escape", _ALL, "Back", "go back, or clear the filter and the marks"),
    Action("app.quit", "q", _ALL, "Quit", "leave; the daemon goes on"),
    Action("app.suspend", "ctrl+z", _ALL, "To the shell", "put this into the background; fg brings it back"),
    Action("app.redraw", "ctrl+l", _ALL, "Redraw", "draw the screen anew"),
    Action("app.screenshot", "f12", _ALL, "Screenshot", "save the screen as SVG"),
    Action("app.lock", "", _ALL, "Lock", "refuse all that writes, or allow it again"),
    Action("app.theme", "", _ALL, "Theme", "choose other colours"),
    Action("app.settings", "", _ALL, "Settings", "edit keys, theme and the like in your editor"),
    Action("app.demo", "", _ALL, "Demo", "open a try-out on a loopback share", twin="flowsync demo"),
)
MOVES = (
    Action("list.down", "j,down", _ALL, "Down", "one row down", group=_MOVE),
    Action("list.up", "k,up", _ALL, "Up", "one row up", group=_MOVE),
    Action("list.top", "g,home", _ALL, "Top", "to the first row", group=_MOVE),
    Action("list.bottom", "G,end", _ALL, "Bottom", "to the last row", group=_MOVE),
    Action("list.page_down", "ctrl+d,pagedown", _ALL, "Page down", "a page down", group=_MOVE),
    Action("list.page_up", "ctrl+u,pageup", _ALL, "Page up", "a page up", group=_MOVE),
    Action("list.left", "h,left", _ALL, "Left", "to the left: the panel, tab or node there", group=_MOVE),
    Action("list.right", "l,right", _ALL, "Right", "to the right: the panel, tab or node there", group=_MOVE),
    Action("list.open", "enter", _OPENS, "Open", "open what is selected", group=_MOVE, hint=1),
    Action("panel.next", "tab", _ALL, "Next panel", "go to the next panel", group=_MOVE),
    Action("panel.previous", "shift+tab", _ALL, "Previous panel", "go to the panel before", group=_MOVE),
)
LIST = (
    Action("panel.flows", "1", _MAIN, "Flows", "go to the list of flows", group=_MOVE),
    Action("panel.detail", "2", _MAIN, "Flow", "go to the flow's panel", group=_MOVE),
    Action("panel.activity", "3", _MAIN, "Activity", "go to what flowsync did", group=_MOVE),
    Action("panel.zoom", "+", _MAIN, "Zoom", "give the panel the whole screen, or take that back", group=_MOVE),
    Action("flow.mark", "space", _MAIN, "Mark", "mark the flow, to act on several", group=_LOOK),
    Action("flow.mark_all", "a", _MAIN, "Mark all", "mark every flow that is listed, or none", group=_LOOK),
    Action("list.filter", "slash", _MAIN, "Filter", "list only what matches; !word lists what does not", hint=90),
    Action("list.sort", "S", _MAIN, "Sort", "by attention, name, last change", group=_LOOK),
)
FLOW = (
    Action("flow.sync", "s", _MAIN, "Sync", "take both sides' edits to the other side", Level.NONE,
           "flowsync sync {flows}", guards.live_flows, True, 4, _SYNC),
    Action("flow.pull", "p", _MAIN, "Pull", "land Studio's edits on the branch", Level.NONE, "flowsync pull {flows}",
           guards.live_flows, True, 0, _SYNC),
    Action("flow.push", "P", _MAIN, "Push", "write the branch's edits to Studio", Level.NONE, "flowsync push {flows}",
           guards.live_flows, True, 0, _SYNC),
    Action("all.fetch", "R", _MAIN, "Refresh", "look at Studio again", Level.NONE, "flowsync fetch", guards.live,
           False, 0, _SYNC),
    Action("all.sync", "A", _MAIN, "Sync all", "take every edit to the other side", Level.NONE, "flowsync sync",
           guards.live, True, 0, _SYNC),
    Action("flow.pause", "t", _MAIN, "Pause", "let the flow rest in the background, or go on", Level.NONE,
           "flowsync pause {flows}", guards.live_flows, True, 7, _SYNC),
    Action("all.pause", "T", _MAIN, "Pause all", "let background sync rest, or go on", Level.NONE, "flowsync pause",
           guards.live, True, 0, _SYNC),
    Action("all.cancel", "K", _MAIN, "Cancel", "end what is under way", Level.NONE, "", guards.under_way, False, 0,
           _SYNC),
    Action("flow.undo", "z", _MAIN, "Undo", "take the last action back, where Git allows", Level.ASK, writes=True,
           group=_SYNC),
    Action("flow.accept_deletes", "x A", _MAIN, "Accept deletes",
           "release the brake: what is gone here goes there, too", Level.NAME,
           "flowsync sync --accept-deletes {flow}", guards.braked, True, 0, _MORE),
    Action("flow.diff", "d", _MAIN, "Diff", "what differs between the sides", Level.NONE, "flowsync diff {flow}",
           guards.live_flow, False, 3, _LOOK),
    Action("flow.graph", "f", _MAIN, "Graph", "the flow's graph", Level.NONE, "flowsync diff --graph {flow}",
           guards.live_flow, False, 0, _LOOK),
    Action("flow.history", "H", _MAIN, "History", "Studio's saves and commits in one line", Level.NONE,
           "flowsync log {flow}", guards.live_flow, False, 5, _LOOK),
    Action("flow.checks", "v", _MAIN, "Checks", "what validation finds", Level.NONE, "flowsync validate {folder}",
           guards.live_flow, False, 6, _LOOK),
    Action("flow.runs", "r", _MAIN, "Runs", "the flow's runs in the cloud, with their commits", Level.NONE,
           "flowsync run list --all --flow {flow}", guards.linked_flow, False, 0, _LOOK),
    Action("flow.resolve", "m", _MAIN, "Resolve", "settle a conflict", Level.NONE, "flowsync resolve {flow} --tool",
           guards.conflict, False, 2, _SYNC),
    Action("flow.edit", "e", _MAIN, "Edit", "open the flow in your editor", Level.NONE, "", guards.live_flow, False,
           0, _LOOK),
    Action("flow.folder", "E", _MAIN, "Folder", "open the flow's folder", enabled=guards.live_flow, group=_LOOK),
    Action("flow.studio", "o", _MAIN, "Studio", "open the flow in Studio", Level.NONE, "flowsync draft open {flow}",
           guards.in_studio, False, 0, _LOOK),
    Action("flow.new", "n", _MAIN, "New draft", "put a new flow up in Studio", Level.NONE,
           "flowsync draft create {flow}", guards.live, True, 0, _MORE),
)  # fmt: skip
MENUS = (
    Action("flow.export", "x e", _MAIN, "Export", "flows as ZIP archives", Level.NONE,
           "flowsync export {flows}", guards.each(guards.linked, guards.chosen), False, 0, _MORE),
    Action("flow.import", "x i", _MAIN, "Import", "take in a ZIP of a flow", Level.ASK,
           "flowsync import {archive}", guards.linked, True, 0, _MORE),
    Action("flow.restore", "x r", _MAIN, "Restore", "bring the flow back as it once was: a new commit", Level.ASK,
           "flowsync restore --at {commit} {flow}", guards.linked_flow, True, 0, _MORE),
    Action("flow.discard", "x d", _MAIN, "Discard", "drop the flow's uncommitted edits; a commit keeps them", Level.ASK,
           "flowsync discard {flow}", guards.dirty, True, 0, _MORE),
    Action("copy.name", "y n", _MAIN, "Name", "copy the flow's name", enabled=guards.chosen, group=_COPY),
    Action("copy.path", "y p", _MAIN, "Path", "copy the path of its folder", enabled=guards.live_flow, group=_COPY),
    Action("copy.link", "y u", _MAIN, "Studio's link", "copy the flow's address in Studio", Level.NONE,
           "flowsync draft open --print {flow}", guards.in_studio, False, 0, _COPY),
    Action("copy.commit", "y c", _MAIN, "Commit", "copy the id of its last commit", enabled=guards.chosen, group=_COPY),
    Action("copy.twin", "y t", _MAIN, "Command", "copy the last command line of Activity", group=_COPY),
    *(
        Action(f"mode.{mode}", f"M {key}", _MAIN, mode, help, Level.NONE,
               f"flowsync daemon mode {mode} {{flows}}", guards.live, True, 0, _MODE)
        for mode, key, help in (
            ("observe", "o", "only look at Studio"),
            ("pull", "p", "land Studio's edits by itself"),
            ("sync", "s", "both ways; the unit is the commit"),
            ("live", "l", "as sync, and saved edits become commits"),
            ("configured", "c", "as .flowsync.yaml says"),
        )
    ),
)  # fmt: skip
OPENERS = (
    Action("app.logs", "L", _MAIN, "Logs", "the daemon's log", Level.NONE,
           "flowsync daemon logs", guards.linked, group=_LOOK),
    Action("app.doctor", "C", _MAIN, "Doctor", "what is wrong, and how to fix it", Level.NONE,
           "flowsync doctor", group=_LOOK),
    Action("app.setup", "i", _MAIN, "Link", "link this repository to Studio", Level.NONE,
           "flowsync init --share {share}", guards.unlinked, True, 2, _MORE),
    Action("daemon.start", "D", _MAIN, "Start daemon", "sync in the background", Level.NONE,
           "flowsync daemon start", guards.absent, True, 2, _SYNC),
    Action("daemon.stop", "", _MAIN, "Stop daemon", "no more background sync", Level.ASK,
           "flowsync daemon stop", guards.running, True, 0, _SYNC),
    Action("daemon.restart", "", _MAIN, "Restart daemon", "stop and start background sync", Level.ASK,
           "flowsync daemon restart", guards.running, True, 0, _SYNC),
)  # fmt: skip
ACTIONS = (*GENERAL, *MOVES, *LIST, *FLOW, *MENUS, *OPENERS)
