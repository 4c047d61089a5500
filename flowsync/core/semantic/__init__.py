"""What changed between two versions of a definition, in the words of flows: nodes, inputs, outputs, connections.

``semantic_diff`` takes any bytes and never raises. How a definition is written (quotes, order of keys, comments) is no
change. The result is data; ``lines`` and ``summary`` put it in words, for commit messages, ``diff --semantic`` and Git.
"""

from flowsync.core.semantic.changes import Change, SemanticDiff, What
from flowsync.core.semantic.comparison import semantic_diff

__all__ = ["Change", "SemanticDiff", "What", "semantic_diff"]
