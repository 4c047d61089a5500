"""Git hooks: their entry points and their installer.

What belongs here: what runs inside ``git commit``, ``git push`` and the like, or in pre-commit, prek and lefthook.
Everything here starts fast: no GitPython, azure, textual or watchdog, and nothing is imported before it is needed.
"""
