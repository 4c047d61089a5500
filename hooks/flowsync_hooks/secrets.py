"""Looks for keys and tokens in the files that a hook manager names, in flows or not."""

from pathlib import Path

from flowsync_hooks.skipping import skipped

ID = "flowsync-secrets"


def run(arguments: list[str]) -> int:
    """Searches; returns 1 if anything looks like a secret."""
    if skipped(ID):
        return 0
    from flowsync.core.check.files import is_env
    from flowsync.core.check.secrets import check_secrets
    from flowsync.core.check.subject import TOP, Subject
    from flowsync.validate.flows import CONFIG, Validated, settings_in
    from flowsync.validate.worktree import DiskFolder, top_of

    here = Path.cwd()
    config = (top_of(here) or here) / CONFIG
    settings = settings_in(config.read_bytes() if config.is_file() else None)
    subject = Subject(DiskFolder(here, "", arguments), settings)
    for path in sorted(subject.paths):
        if is_env(path):
            subject.report("FS602", path, TOP, "This is a file of environment variables.")
        elif subject.folder.size(path) <= settings.max_file_size:
            check_secrets(subject, path)
    findings = subject.kept()
    if not findings:
        return 0
    from flowsync.cli.findings import text
    from flowsync.cli.output import say

    say(text([Validated("", tuple(findings))]).rpartition("\n")[0])
    if not any(finding.severity == "error" for finding in findings):
        return 0
    print(
        f"flowsync: stopped. A false alarm? Write `# flowsync: ignore[FS601]` on its line. Once: SKIP={ID}", flush=True
    )
    return 1
