"""Fetch, pull, push and sync: the order in which the steps run, under the lock."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from flowsync.core.plan import BOTH, TO_PUSH, Hold, State
from flowsync.core.tree import FlowName
from flowsync.errors import ShareError, UsageError
from flowsync.share.base import Share
from flowsync.sync.alone import alone
from flowsync.sync.brakes import halt_at_another_share, halt_at_skewed_clocks
from flowsync.sync.holds import Consent
from flowsync.sync.land import land
from flowsync.sync.leases import follow, give_back
from flowsync.sync.link import Link
from flowsync.sync.observe import Seeing, observe
from flowsync.sync.push import push
from flowsync.sync.record import record
from flowsync.sync.renames import in_git, in_studio, touched
from flowsync.sync.result import Did, Result, behind, problem_result
from flowsync.sync.scan import NAME
from flowsync.sync.shares import open_share
from flowsync.sync.stamping import stamp
from flowsync.sync.survey import Survey, survey

_NOT_YET = BOTH | {State.PROBLEM}  # has something to push that something else has to come before
_ROUNDS = 3  # a push that lost a race looks again and plans again, this often


class Conductor:
    """Runs fetch, pull, push and sync over a link. The share is opened when it is first needed, under the lock."""

    def __init__(
        self,
        link: Link,
        environ: Mapping[str, str] | None = None,
        concurrency: int = 16,
        opener: Callable[[], Share] | None = None,
    ) -> None:
        """``opener`` stands in for opening the share that the link names; the daemon keeps its connection."""
        self._link = link
        self._opener = opener
        self._environ = os.environ if environ is None else environ
        self._concurrency = concurrency

    def fetch(self, flows: Sequence[str] = (), consent: Consent | None = None) -> list[Result]:
        """Moves the tracking refs to what the share holds; touches neither branch nor worktree."""
        with self._at_work() as share:
            results = self._fetch(share, frozenset(map(FlowName, flows)), consent or Consent())
        self._tidy(results)
        return results

    def pull(self, flows: Sequence[str] = (), consent: Consent | None = None) -> list[Result]:
        """Fetches, and lands Studio's edits on the branch."""
        with self._at_work() as share:
            chosen = frozenset(map(FlowName, flows))
            fetched = self._fetch(share, chosen, consent or Consent())
            seen = _without_failed(self._link, survey(self._link), fetched)
            results = _together(fetched, land(self._link, seen, chosen, consent or Consent()))
        self._tidy(results)
        return results

    def push(self, flows: Sequence[str] = (), consent: Consent | None = None) -> list[Result]:
        """Writes the branch's edits to the share, after a look at the flows that it is about."""
        with self._at_work() as share:
            chosen, allowed = frozenset(map(FlowName, flows)), consent or Consent()
            seen, ahead = self._ahead(chosen)
            if not ahead:
                return []
            # what the look leaves as it was needs no second survey
            known = self._link.cache.observations(self._link.remote.name)
            unfinished = any(True for _ in self._link.journal.unfinished())
            fetched = self._fetch(share, ahead, allowed)
            if fetched or unfinished or self._link.cache.observations(self._link.remote.name) != known:
                seen = _without_failed(self._link, survey(self._link), fetched)
            late = [behind(flow) for flow in sorted(ahead) if flow in seen.flows and _needs_pull(seen, flow)]
            results = _together(_only_trouble(fetched), late, push(self._link, share, seen, ahead, allowed))
        stamp(self._link, self._environ, results)
        return results

    def sync(self, flows: Sequence[str] = (), consent: Consent | None = None) -> list[Result]:
        """Pulls, then pushes; looks and plans again for flows whose push lost a race."""
        with self._at_work() as share:
            chosen, allowed = frozenset(map(FlowName, flows)), consent or Consent()
            results: list[Result] = []
            for _ in range(_ROUNDS):
                settled = [result for result in results if result.did is not Did.STALE]
                results = _together(settled, self._round(share, chosen, allowed))
                chosen = frozenset(result.flow for result in results if result.did is Did.STALE)
                if not chosen:
                    break
        self._tidy(results)
        stamp(self._link, self._environ, results)
        return results

    def _tidy(self, results: Sequence[Result]) -> None:
        if any(one.commit for one in results):
            self._link.repo.maintain()

    def _round(self, share: Share, chosen: frozenset[FlowName], consent: Consent) -> list[Result]:
        fetched = self._fetch(share, chosen, consent)
        landed = land(self._link, _without_failed(self._link, survey(self._link), fetched), chosen, consent)
        # compared again even if nothing has landed: a person may have moved the branch meanwhile
        pushed = push(self._link, share, _without_failed(self._link, survey(self._link), fetched), chosen, consent)
        return _together(fetched, landed, pushed)

    def _fetch(self, share: Share, chosen: frozenset[FlowName], consent: Consent) -> list[Result]:
        """Looks at the share and records it; the flows' own failures are results, the share's are raised."""
        link = self._link
        left = give_back(link, share, chosen)
        seeing = observe(link, share, chosen, bool(consent.deletes))
        follow(link, share, left, seeing, whole=not chosen)
        halt_at_skewed_clocks(link, share)
        halt_at_another_share(link, share, seeing)
        for flow in filter(link.chosen(chosen), link.cache.observed(link.remote.name)):
            if flow not in seeing:  # never taken in, and gone by now
                link.cache.observe(link.remote.name, flow, None)
        if unknown := chosen - seeing.keys():
            self._refuse(unknown - survey(link).flows.keys())
        moved = record(link, seeing)
        if not chosen:
            link.cache.looked(link.remote.name, link.now().isoformat(timespec="seconds"), link.remote.share)
        results = [Result(flow, Did.FETCHED, commit=sha) for flow, sha in moved.items()]
        return results + [result for flow, seen in seeing.items() if (result := _trouble(flow, seen))]

    def _ahead(self, chosen: frozenset[FlowName]) -> tuple[Survey, frozenset[FlowName]]:
        """Returns a survey, and the flows that a push is about: those with something to push, or named."""
        seen = survey(self._link)
        self._refuse(chosen - seen.flows.keys())
        unfinished = frozenset(flow for flow, _ in self._link.journal.unfinished())
        ahead = unfinished | {flow for flow, one in seen.flows.items() if one.state in TO_PUSH | _NOT_YET}
        return seen, chosen or ahead

    @staticmethod
    def _refuse(unknown: frozenset[FlowName]) -> None:
        if unknown:
            raise UsageError(f"no flow is called {', '.join(sorted(unknown))}", "flowsync status --fetch")

    @contextmanager
    def _at_work(self) -> Iterator[Share]:
        """Opens the share for the one flowsync that may work in this repository at a time."""
        with alone(self._link), self._open() as share:
            yield share

    def _open(self) -> Share:
        if self._opener:
            return self._opener()
        link = self._link
        return open_share(link.remote, self._environ, link.repo.state_dir, concurrency=self._concurrency)


