# ruff: noqa: E501 (a mutant is one line)
"""The rules' code, broken on purpose: each mutant changes a few words in a copy of the package, and a named test fails.

The table is the record of what was broken to see. That every line of it still fits the code is checked always; the
mutants themselves run with ``--slow``.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutant:
    """Words in a file of the package, what stands there instead, and the tests (a ``-k`` expression) that fail."""

    says: str
    file: str
    old: str
    new: str
    caught_by: str


def mutants(*rows: tuple[str, str, str, str, str]) -> dict[str, Mutant]:
    return {row[0]: Mutant(*row) for row in rows}


MUTANTS = mutants(
    # 1. The share is a Git remote whose branches are flows.
    ("1: refs where git does not look", "sync/link.py", 'f"refs/remotes/{', 'f"refs/elsewhere/{', "test_rule_1"),
    # 2. Overlay snapshots.
    ("2: the share's tree alone", "sync/snapshot.py", "with_folder(objects.commit(parent).tree if parent else None,", "with_folder(None,", "test_rule_2"),
    ("2: never-syncing files dropped", "sync/snapshot.py", "_fitting(staying(link, beside), wanted.keys())", "()", "test_rule_2"),
    ("2: built on the last look", "sync/record.py", "parent = here.tip if same_here else tracking", "parent = tracking", "test_rule_2"),
    # 3. Linear unless both edited.
    ("3: a merge for every edit", "sync/land.py", "if standing.state in BOTH else self._replay(standing, tip)", "", "test_rule_3_an_edit"),
    ("3: nothing is adopted", "sync/record.py", "if taken and _holds(link, taken.tree, files):", "if False:", "test_rule_3_linking or test_rule_3_an_older"),
    ("3: no older commit is adopted", "sync/record.py", "_adopted(link, here.tip, flow, files) if local else None", "None", "test_rule_3_an_older"),
    ("3: somebody else is the author", "sync/record.py", "link.remote.author or link.owner", '"someone"', "test_rule_3_an_edit"),
    # 4. One flow's trouble never blocks another's.
    ("4: a flow that fails ends the run", "sync/conductor.py", "return Result(flow, Did.FAILED,", "raise seen; return Result(flow, Did.FAILED,", "page_2"),
    ("4: a refused landing holds all", "sync/land.py", "left, size = still, max(1, size // 2)", "left, size = [], 1", "test_rule_8"),
    ("4: a failing merge ends the run", "sync/land.py", "except RepositoryError as error:  # a merge", "except ZeroDivisionError as error:  # a merge", "nobody_has_to_have_a_name"),
    ("4: a commit meanwhile holds all", "sync/land.py", "return True, [one for one in left if", "return True, [one for one in left if not left and", "all_the_while"),
    # 5. Base moves last, per acknowledged file.
    ("5: base moves by all that was planned", "sync/push.py", "advance(link, one.flow, one.done)", "advance(link, one.flow, {p: one.content(p) for p in one.changes})", "test_rule_5_base"),
    ("5: fetch moves the base", "sync/record.py", "base = new if is_base else", "base = new if new else", "test_rule_5_fetch"),
    ("5: no journal", "sync/push.py", "link.journal.begin(intents)", "pass", "killed_at_any"),
    ("5: leases of the dead stay", "sync/leases.py", "if left or owed:\n        share.release", "if False:\n        share.release", "killed_at_any"),
    # 6. Nothing that flowsync has seen or replaces is ever lost.
    ("6: nothing is kept", "sync/bases.py", "if old is None or (new is not None", "if True or (new is not None", "test_rule_6 or stays_reachable"),
    ("6: a squashed push is forgotten", "sync/land.py", "if _parted(link, saves, self._first) else []", "if False else []", "stays_reachable"),
    # 7. A push never overwrites what it has not seen.
    ("7: the lease is taken, nothing compared", "share/guard.py", "if isinstance(found, Version) and found == item.expect:\n        outcome", "if isinstance(found, Version):\n        outcome", "a_save_that_races"),
    ("7: an unknown base is the branch's tip", "sync/record.py", "parent = here.tip if local is None else _before(link, here.tip, flow)", "parent = here.tip", "test_rule_7_what_is_not_known"),
    ("7: stale is taken for done", "sync/push.py", "if isinstance(outcome, Written | Removed):", "if isinstance(outcome, Written | Removed | Stale):", "test_rule_7_a_save"),
    # 8. Uncommitted work is never touched.
    ("8: ignored files are expendable", "repo/worktree.py", '"--no-overwrite-ignore", ', "", "an_ignored_file_in_the_way"),
    ("8: uncommitted edits hold nothing", "sync/holds.py", "if hold := self.uncommitted(flow) or self.unsettled(flow):", "if hold := self.unsettled(flow):", "uncommitted_edits_hold"),
    ("8: edits are stashed away", "repo/worktree.py", '"--no-autostash", "--no-over', '"--autostash", "--no-over', "test_edits_in_the_way"),
    # 9. The worktree belongs to Git.
    ("9: the branch moves without its worktree", "repo/worktree.py", "at = self.checkout(branch)\n        if at is None:", "at = self.checkout(branch)\n        if True:", "test_rule_9"),
    ("9: landing while git is busy", "sync/holds.py", "if self.busy:\n            return self.busy", "if False:\n            return self.busy", "git_is_busy"),
    ("9: pushing while git is busy", "sync/holds.py", "return self.busy or self.unsettled(standing.flow)", "return self.unsettled(standing.flow)", "git_is_busy"),
    ("9: a rebase detaches, so nobody minds", "repo/worktree.py", "if any(line in wanted for line in lines):", "if False:", "git_is_busy and rebasing"),
    ("9: pre-commit's stash is not seen", "repo/worktree.py", "return _edits_put_away()", "return None", "pre_commit_at_work"),
    ("9: a merge is not seen", "repo/worktree.py", '"MERGE_HEAD": (', '"MERGE_HEAD_": (', "merging"),
    ("9: a lock is not seen", "repo/worktree.py", '"index.lock": (', '"index.lock_": (', "index_locked"),
    ("9: a commit while landing is undone", "sync/land.py", "if all(self._same(flow, before, now) for flow in self._names(one))", "if True", "a_commit_while_landing"),
    ("9: what was saved since the look is gone", "repo/exchange.py", "if not self._is_committed(taken, one) or look(taken, follow=False)", "if False and look(taken)", "a_save_at_any_moment"),
    ("9: what was saved to its place is gone", "repo/exchange.py", 'os.link(self._aside / "new" / one.path, place, follow_symlinks=False)', 'os.replace(self._aside / "new" / one.path, place)', "a_save_at_any_moment"),
    ("9: what was saved to a new file is taken back", "repo/exchange.py", "if one.new != ABSENT and os.path.lexists(gone) and", "if False and", "a_save_and_a_commit"),
    ("9: a landing that died is not ended", "repo/worktree.py", "            landing.end()\n", "            pass\n", "killed_at_any_moment"),
    ("9: that the branch moved is seen too late", "repo/landing.py", "            self._look_again()\n            self._exchange", "            self._exchange", "a_commit_at_any_moment"),
    ("9: the index follows the branch", "repo/landing.py", "            self._index_goes(forward=True)\n            move()\n", "            move()\n", "who_sees_the_new_commit"),
    ("9: the index does not go back", "repo/landing.py", "elif (before := self._aside / \"before\").exists():\n                before.replace(self._index)", "else:\n                pass\n            if False:\n                pass", "a_save_and_a_commit or killed_at_any_moment"),
    ("9: what was committed goes back", "repo/landing.py", "for one in self._ground.moved() if one.path in differ]", "for one in self._ground.moved()]", "lock_removed_by_hand"),
    ("9: what is in the way is seen too late", "repo/exchange.py", "elif _is_in_the_way(place) and", "elif False and", "nothing_moves_for_what"),
    ("a push that somebody built upon is none", "share/folder_write.py", "return Written(placed.put.path, superseded)", "return Stale(placed.put.path, superseded)", "right_after_a_push"),
    ("9: the index of another moment", "repo/landing.py", "if look(self._index, follow=False) == before:", "if True:", "a_commit_at_any_moment or add_at_any_moment"),
    # 10. Deletes need proof and a brake.
    ("10: no brake in Studio", "core/plan.py", "if decided.state is State.DELETED_IN_STUDIO:", "if False:", "test_rule_10_a_whole_flow_gone"),
    ("10: no brake here", "core/plan.py", "if decided.state is State.DELETED_LOCALLY:", "if False:", "test_rule_10_a_whole_flow_deleted"),
    ("10: no brake for many files", "core/plan.py", "if gone > 1 and gone > total * max_deletes:", "if False:", "test_rule_10_many"),
    ("10: an empty root is believed", "core/plan.py", "return len(tracked) > 1 and", "return False and", "test_rule_10_a_vanished_root"),
    ("10: half a listing is believed", "sync/scan.py", "self.error = self.error or listing", "pass", "page_2"),
    ("10: what a problem hides is gone", "sync/record.py", "files.setdefault(path, entry.blob)", "pass", "a_twin_that_appears"),
    # 11. Own writes are known at once.
    ("11: what was written is not noted", "sync/push.py", "link.cache.acknowledge(link.remote.name, one.flow, path, seen)", "pass", "test_rule_11"),
    # 12. A watcher's event is a rumour.
    ("12: a new date is an edit", "sync/record.py", "if tracking is not None and (tree == now or _holds(link, now, files)):", "if False:", "test_rule_12"),
    # Looking, and what never syncs.
    ("one look is enough", "sync/observe.py", "return scan(share, moved, tracked, accept_deletes=True) if moved else {}", "return {}", "half_believed or never_holds_still"),
    ("an upload in progress is believed", "sync/observe.py", "if -link.remote.settle < age < link.remote.settle:", "if False:", "file_of_nuls_waits"),
    ("deletes before sources", "sync/push.py", "_stage(link, share, pushes, _in_the_way)", "_stage(link, share, pushes, lambda one, path: one.content(path) is None)", "sources_first"),
    ("the definition first", "sync/push.py", "one.content(path) is not None and not kind_of(path))", "one.content(path) is not None and bool(kind_of(path)))", "sources_first"),
    # Renames.
    ("a renamed file is read again", "sync/observe.py", "if share.keeps_ids:", "if False:", "a_rename_in_studio_is_one"),
    ("an id is a content", "sync/observe.py", "if same and link.repo.objects.holds(seen.blob):", "if link.repo.objects.holds(seen.blob):", "rename_in_studio_with_an_edit"),
    ("a renamed file is sent again", "sync/push.py", "        _rename(link, share, pushes)\n", "", "rename_in_git_is_one_rename"),
    ("a renamed flow is asked about", "sync/holds.py", " or standing.flow in self.renamed", "", "flow_renamed_in_studio_is_one"),
    ("a rename that waits deletes", "sync/pushed_renames.py", "holds.renamed -= {old.flow}", "pass", "a_rename_that_has_to_wait"),
    ("a rename in Studio that waits deletes", "sync/land.py", "if standing.flow not in olds]", "if standing.flow not in {old.flow for old in whole.values()}]", "rename_in_studio_that_has_to_wait"),
    ("an inode is an id", "share/folder.py", "times can be set.\"\"\"\n        return False", "times can be set.\"\"\"\n        return True", "whatever_its_inode"),
    ("a lease that went along is lost", "sync/conductor.py", "        follow(link, share, left, seeing, whole=not chosen)\n", "", "took_along"),
    # What a killed git leaves.
    ("a dead child's locks stay", "repo/children.py", "for lock in left:\n", "for lock in ():\n", "killed_with_refs_locked"),
    ("any lock is a dead child's", "repo/children.py", "return -_SLACK <= lock.lstat().st_mtime - began <= _LIFETIME", "return lock.exists()", "another_time_than"),
    ("a lock is taken from under a git", "repo/children.py", "if left and locking_git(", "if False and locking_git(", "another_git_is_at_work"),
    ("half a checkout stays", "repo/worktree.py", 'if left and "--ff-only" in left.arguments and', "if False and", "middle_of_the_checkout"),
    ("half a landing stays while the index is locked", "repo/children.py", "self._owe(Left(arguments, git.folder, killed=False))", "pass", "what_git_left"),
    ("a commit that was reset away comes back whole", "sync/snapshot.py", "if whole == original.tree and original.parents", "if original.parents", "a_reset_takes_back"),
    ("a commit of another flow comes along", "sync/snapshot.py", "    if tip and whole == link.repo.objects.commit(tip).tree:\n        return None\n    if whole == original.tree and", "    if", "reset_away_does_not"),
    # What grows with history.
    ("a state that a reset took off counts", "sync/survey.py", "if found and walked and not (link.repo.objects.holds(found) and link.repo.refs.contains(tip, found)):", "if False:", "conflict_that_stays"),
    ("all of history is sought through again", "sync/survey.py", "for commit in (since, walked) if commit]", "for commit in (since,) if commit]", "conflict_that_stays"),
    ("a folder that was lost was never there", "repo/objects.py", " or self.subtree(self.commit(commit).tree, path)", "", "damaged_repository"),
    ("what is stored again stays old", "repo/objects.py", "os.utime(self._note(sha))", "self._note(sha)", "young_again"),
    # What a power cut takes.
    ("a ref names what is not on the disk", "repo/refs.py", "        self._settle()\n", "", "is_on_the_disk"),
    ("git leaves refs to luck", "repo/plumbing.py", "core.fsync=added", "core.fsync=none", "is_on_the_disk"),
    ("what lands is not on the disk", "repo/landing.py", "settle([self._record, ", "len([self._record, ", "is_on_the_disk"),
    ("a journal is not on the disk", "journal.py", "settle([self._file(flow) for", "len([self._file(flow) for", "is_on_the_disk"),
    ("a lease is sought where another file stands", "sync/leases.py", "return left.files.get(path, there[path]) != there[path]", "return False", "another_file_stands"),
    ("secrets sync", "core/ignore.py", '".venv", ".env"', '".venv"', "generated_and_secret"),
    ("ignoring is deleting", "sync/survey.py", "for side in sides if side)", "for side in sides[:1] if side)", "ignoring_a_file"),
)  # fmt: skip

WHERE = ["tests/safety/test_power_cut.py", "tests/repo/test_objects.py", "tests/repo/test_worktree.py", "tests/repo/test_landing.py", "tests/sync/test_long_history.py", "tests/sync/test_rules.py", "tests/sync/test_stories.py", "tests/sync/test_held.py", "tests/sync/test_bad_input.py", "tests/sync/test_azure.py", "tests/sync/test_moves.py", "tests/sync/test_killed_git.py", "tests/core/test_ignore.py"]  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_the_table_fits_the_code(name: str) -> None:
    mutant = MUTANTS[name]
    text = (ROOT / "flowsync" / mutant.file).read_text()
    assert text.count(mutant.old) == 1, f"{mutant.file} holds {text.count(mutant.old)} times: {mutant.old}"
    compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")  # broken, but Python still


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests, to be broken."""
    folder = tmp_path_factory.mktemp("mutants")
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("flowsync", "hooks", "tui", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, copy: Path) -> None:
    mutant = MUTANTS[name]
    file = copy / "flowsync" / mutant.file
    good = file.read_text()
    file.write_text(good.replace(mutant.old, mutant.new))
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-B",
                "-m",
                "pytest",
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                "-k",
                mutant.caught_by,
                *WHERE,
            ],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(good)
    assert done.returncode == 1 and "FAILED" in done.stdout, f"{name} survived: {done.stdout[-2000:]}"
    assert not re.search(r"\b(Import|Name|UnboundLocal|Type|Attribute)Error\b", done.stdout), done.stdout[-2000:]
