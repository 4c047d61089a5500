"""Validation with effects: which flows, from the worktree or from Git's index, under which settings.

What belongs here: finding flows and reading files for ``flowsync.core.check``. Git is asked through its plumbing, in
subprocesses: a hook cannot afford GitPython's start, nor may it import azure, textual or watchdog. For the same reason
the values here are named tuples, which cost a tenth of a dataclass's import.
"""
