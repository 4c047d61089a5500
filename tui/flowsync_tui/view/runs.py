"""A flow's runs in the cloud, as ``flowsync run list`` tells them: how each went, its commit, what it measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowsync_tui.view.format import clean
from flowsync_tui.view.state import moment

STYLES = {"Completed": "good", "Failed": "bad", "Canceled": "quiet", "CancelRequested": "waits"}
GLYPHS = {"Completed": "✓", "Failed": "✗", "Canceled": "-"}
_OURS = "flowsync."  # tags that say what a run's other fields say


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    name: str
    status: str
    commit: str
    dirty: bool
    created: float  # seconds since 1970, 0 if it is not known
    seconds: float  # that it ran, 0 if it has not
    owner: str
    tags: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    data: str = ""
    evaluates: str = ""
    url: str = ""

    @property
    def from_commit(self) -> str:
        """The commit it ran from, short; ``+`` says that something ran that is no commit."""
        return (self.commit[:8] + ("+" if self.dirty else "")) if self.commit else ""


def runs(said: Mapping[str, Any]) -> list[Run]:
    """Reads the command's answer, newest first as it comes."""
    return [_run(one) for one in said["runs"]]


def _run(one: Mapping[str, Any]) -> Run:
    begun, ended = moment(one.get("started")), moment(one.get("ended"))
    texts = {name: str(one.get(name) or "") for name in ("commit", "owner", "error", "data", "evaluates", "url")}
    return Run(
        name=str(one["name"]),
        status=str(one["status"]),
        dirty=bool(one.get("dirty")),
        created=moment(one.get("created")),
        seconds=max(0.0, ended - begun) if begun and ended else 0.0,
        tags={str(name): str(value) for name, value in (one.get("tags") or {}).items()},
        **texts,
    )


def about(run: Run, metrics: Mapping[str, Any] | None) -> list[str]:
    """Returns what is said about a run; ``metrics`` are None as long as nobody asked for them."""
    lines = [f"{run.name}  {run.status}" + (f"  {run.seconds:.0f} s" if run.seconds else "")]
    if run.commit:
        lines[0] += f"  commit {run.commit[:12]}" + (" and edits that were not committed" if run.dirty else "")
    own = [f"{name}={value}" for name, value in sorted(run.tags.items()) if not name.startswith(_OURS)]
    lines += [f"tags     {', '.join(own)}"] if own else []
    lines += [f"judges   {run.evaluates}"] if run.evaluates else []
    lines += [f"error    {run.error}"] if run.error else []
    if metrics is None:
        return [*map(clean, lines), "metrics  enter asks for them"]
    said = [f"{name} {_value(value)}" for name, value in sorted(metrics.items())]
    return [*map(clean, lines), "metrics  " + (clean("   ".join(said)) if said else "the flow logged none")]


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _value(value[-1]) if value else ""
    return f"{value:.4g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
