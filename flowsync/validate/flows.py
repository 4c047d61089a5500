"""A flow's findings, and the settings that a repository has for them."""

from collections.abc import Sequence
from typing import NamedTuple

from flowsync.core.check import Finding, Settings, check
from flowsync.core.check.folder import Folder
from flowsync.core.document import parse
from flowsync.core.rules import settings_from
from flowsync.errors import ConfigError

CONFIG = ".flowsync.yaml"


class Validated(NamedTuple):
    """One flow's findings. ``folder`` is the flow's folder from the top of what was looked at, ``""`` for the top."""

    folder: str
    findings: tuple[Finding, ...]

    def path(self, finding: Finding) -> str:
        """Returns a finding's path from the top."""
        return f"{self.folder}/{finding.path}" if self.folder else finding.path


def settings_in(content: bytes | None) -> Settings:
    """Returns the settings that a ``.flowsync.yaml`` holds; the defaults if there is none."""
    if content is None:
        return Settings()
    document = parse(content)
    for problem in document.problems:
        raise ConfigError(f"{CONFIG}:{problem.span.line}: {problem.message}")
    settings, mistakes = settings_from(document.root)
    for mistake in mistakes:
        raise ConfigError(f"{CONFIG}:{mistake.span.line}: {mistake.key}: {mistake.message}")
    return settings


def validated(folders: Sequence[tuple[str, Folder]], settings: Settings) -> list[Validated]:
    """Returns what there is to say about each flow."""
    return [Validated(name, tuple(check(folder, settings))) for name, folder in folders]