def _trouble(flow: FlowName, seen: Seeing | ShareError) -> Result | None:
    if isinstance(seen, ShareError):
        return Result(flow, Did.FAILED, hold=Hold(seen.message, seen.hint))
    if problem := seen.scan.problems.get(NAME):
        return problem_result(flow, {NAME: problem})
    return Result(flow, Did.HELD, hold=seen.hold) if seen.hold else None


def _without_failed(link: Link, seen: Survey, fetched: Sequence[Result]) -> Survey:
    """Returns the survey without the flows that could not be looked at just now: nothing is done from memory.

    A flow that was renamed goes with its other name: alone, the new one would be written whole, and the old one stay.
    """
    failed = frozenset(result.flow for result in fetched if result.did is Did.FAILED)
    if failed:
        for renames in (in_git, in_studio):
            failed = touched(renames(link, seen.tip, seen.flows.values()), failed)[1]
    flows = {flow: standing for flow, standing in seen.flows.items() if flow not in failed}
    return dataclasses.replace(seen, flows=flows)


def _only_trouble(results: Sequence[Result]) -> list[Result]:
    return [result for result in results if result.did is not Did.FETCHED]


def _needs_pull(seen: Survey, flow: FlowName) -> bool:
    state = seen.flows[flow].state
    return state.value in ("diverged", "conflict", "studio-ahead")


def _together(*steps: Sequence[Result]) -> list[Result]:
    """Returns all that happened to each flow, once; that it was fetched is told only if nothing followed from it."""
    every = list({(result.flow, result.did): result for results in steps for result in results}.values())
    more = {result.flow for result in every if result.did is not Did.FETCHED}
    return [result for result in every if result.did is not Did.FETCHED or result.flow not in more]
