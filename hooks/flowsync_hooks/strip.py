"""Takes what prompt flow and Python generate out of the commit; the files stay on the disk."""

from flowsync_hooks.skipping import skipped

ID = "flowsync-strip-outputs"


def run(arguments: list[str]) -> int:
    """Removes generated files from the index; returns 1 if there were any, so that the commit is looked at again."""
    if skipped(ID):
        return 0
    from flowsync.cli.output import plain, say
    from flowsync.core.check.files import is_generated
    from flowsync.validate.git import Asked

    generated = [file for file in arguments if is_generated(file)]
    if not generated:
        return 0
    tracked = Asked(["--literal-pathspecs", "ls-files", "--cached", "-z", "--", *generated]).names()
    if not tracked:
        return 0
    Asked(["--literal-pathspecs", "rm", "--cached", "--quiet", "--", *tracked]).answer()
    for path in tracked:
        say(f"{plain(path)}: taken out of the commit, left on the disk")
    say("flowsync: commit again. To keep such files out for good, list them in .gitignore:")
    say("    .promptflow/*  !.promptflow/flow.tools.json  .runs/  __pycache__/")
    return 1
