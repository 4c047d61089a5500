"""What is shown where there is nothing to show: what it means, and the key that goes on."""

from flowsync_tui.view.format import clean
from flowsync_tui.view.state import Phase, State
from flowsync_tui.widgets.drawn import Piece

_DOCS = "docs/tui.md"


def nothing_here(state: State, pattern: str) -> list[Piece]:
    """Returns what is said in an empty list of flows, a sentence each."""
    if pattern and state.flows:
        return [(f"Nothing matches {clean(pattern)!r}.", "strong"), ("esc clears the filter", "quiet")]
    match state.phase:
        case Phase.CONNECTING:
            return [("Connecting…", "quiet")]
        case Phase.ABSENT:
            return [
                ("The daemon is not running.", "strong"),
                ("D starts it: it follows Studio and this repository, also when this window is closed", "plain"),
                ("L log · C doctor · q quit", "quiet"),
            ]
        case Phase.UNLINKED:
            return [
                ("This repository is not linked to Studio.", "strong"),
                ("i links it: the share's address, your folder, the branch", "plain"),
                ("or : and Demo opens a try-out that needs no Azure", "plain"),
                ("C doctor · q quit", "quiet"),
            ]
        case Phase.OUTSIDE:
            return [
                ("This is no Git repository.", "strong"),
                ("i makes one here and links it to Studio", "plain"),
                ("or : and Demo opens a try-out that needs no Azure", "plain"),
                ("q quit", "quiet"),
            ]
        case Phase.REFUSED:
            return [
                (clean(state.why), "bad"),
                (clean(state.hint), "plain"),
                (": Restart daemon · L log · q quit", "quiet"),
            ]
        case Phase.LOST:
            return [("The daemon does not answer.", "waits"), ("reconnecting · L log", "quiet")]
    if not state.known:
        return [("Looking where the flows stand…", "quiet")]
    return [
        ("No flow on either side yet.", "strong"),
        ("n new draft in Studio · x i import a ZIP · R look again", "plain"),
        (_DOCS, "quiet"),
    ]
