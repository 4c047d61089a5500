"""``python -P -m flowsync_hooks NAME [ARGUMENTS]``: what the hooks call.

``-P`` matters: without it Python would import modules from the repository that is being committed to.
"""

import sys

from flowsync.errors import Exit, FlowsyncError


def main(arguments: list[str]) -> int:
    """Runs one hook; never a traceback for what a person can act on."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        return _run(name, rest)
    except FlowsyncError as error:
        hint = f" Try: {error.hint}." if error.hint else ""
        print(f"flowsync: {error.message}.{hint}", file=sys.stderr)
        return error.exit_code


def _run(name: str, rest: list[str]) -> int:
    if name in ("validate", "pre-commit"):
        from flowsync_hooks.validate import run
    elif name == "secrets":
        from flowsync_hooks.secrets import run
    elif name == "strip-outputs":
        from flowsync_hooks.strip import run
    elif name == "pre-push":
        from flowsync_hooks.ahead import run
    elif name == "nudge":
        from flowsync_hooks.nudge import run
    else:
        print(f"flowsync: there is no hook {name!r}", file=sys.stderr)
        return Exit.USAGE
    return run(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
