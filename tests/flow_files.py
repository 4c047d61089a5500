"""A small flow that validation has nothing to say about."""

DEFINITION = """\
inputs:
  text: {type: string}
outputs:
  out: {type: string, reference: '${a.output}'}
nodes:
- name: a
  type: python
  source: {type: code, path: a.py}
  inputs: {text: '${inputs.text}'}
"""
SOURCE = "from promptflow.core import tool\n\n\n@tool\ndef a(text: str) -> str:\n    return text\n"
