"""What the daemon does next. Pure: a situation in, a step or a time to sleep until out."""

from dataclasses import dataclass
from enum import Enum

NEVER = float("inf")


class Step(Enum):
    """What the engine can do."""

    JOB = "job"  # a person's command
    RUMOURS = "rumours"  # follow what was heard of this repository
    RETRY = "retry"  # flows that could not be finished
    LOOK = "look"  # at the share
    GLANCE = "glance"  # only at the names of its folders: is there a new flow?
    PROBE = "probe"  # does the share's host answer at all?
    CHECK = "check"  # the safety net: is everything still as the watcher made us believe?
    REST = "rest"  # close the connection that nobody used for a while


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision depends on; times are monotonic, NEVER is never."""

    jobs: int = 0
    rumours: float | None = None  # when what was heard is due
    retry: float = NEVER
    look: float = NEVER
    glance: float = NEVER
    backoff: float = 0.0  # no look and no retry before this
    affordable: float = 0.0  # no look before this
    probe: float = NEVER
    check: float = NEVER
    rest: float = NEVER
    paused: bool = False
    looks_stopped: bool = False  # on battery, a metered network


def next_step(at: Situation, now: float) -> Step | float:
    """Returns the step to take now, or the time until which there is none.

    Commands come first, then what the person did here, then what was left undone, then the share.
    """
    if at.jobs:
        return Step.JOB
    due = {Step.CHECK: at.check, Step.REST: at.rest}
    if not at.paused:
        # a paused daemon still hears: what was rumoured is followed when it goes on
        due[Step.RUMOURS] = NEVER if at.rumours is None else at.rumours
        due[Step.RETRY] = max(at.retry, at.backoff)
        due[Step.PROBE] = at.probe
        if not at.looks_stopped:
            due[Step.LOOK] = max(at.look, at.backoff, at.affordable)
            due[Step.GLANCE] = max(at.glance, at.backoff, at.affordable)
    ready = [step for step in Step if due.get(step, NEVER) <= now]
    return ready[0] if ready else min(due.values())
