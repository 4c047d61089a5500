"""Small flows with the real prompt flow's verdict: what it accepts, and what it refuses, with the rule that says so."""

TOOL = b"from promptflow.core import tool\n\n\n@tool\ndef shout(text: str) -> str:\n    return text.upper()\n"
DAG = """\
inputs:
  text:
    type: string
    default: hi
outputs:
  out:
    type: string
    reference: ${shout.output}
nodes:
- name: shout
  type: python
  source:
    type: code
    path: shout.py
  inputs:
    text: ${inputs.text}
"""
MERGED = """\
inputs: {text: {type: string, default: hi}}
outputs:
  out: {type: string, reference: "${again.output}"}
nodes:
- &first
  name: shout
  type: python
  source: &source {type: code, path: shout.py}
  inputs: &given
    text: ${inputs.text}
- <<: *first
  name: again
  source:
    <<: [*source]
    path: again.py
  inputs:
    <<: *given
"""
PROMPT = """\
inputs: {text: {type: string, default: hi}}
outputs: {out: {type: string, reference: "${say.output}"}}
nodes:
- name: say
  type: prompt
  source: {type: code, path: say.jinja2}
  inputs: {text: "${inputs.text}"}
"""
LLM = """\
inputs: {text: {type: string, default: hi}}
outputs: {out: {type: string, reference: "${ask.output}"}}
nodes:
- name: ask
  type: llm
  source: {type: code, path: ask.jinja2}
  inputs: {model: gpt-4, text: "${inputs.text}"}
  connection: open_ai_connection
  api: chat
"""
CHAT = "system:\nBe kind.\n\nuser:\n{{text}}\n"
FLEX = "entry: main:run\n"
RUN = "def run(text: str = 'a'):\n    return text\n"
CLASS = "class Run:\n    def __init__(self, n: int = 1): ...\n    def __call__(self, text='a'):\n        return text\n"
PROMPTY = """\
---
name: ask
model:
  api: chat
  configuration:
    type: azure_openai
    azure_deployment: gpt
    connection: azure_open_ai_connection
  parameters:
    max_tokens: 64
inputs:
  text: {type: string, default: a}
---
system:
Be kind.

user:
{{text}}
"""


def dag(old: str = "", new: str = "", tool: bytes | str = TOOL, **files: str) -> dict[str, bytes]:
    """Returns the small DAG with one edit, or with another tool."""
    assert old in DAG
    return bytes_of({"flow.dag.yaml": DAG.replace(old, new, 1) if old else DAG, "shout.py": tool, **files})


def tool(code: str, inputs: str = "text: ${inputs.text}", **files: str) -> dict[str, bytes]:
    """Returns the small DAG with this tool."""
    return dag("text: ${inputs.text}", inputs, "from promptflow.core import tool\n" + code, **files)


def flex(code: str, definition: str = FLEX, **files: str) -> dict[str, bytes]:
    """Returns a flex flow with this main.py."""
    return bytes_of({"flow.flex.yaml": definition, "main.py": code, **files})


def llm(old: str = "", new: str = "", template: str = CHAT, connection: str = "open_ai_connection") -> dict[str, bytes]:
    """Returns the flow with an llm node with one edit, or with another prompt."""
    assert old in LLM
    written = LLM.replace("open_ai_connection", connection)
    return bytes_of({"flow.dag.yaml": written.replace(old, new, 1) if old else written, "ask.jinja2": template})


def prompty(old: str = "", new: str = "") -> dict[str, bytes]:
    """Returns the .prompty with one edit."""
    assert old in PROMPTY
    return bytes_of({"ask.prompty": PROMPTY.replace(old, new, 1) if old else PROMPTY})


def bytes_of(files: dict[str, bytes | str]) -> dict[str, bytes]:
    """Returns files as bytes; names like ``helper_py`` are ``helper.py``."""
    named = {path.replace("_py", ".py").replace("_txt", ".txt"): content for path, content in files.items()}
    return {path: content if isinstance(content, bytes) else content.encode() for path, content in named.items()}


