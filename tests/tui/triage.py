"""A flow in conflict: both sides changed one value, and a line of its code; Studio changed more besides."""

from .flow_answers import FlowAnswers, entry

DEFINITION = b"""\
inputs:
  question: {type: string}
outputs:
  answer: {type: string, reference: '${answer.output}'}
nodes:
- name: rerank
  type: python
  source: {type: code, path: rerank.py}
  inputs:
    top_k: 5  # how many
    text: ${inputs.question}
- name: answer
  type: python
  source: {type: code, path: answer.py}
  inputs:
    found: ${rerank.output}
"""
CODE = b"from promptflow.core import tool\n\n\n@tool\ndef %s(**given: str) -> str:\n    return str(%d)\n"
ANSWER = CODE % (b"answer", 1)

BASE = {"flow.dag.yaml": DEFINITION, "rerank.py": CODE % (b"rerank", 1), "answer.py": ANSWER}
LOCAL = {
    "flow.dag.yaml": DEFINITION.replace(b"top_k: 5", b"top_k: 8"),
    "rerank.py": CODE % (b"rerank", 11),
    "answer.py": ANSWER,
}
ADDED = b"""\
- name: polish
  type: python
  source: {type: code, path: answer.py}
  inputs:
    text: ${answer.output}
"""
REMOTE = {
    "flow.dag.yaml": DEFINITION.replace(b"top_k: 5", b"top_k: 3") + ADDED,
    "rerank.py": CODE % (b"rerank", 12),
    "answer.py": ANSWER.replace(b"1", b"2"),
}
COMMITS = [f"{number:02x}" * 20 for number in range(1, 9)]
HISTORY = [
    entry(COMMITS[0], "studio", "bob", "~ node rerank: top_k 5 → 3", "flow.dag.yaml", "rerank.py", minute=7),
    entry(COMMITS[1], "local", "anna", "rerank: eight are enough", "flow.dag.yaml", minute=5),
    entry(COMMITS[2], "merge", "anna", "Merge flow triage from Studio", minute=2),
    entry(COMMITS[3], "studio", "bob", "new flow with 2 nodes: rerank, answer", *BASE, minute=1),
]


def triage() -> FlowAnswers:
    """What the daemon answers about it."""
    commits = dict(zip(COMMITS, (REMOTE, LOCAL, BASE, BASE), strict=False))
    return FlowAnswers("triage", BASE, LOCAL, REMOTE, commits=commits, history=HISTORY)
