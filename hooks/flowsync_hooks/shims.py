"""The shell scripts that Git runs for us.

A shim starts the interpreter that installed it, because a graphical Git client has a bare PATH and no virtual
environment; if that interpreter is gone, whatever ``flowsync`` is on the PATH; else it says what to do. What was there
before runs first, with the same arguments and the same standard input.
"""

import shlex

MARK = "# flowsync-hook 1"
EVENTS = ("pre-commit", "post-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push")
BEFORE = ".flowsync-before"  # the suffix under which the hook that was there waits

_WITH_INPUT = ("pre-push", "post-rewrite")
_GUARDS = ("pre-commit", "pre-push")  # all others only tell the daemon

_HEAD = """\
#!/bin/sh
{mark}, {event}: `flowsync hooks uninstall` takes it away
PYTHON={python}
before="$0{suffix}"
"""

_BEFORE = """\
if [ -x "$before" ]; then "$before" "$@" || exit; fi
"""

_BEFORE_WITH_INPUT = """\
if [ -x "$before" ]; then
  input=$(cat; printf x)
  printf %s "${input%x}" | "$before" "$@" || exit
fi
"""

_GUARD = """\
if [ -x "$PYTHON" ]; then exec "$PYTHON" -E -P -m flowsync_hooks {event} "$@"; fi
if command -v flowsync >/dev/null 2>&1; then exec flowsync hooks run {event} "$@"; fi
echo "flowsync is gone from $PYTHON, and it is not on PATH." >&2
echo "Install it and run: flowsync hooks install. Or remove this hook: $0" >&2
exit {missing}
"""

_NUDGE = """\
common=$(git rev-parse --git-common-dir) || exit 0
if [ -e "$common/flowsync/daemon.json" ] && [ -x "$PYTHON" ]; then
  "$PYTHON" -E -P -m flowsync_hooks nudge {event} </dev/null >/dev/null 2>&1 &
fi
exit 0
"""


def shim(event: str, python: str) -> bytes:
    """Returns the script for one event; ``python`` is the interpreter that has flowsync."""
    before = _BEFORE_WITH_INPUT if event in _WITH_INPUT else _BEFORE
    # Without flowsync a commit is stopped, since its check cannot be made; a push is not: its check only warns.
    after = _GUARD if event in _GUARDS else _NUDGE
    head = _HEAD.format(mark=MARK, event=event, python=shlex.quote(python), suffix=BEFORE)
    missing = 1 if event == "pre-commit" else 0
    return (head + before + after.format(event=event, missing=missing)).encode("utf-8", "surrogateescape")


def is_ours(content: bytes) -> bool:
    """Tells whether a hook is one of our shims."""
    return MARK.encode() in content[:200]