ACCEPTED: dict[str, dict[str, bytes]] = {
    "as it is": dag(),
    "byte order mark": dag(tool=b"\xef\xbb\xbf" + TOOL),
    "json": bytes_of(
        {
            "flow.dag.yaml": '{"inputs": {}, "outputs": {}, "nodes": [{"name": "a", "type": "python", '
            '"source": {"type": "code", "path": "a.py"}, "inputs": null}]}',
            "a.py": "from promptflow.core import tool\n@tool\ndef f(): ...\n",
        }
    ),
    "merge keys": bytes_of({"flow.dag.yaml": MERGED, "shout.py": TOOL, "again.py": TOOL}),
    "section of an output": dag("${shout.output}", "${shout.output[0]}"),
    "words for true": dag("type: python", "type: python\n  enable_cache: yes"),
    "line separator in a text": dag("default: hi", "default: a\u2028b"),
    "tab in quotes and a comment": dag("default: hi", 'default: "a\tb" # c\td'),
    "name in quotes": dag("name: shout", "name: '1'") | dag("name: shout", "name: '1'"),
    "display name a number": dag("inputs:", "display_name: '2024'\ninputs:"),
    "list of texts": tool("from typing import List\n@tool\ndef f(text, n: List[str]): ...\n", "text: a\n    n: abc"),
    "list[str]": tool("@tool\ndef f(text, n: list[str]): ...\n", "text: a\n    n: abc"),
    "quoted annotation": tool("@tool\ndef f(text, n: 'int'): ...\n", "text: a\n    n: abc"),
    "int or str": tool("from typing import Union\n@tool\ndef f(text, n: Union[int, str]): ...\n", "text: a\n    n: b"),
    "int | None": tool("@tool\ndef f(text, n: int | None): ...\n", "text: a\n    n: b"),
    "tool called": tool("def f(text): ...\nmy_tool = tool(f)\n"),
    "tool under another name": tool("from promptflow import core\nt = core.tool\n@t\ndef f(text): ...\n"),
    "tool handed on": dag(
        tool="from helper import tool\n@tool\ndef f(text): ...\n", helper_py="from promptflow.core import tool\n"
    ),
    "another library's tool beside": tool(
        "import other\n@other.tool\ndef g(x): ...\n@tool\ndef f(text): ...\n", other_py="def tool(f):\n    return f\n"
    ),
    "broken file that nothing uses": dag(old_py="print 'x'\n"),
    "entry in a dag": bytes_of({"flow.dag.yaml": FLEX, "main.py": RUN}),
    "entry of the standard library": bytes_of({"flow.flex.yaml": "entry: json:dumps\n"}),
    "flex class": flex(CLASS, "entry: main:Run\ninit:\n  n: {type: int}\n"),
    "flex without types": flex("def run(text, n=3, d: dict = None, l: list = None): ...\n"),
    "flex with an optional": flex("from typing import Optional\ndef run(text: Optional[str] = None): ...\n"),
    "prompty": prompty(),
    "prompty with crlf": {"ask.prompty": PROMPTY.replace("\n", "\r\n").encode()},
    "prompty with long dashes": prompty("---\nname", "-----\nname"),
    "prompty with a heading above": prompty("---\nname", "# Ask\n---\nname"),
    "prompty with a table": prompty("{{text}}", "| a |\n|---|\n| {{text}} |"),
    "kind of model in the connection": prompty("type: azure_openai", "type: serverless"),
    "llm": llm(),
    "source type of an llm node": llm("type: code", "type: package"),
    "model as a variable on Azure": llm(
        "model: gpt-4", "deployment_name: g, model: x", CHAT + "{{model}}", "azure_open_ai_connection"
    ),
    "roles with marks": llm(template="\n  # System :\nx\n\n# user:\n{{text}}\n"),
    "role in a loop": llm(template="{% for i in [1] %}\nuser:\n{{text}}\n{% endfor %}\n"),
    "stop as json": llm("model: gpt-4", "model: gpt-4, stop: '[\"a\"]'"),
}
ACCEPTED["name in quotes"] = {
    **dag(),
    "flow.dag.yaml": DAG.replace("name: shout", "name: '1'").replace("${shout", "${1").encode(),
}
REFUSED: dict[str, tuple[str, dict[str, bytes]]] = {
    "tab at the end of a line": ("FS004", dag("type: string\n", "type: string\t\n")),
    "tab in a plain text": ("FS004", dag("default: hi", "default: a\tb")),
    "line separator in a comment": ("FS001", dag("default: hi", "default: hi # a\u2028b")),
    "name that is a number": (
        "FS101",
        {**dag(), "flow.dag.yaml": DAG.replace("name: shout", "name: 1").replace("${shout", "${1").encode()},
    ),
    "name that is a date": (
        "FS101",
        {
            **dag(),
            "flow.dag.yaml": DAG.replace(": shout\n", ": 2024-01-01\n").replace("${shout", "${2024-01-01").encode(),
        },
    ),
    "two references in one": ("FS112", dag("text: ${inputs.text}", "text: ${inputs.text} ${inputs.text}")),
    "source type null": ("FS205", dag("    type: code\n", "    type:\n")),
    "empty activate": ("FS110", dag("type: python", "type: python\n  activate:")),
    "chat mark no word for it": ("FS203", dag("default: hi", "default: hi\n    is_chat_input: maybe")),
    "input named by a number": ("FS209", dag("  text:\n", "  5:\n")),
    "description a number": ("FS216", dag("inputs:", "description: 5\ninputs:")),
    "tags null": ("FS216", dag("inputs:", "tags:\ninputs:")),
    "optional int": (
        "FS207",
        tool("from typing import Optional\n@tool\ndef f(text, n: Optional[int] = None): ...\n", "text: a\n    n: b"),
    ),
    "int by its default": ("FS207", tool("@tool\ndef f(text, n=3): ...\n", "text: a\n    n: b")),
    "tool of one's own": ("FS309", dag(tool="def tool(f):\n    return f\n@tool\ndef f(text): ...\n")),
    "broken file that is imported": (
        "FS308",
        dag(tool=b"import helper\n" + TOOL, helper_py="from .deep import x\n", deep_py="x = (\n"),
    ),
    "include in a prompt": (
        "FS317",
        bytes_of({"flow.dag.yaml": PROMPT, "say.jinja2": "{% include 'a.jinja2' ignore missing %}{{text}}"}),
    ),
    "text before the first role": ("FS407", llm(template="You are helpful.\n" + CHAT)),
    "byte order mark before the first role": ("FS407", llm(template="\ufeff" + CHAT)),
    "stop no list": ("FS207", llm("model: gpt-4", "model: gpt-4, stop: x")),
    "unknown key in a flex flow": ("FS408", flex(RUN, FLEX + "name: a\n")),
    "sample without inputs": ("FS408", flex(RUN, FLEX + "sample: {text: a}\n")),
    "undeclared input with a default": (
        "FS405",
        flex("def run(a, b=1): ...\n", FLEX + "inputs:\n  a: {type: string}\n"),
    ),
    "init of a function": ("FS405", flex(RUN, FLEX + "init:\n  n: {type: int}\n")),
    "class without init": ("FS409", flex("class Run:\n    def __call__(self, text): ...\n", "entry: main:Run\n")),
    "annotations not looked up": ("FS410", flex("from __future__ import annotations\n" + RUN)),
    "result a dict": ("FS410", flex("def run(text: str) -> dict: ...\n")),
    "dashes in the text": ("FS403", prompty("{{text}}", "{{text}}\n---\nmore")),
    "no line end after the dashes": ("FS403", {"ask.prompty": PROMPTY[: PROMPTY.index("\nsystem")].encode()}),
    "include in a prompty": ("FS317", prompty("{{text}}", "{% include 'x' %}{{text}}")),
}
