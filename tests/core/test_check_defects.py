"""Every defect class: one edit makes a good flow bad, and exactly one place is reported.

The good twin of each row is its base (``check_bases``), which has no finding at all.
"""

from dataclasses import dataclass, field

import pytest

import check_bases
from flowsync.core.check import Settings, check
from flowsync.core.rulebook import RULES

BASES = {"dag": check_bases.DAG, "flex": check_bases.FLEX, "prompty": check_bases.PROMPTY}
KNOWN = Settings(connections=frozenset({"open_ai_connection"}), tools=frozenset({"my_package.tools.search"}))
DEFINITION = {"dag": "flow.dag.yaml", "flex": "flow.flex.yaml", "prompty": "chat.prompty"}


@dataclass
class Defect:
    """One way to spoil a flow. ``old`` becomes ``new`` in ``file``; a None ``new`` deletes the file, a None ``old``
    replaces or creates it. ``at`` is (path, line, column) of the only finding, ``also`` of further expected codes."""

    code: str
    name: str
    old: str | None = None
    new: str | bytes | None = None
    at: tuple[int, int] | tuple[str, int, int] = (1, 1)
    file: str = ""
    base: str = "dag"
    also: frozenset[str] = field(default_factory=frozenset)

    def place(self) -> tuple[str, int, int]:
        where = (self.file or DEFINITION[self.base], *self.at) if len(self.at) == 2 else self.at
        return where[0], where[1], where[2]

    def spoiled(self) -> dict[str, bytes]:
        files = {path: text.encode() for path, text in BASES[self.base].items()}
        path = self.file or DEFINITION[self.base]
        if self.new is None:
            del files[path]
        elif self.old is None:
            files[path] = self.new.encode() if isinstance(self.new, str) else self.new
        else:
            assert isinstance(self.new, str)
            text = files[path].decode()
            assert text.count(self.old) >= 1, f"{self.old!r} is not in {path}"
            files[path] = text.replace(self.old, self.new, 1).encode()
        return files


def codes(*names: str) -> frozenset[str]:
    return frozenset(names)


NODE = "- name: rephrase\n"
TEXT = (
    Defect("FS001", "broken yaml", "inputs:\n", "inputs: [\n", (5, 9)),
    Defect("FS001", "two documents", "outputs:\n", "---\noutputs:\n", (15, 1)),
    Defect("FS002", "duplicate key", "  type: prompt\n", "  type: prompt\n  type: prompt\n", (23, 3)),
    Defect("FS003", "marker in yaml", NODE, f"<<<<<<< HEAD\n{NODE}=======\n", (21, 1)),
    Defect("FS003", "marker in python", "@tool\n", "<<<<<<< HEAD\n@tool\n", (4, 1), "polish.py"),
    Defect("FS003", "marker in template", "user:\n", ">>>>>>> theirs\nuser:\n", (5, 1), "ask.jinja2"),
    Defect("FS003", "marker in readme", "A flow.", "<<<<<<< HEAD\nA flow.", (4, 1), "README.md"),
    Defect("FS004", "tab", "  type: prompt\n", "\ttype: prompt\n", (22, 1)),
    Defect("FS004", "tab at the end of a line", "  type: prompt\n", "  type: prompt\t\n", (22, 15)),
    Defect("FS004", "tab before a comment", "  type: prompt\n", "  type: prompt\t# text\n", (22, 15)),
    Defect("FS004", "tab for a blank", "  type: prompt\n", "  type:\tprompt\n", (22, 8)),
    Defect("FS005", "crlf", "type: chat\n", "type: chat\r\n", (2, 11)),
    Defect("FS006", "latin-1 yaml", None, "nodes: []\ndescription: é\n".encode("latin-1"), (2, 14)),
    Defect("FS006", "latin-1 python", None, "# é\n".encode("latin-1"), (1, 3), "polish.py"),
    Defect("FS006", "control character", "friendly", "fri\x07endly", (28, 14)),
    Defect("FS007", "deep yaml", "friendly", "[" * 70 + "]" * 70, (28, 67)),
    Defect("FS007", "long python", None, "a = 1\n" * 9000, (1, 1), "helper.py"),
    Defect("FS007", "deep python", None, "a = " + "[" * 95 + "]" * 95, (1, 1), "helper.py"),
    Defect(
        "FS007", "huge template", None, "user:\n" + "{{tone}}{{question}}" * 6000, (1, 1), "prompts/rephrase.jinja2"
    ),
)
GRAPH = (
    Defect("FS101", "node in input", "${rephrase.output}", "${rephrased.output}", (38, 18)),
    Defect("FS101", "implicit output", "prompt_text: ${rephrase.output}", "prompt_text: ${nobody}", (38, 18)),
    Defect("FS101", "flow input", "${inputs.question}", "${inputs.questoin}", (27, 15)),
    Defect("FS101", "older spelling", "${inputs.question}", "${flow.nothing}", (27, 15)),
    Defect("FS101", "in activate", "when: ${rephrase.output}", "when: ${inputs.gone}", (43, 11)),
    Defect("FS101", "in output", "reference: ${polish.output}", "reference: ${polished.output}", (18, 16)),
    Defect("FS101", "output of an undefined input", "reference: ${polish.output}", "reference: ${inputs.x}", (18, 16)),
    Defect("FS101", "in a variant", "text: ${ask.output}", "text: ${asked.output}", (76, 19)),
    Defect("FS101", "quoted", "tone: friendly", 'tone: "${gone.output}"', (28, 12)),
    Defect("FS102", "cycle of three", "tone: friendly", "tone: ${polish.output}", (28, 11)),
    Defect("FS102", "cycle of one", "tone: friendly", "tone: ${rephrase.output}", (28, 11)),
    Defect("FS102", "through activate", "when: ${rephrase.output}", "when: ${ask.output}", (43, 11)),
    Defect("FS103", "duplicate node", "- name: search", "- name: ask", (47, 9), also=codes("FS101")),
    Defect("FS104", "no name", "- name: search\n  type", "- type", (47, 3), also=codes("FS101")),
    Defect("FS104", "null name", "- name: search", "- name:", (47, 3), also=codes("FS101")),
    Defect(
        "FS105", "normal after aggregation", "tone: friendly", "tone: ${score.output}", (28, 11), also=codes("FS102")
    ),
    Defect(
        "FS105",
        "its condition",
        "aggregation: true",
        "aggregation: true\n  activate:\n    when: ${ask.output}\n    is: x",
        (66, 11),
    ),
    Defect("FS106", "no reference", "    reference: ${polish.output}\n", "", (16, 3)),
    Defect("FS106", "empty reference", "${polish.output}", "''", (16, 3)),
    Defect("FS107", "section", "${rephrase.output}", "${rephrase.result}", (38, 18)),
    Defect("FS111", "section of an output", "${polish.output}", "${polish.result}", (18, 16)),
    Defect("FS112", "two references", "tone: friendly", "tone: ${inputs.question}${inputs.question}", (28, 11)),
    Defect("FS112", "in an output", "${polish.output}", "${polish.output}, ${ask.output}", (18, 16)),
    Defect("FS112", "in a condition", "when: ${rephrase.output}", "when: ${rephrase.output}${ask.output}", (43, 11)),
    Defect("FS108", "inside a text", "tone: friendly", "tone: very ${inputs.question} indeed", (28, 16)),
    Defect("FS109", "output of aggregation", "reference: ${polish.output}", "reference: ${score.output}", (18, 16)),
    Defect("FS110", "activate without is", "    is: go\n", "", (43, 5)),
    Defect(
        "FS110", "empty activate", "  activate:\n    when: ${rephrase.output}\n    is: go\n", "  activate:\n", (42, 3)
    ),
    Defect("FS110", "activate without when", "    when: ${rephrase.output}\n", "", (43, 5)),
)
SCHEMA = (
    Defect("FS201", "top", "type: chat\n", "type: chat\ncolour: red\n", (3, 1)),
    Defect("FS201", "node", "  type: prompt\n", "  type: prompt\n  aggregatoin: true\n", (23, 3)),
    Defect("FS201", "input", "    default: 3\n", "    default: 3\n    defualt: 4\n", (15, 5)),
    Defect("FS201", "output", "    is_chat_output: true\n", "    is_chat_output: true\n    ref: x\n", (20, 5)),
    Defect("FS201", "source", "    path: score.py\n", "    path: score.py\n    file: x\n", (59, 5)),
    Defect(
        "FS201", "variants", "    default_variant_id: plain\n", "    default_variant_id: plain\n    x: y\n", (68, 5)
    ),
    Defect("FS202", "no nodes", None, "inputs: {}\noutputs: {}\n", (1, 1), also=codes("FS704")),
    Defect("FS202", "input without type", "    type: int\n", "", (13, 5)),
    Defect("FS202", "output without type", "    type: string\n    reference", "    reference", (17, 5)),
    Defect("FS202", "node without type", "  type: prompt\n", "", (21, 3)),
    Defect("FS203", "nodes a mapping", None, "nodes: {a: b}\n", (1, 1), also=codes("FS704")),
    Defect("FS203", "inputs null", None, "inputs:\nnodes: []\n", (1, 1), also=codes("FS704")),
    Defect("FS203", "a list as definition", None, "- a\n- b\n", (1, 1), also=codes("FS704")),
    Defect("FS203", "a chat mark that is no word for it", "is_chat_history: true", "is_chat_history: maybe", (6, 5)),
    Defect(
        "FS203", "input a text", "  count:\n    type: int\n    default: 3\n", "  count: int\n", (12, 10), also=codes()
    ),
    Defect("FS203", "node a text", "- name: search\n", "- search\n- name: search\n", (47, 3), also=codes("FS104")),
    Defect("FS204", "unknown node type", "type: prompt", "type: promt", (22, 9)),
    Defect(
        "FS202",
        "variant without node",
        "      loud:\n        node:\n",
        "      loud:\n        nodes:\n",
        (78, 7),
        also=codes("FS201"),
    ),
    Defect("FS205", "null for a source type", "    type: package\n", "    type:\n", (50, 5), also=codes("FS316")),
    Defect("FS205", "unknown source type", "    type: package\n", "    type: packet\n", (50, 11)),
    Defect("FS205", "unsuitable source type", "    type: package\n", "    type: package_with_prompt\n", (50, 11)),
    Defect(
        "FS209", "input whose name is a number", "  count:\n    type", "  5:\n    type", (12, 3), also=codes("FS702")
    ),
    Defect("FS209", "output whose name is true", "  answer:\n", "  true:\n", (16, 3)),
    Defect("FS215", "aggregation a word", "aggregation: true", "aggregation: yes", (64, 3)),
    Defect("FS215", "chat mark a word", "is_chat_input: true", "is_chat_input: yes", (10, 5)),
    Defect("FS216", "display name a number", "type: chat\n", "type: chat\ndisplay_name: 2024\n", (3, 1)),
    Defect("FS216", "display name a date", "type: chat\n", "type: chat\ndisplay_name: 2024-01-31\n", (3, 1)),
    Defect("FS216", "tag true", "type: chat\n", "type: chat\ntags: {a: true}\n", (3, 8)),
    Defect("FS216", "null where a mapping stands", "type: chat\n", "type: chat\ntags:\n", (3, 1)),
    Defect("FS216", "null default", "    default: []\n", "    default:\n", (7, 5)),
    Defect("FS206", "input type", "type: int", "type: integer", (13, 11)),
    Defect("FS206", "output type", "    type: string\n    reference", "    type: str\n    reference", (17, 11)),
    Defect("FS207", "int", "default: 3", "default: three", (14, 14)),
    Defect("FS207", "list", "default: []", "default: {a: b}", (7, 14)),
    Defect("FS207", "list as text", "default: []", "default: 'a, b'", (7, 14)),
    Defect("FS207", "bool", "    type: int\n    default: 3", "    type: bool\n    default: yes", (14, 14)),
    Defect("FS207", "double", "    type: int\n    default: 3", "    type: double\n    default: 1,5", (14, 14)),
    Defect("FS207", "literal for a tool", "limit: 80", "limit: many", (77, 20)),
    Defect("FS207", "literal for the llm", "temperature: '0.7'", "temperature: warm", (36, 18)),
    Defect("FS208", "flow type", "type: chat\n", "type: chatty\n", (2, 7)),
    Defect("FS208", "language", "type: chat\n", "type: chat\nlanguage: perl\n", (3, 11)),
    Defect("FS208", "api", "api: chat", "api: chatting", (41, 8)),
    Defect("FS209", "node named inputs", "- name: search", "- name: inputs", (47, 9), also=codes("FS101")),
    Defect("FS209", "node with a dot", "- name: search", "- name: se.arch", (47, 9), also=codes("FS101")),
    Defect("FS209", "variable of the tool", "{{prompt_text}}", "{{prompt_text}}{{temperature}}", (9, 18), "ask.jinja2"),
    Defect("FS209", "variable template", "{{tone}}", "{{tone}}{{template}}", (1, 23), "prompts/rephrase.jinja2"),
    Defect(
        "FS210",
        "no variants",
        "node_variants:\n  polish:",
        "node_variants:\n  polished:",
        (45, 9),
        also=codes("FS202", "FS316", "FS704"),
    ),
    Defect("FS210", "no default", "    default_variant_id: plain\n", "", (66, 3)),
    Defect("FS210", "unknown default", "default_variant_id: plain", "default_variant_id: plane", (67, 25)),
    Defect("FS211", "two chat inputs", "    type: int\n", "    type: int\n    is_chat_input: true\n", (12, 3)),
    Defect("FS211", "no chat output", "    is_chat_output: true\n", "", (2, 7)),
    Defect("FS211", "history a text", "    type: list\n    is_chat", "    type: string\n    is_chat", (5, 11)),
    Defect("FS212", "two definitions", None, "entry: a:b\n", (1, 1), "flow.flex.yaml", also=codes("FS402")),
    Defect("FS212", "two spellings", None, "nodes: []\n", (1, 1), "flow.dag.yml", also=codes("FS704")),
    Defect("FS213", "empty", None, "", (1, 1), also=codes("FS704")),
    Defect("FS213", "only a comment", None, "# nothing\n", (1, 1), also=codes("FS704")),
)
TOOLS = (
    Defect("FS317", "include", "{{tone}}", "{{tone}}{% include 'x.jinja2' %}", (1, 1), "prompts/rephrase.jinja2"),
    Defect("FS318", "a file that nothing imports", None, "def x(:\n", (1, 7), "helpers/x.py"),
    Defect("FS301", "python", None, None, ("flow.dag.yaml", 74, 19), "polish.py"),
    Defect("FS301", "template", None, None, ("flow.dag.yaml", 25, 11), "prompts/rephrase.jinja2"),
    Defect("FS301", "only the case differs", "path: polish.py", "path: Polish.py", (74, 19)),
    Defect("FS302", "source above", "path: polish.py", "path: ../polish.py", (74, 19)),
    Defect("FS302", "absolute source", "path: polish.py", "path: /tmp/polish.py", (74, 19)),
    Defect("FS302", "windows path", "path: prompts/rephrase", "path: prompts\\rephrase", (25, 11)),
    Defect("FS302", "requirements above", "txt: requirements.txt", "txt: ../requirements.txt", (89, 28)),
    Defect("FS303", "requirements", None, None, ("flow.dag.yaml", 89, 28), "requirements.txt"),
    Defect("FS304", "include", None, None, ("flow.dag.yaml", 87, 3), "../shared/loud.py", also=codes("FS301")),
    Defect("FS305", "llm", "connection: open_ai_connection", "connection: open_ai", (40, 15)),
    Defect("FS305", "python", "conn: open_ai_connection", "conn: another", (62, 11)),
    Defect(
        "FS305",
        "package tool",
        "    query: ${inputs.question}\n",
        "    query: ${inputs.question}\n    connection: bing\n",
        (54, 17),
    ),
    Defect("FS306", "package tool", "my_package.tools.search", "my_package.tools.find", (51, 11)),
    Defect("FS307", "no connection", "  connection: open_ai_connection\n", "", (29, 9)),
    Defect("FS307", "no api", "  api: chat\n", "", (29, 9)),
    Defect("FS308", "syntax error", "return text[:limit]", "return text[:limit", (6, 16), "polish.py"),
    Defect("FS308", "nul byte", "return text", "return 'a\x00b'", (1, 1), "polish.py"),
    Defect("FS309", "no tool", "@tool\n", "", (1, 1), "polish.py"),
    Defect("FS309", "another decorator", "@tool\n", "@cache\n", (1, 1), "polish.py"),
    Defect("FS310", "two tools", "@tool\n", "@tool\ndef other(): ...\n\n@tool\n", (8, 1), "polish.py"),
    Defect(
        "FS311", "missing input", "            text: ${ask.output}\n            limit", "            limit", (66, 3)
    ),
    Defect("FS311", "empty input", "conn: open_ai_connection", "conn: ''", (62, 5)),
    Defect("FS312", "extra input", "limit: 80", "limits: 80", (77, 13)),
    Defect("FS313", "unclosed", "{% endfor %}", "", (9, 1), "ask.jinja2"),
    Defect("FS313", "bad expression", "{{prompt_text}}", "{{prompt_text | }}", (9, 1), "ask.jinja2"),
    Defect("FS314", "in a prompt", "{{tone}}", "{{tome}}", (1, 15), "prompts/rephrase.jinja2", also=codes("FS315")),
    Defect("FS314", "in an llm node", "{{prompt_text}}", "{{prompt_text}}\n{{ context[0] }}", (10, 4), "ask.jinja2"),
    Defect("FS315", "unused", "tone: friendly", "tone: friendly\n    mood: good", (29, 5)),
    Defect("FS316", "no source", "  source:\n    type: code\n    path: score.py\n", "", (54, 3)),
    Defect("FS316", "no path", "    path: score.py\n", "", (54, 3)),
    Defect(
        "FS407", "chat prompt of an llm", None, "{#x#}Answer {{prompt_text}} {{chat_history}}\n", (1, 1), "ask.jinja2"
    ),
)
FLEX = (
    Defect("FS001", "broken yaml", "init:\n", "init: [\n", (6, 9), base="flex"),
    Defect("FS408", "unknown key", "init:", "initial:", (4, 1), base="flex"),
    Defect("FS408", "key of a dag", "init:", "nodes: []\ninit:", (4, 1), base="flex"),
    Defect("FS408", "sample", "init:", "sample: {question: a}\ninit:", (4, 10), base="flex"),
    Defect("FS409", "no call", "def __call__", "def call", ("app/main.py", 1, 1), "app/main.py", "flex"),
    Defect("FS409", "no init", "def __init__", "def init", ("app/main.py", 1, 1), "app/main.py", "flex"),
    Defect(
        "FS410", "generic", 'question: str = "hello"', "question: list[str] = ()", (5, 5), "app/main.py", base="flex"
    ),
    Defect("FS410", "quoted", "question: str", "question: 'str'", (5, 5), "app/main.py", base="flex"),
    Defect("FS410", "either", "temperature: float", "temperature: float | None", (2, 5), "app/main.py", base="flex"),
    Defect("FS410", "result", '"hello"):', '"hello") -> dict:', (5, 5), "app/main.py", base="flex"),
    Defect("FS202", "no entry", "entry: app.main:Chat\n", "", (1, 1), base="flex"),
    Defect("FS203", "a list", None, "- a\n", (1, 1), base="flex"),
    Defect("FS206", "type", "{type: string,", "{type: image,", (3, 20), base="flex"),
    Defect("FS401", "no colon", "app.main:Chat", "app.main.Chat", (1, 8), base="flex"),
    Defect("FS401", "a call", "app.main:Chat", "app.main:Chat()", (1, 8), base="flex"),
    Defect("FS402", "no module", None, None, ("flow.flex.yaml", 1, 8), "app/main.py", "flex"),
    Defect("FS402", "no class", "class Chat", "class Talk", ("flow.flex.yaml", 1, 8), "app/main.py", "flex"),
    Defect("FS308", "syntax", "return question", "return (question", (6, 16), "app/main.py", "flex"),
    Defect(
        "FS405",
        "undeclared init",
        "def __init__(self, deployment: str",
        "def __init__(self, deployment: str, key: str",
        ("flow.flex.yaml", 5, 3),
        "app/main.py",
        "flex",
    ),
    Defect("FS405", "input not taken", "  question: {", "  quest: {", (3, 3), base="flex", also=codes("FS405")),
    Defect(
        "FS405", "optional input undeclared", "  temperature: {type: double, default: 1.0}\n", "", (5, 3), base="flex"
    ),
)
PROMPTY = (
    Defect("FS001", "broken yaml", "inputs:\n", "inputs: [\n", (13, 9), base="prompty"),
    Defect("FS403", "no front matter", None, "system:\nhello\n", (1, 1), base="prompty"),
    Defect("FS403", "not closed", "---\nsystem", "system", (1, 1), base="prompty"),
    Defect("FS403", "a list", None, "---\n- a\n---\nuser:\nx\n", (1, 1), base="prompty"),
    Defect("FS404", "no model", None, "---\nname: x\n---\nuser:\nx\n", (1, 1), base="prompty"),
    Defect(
        "FS404",
        "no configuration",
        None,
        "---\nmodel:\n  parameters: {}\n---\nuser:\nx\n",
        (3, 3),
        base="prompty",
    ),
    Defect("FS404", "no parameters", "  parameters:\n    max_tokens: 128\n", "", (4, 3), base="prompty"),
    Defect("FS404", "no deployment", "    azure_deployment: gpt-4o\n", "", (6, 5), base="prompty"),
    Defect(
        "FS404",
        "no type",
        None,
        "---\nmodel:\n  configuration: {model: x}\n  parameters: {}\n---\nuser:\nx\n",
        (3, 18),
        base="prompty",
    ),
    Defect("FS208", "api", "api: chat", "api: talk", (4, 8), base="prompty"),
    Defect(
        "FS208",
        "model type",
        None,
        "---\nmodel:\n  configuration:\n    type: claude\n  parameters: {}\n---\nuser:\nx\n",
        (4, 11),
        base="prompty",
    ),
    Defect("FS403", "dashes that end a line below", "{{question}}", "{{question}}\n---\nx", (25, 1), base="prompty"),
    Defect("FS403", "blanks after the dashes", "---\nsystem", "---  \nsystem", (1, 1), base="prompty"),
    Defect("FS201", "unknown key", "name: chat", "title: chat", (2, 1), base="prompty"),
    Defect("FS305", "connection", "connection: open_ai_connection", "connection: other", (8, 17), base="prompty"),
    Defect("FS313", "bad template", "{{question}}", "{% if %}", (24, 1), base="prompty"),
    Defect("FS406", "undeclared variable", "{{question}}", "{{questions}}", (24, 3), base="prompty"),
    Defect(
        "FS407",
        "no role",
        "system:\nYou help {{first_name}}.\n\nuser:\n",
        "Hello {{first_name}}\n",
        (1, 1),
        base="prompty",
    ),
)
KEY = "4f9a1c0e7b2d48c5a6e3f0917d5b8c2e"
FOLDER = (
    Defect("FS501", "log", None, "{}", (1, 1), ".promptflow/flow.detail.json"),
    Defect("FS501", "bytecode", None, b"\x00", (1, 1), "lib/__pycache__/a.cpython-311.pyc"),
    Defect("FS501", "runs", None, "x", (1, 1), ".runs/x/meta.json"),
    Defect("FS502", "large", None, b"x" * (5 * 1024 * 1024 + 1), (1, 1), "big.bin"),
    Defect("FS503", "forbidden character", None, "x", (1, 1), 'what"now.txt'),
    Defect("FS503", "device", None, "x", (1, 1), "docs/aux.txt"),
    Defect("FS503", "trailing dot", None, "x", (1, 1), "end./x.txt"),
    Defect("FS504", "case", None, "x", (1, 1), "readme.md", also=codes("FS504")),
    Defect("FS601", "storage key", "DATA", "AccountKey=" + "Ab3+/9zX" * 10 + "abcdef==", (1, 19), "notes.txt"),
    Defect("FS601", "assigned key", "DATA", f"AZURE_OPENAI_API_KEY = '{KEY}'", (1, 32), "notes.txt"),
    Defect("FS601", "openai key", "DATA", "use sk-proj-" + "a1B2c3D4" * 6, (1, 12), "notes.txt"),
    Defect("FS601", "sas", "DATA", "?sv=2024-11-04&sig=" + "Zm9v1A%2B" * 5 + "%3D", (1, 27), "notes.txt"),
    Defect("FS601", "private key", "DATA", "-----BEGIN RSA PRIVATE KEY-----", (1, 8), "notes.txt"),
    Defect(
        "FS601",
        "jwt",
        "DATA",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLWhlcmU",
        (1, 8),
        "notes.txt",
    ),
    Defect("FS601", "github", "DATA", "ghp_" + "aB3dE5" * 6, (1, 8), "notes.txt"),
    Defect("FS601", "entra", "DATA", "abC8Q~" + "aB3.dE5_" * 4, (1, 8), "notes.txt"),
    Defect("FS602", "env", None, "KEY=abc\n", (1, 1), ".env"),
    Defect("FS602", "env of a stage", None, "KEY=abc\n", (1, 1), "deploy/.env.prod"),
)
RUN = (
    Defect("FS701", "flow", "flow: .", "flow: ../other", (2, 7), "run.yml"),
    Defect("FS701", "data", None, None, ("run.yml", 3, 7), "data.jsonl"),
    Defect("FS702", "unknown input", "  count: 4", "  counts: 4", (6, 3), "run.yml"),
    Defect("FS702", "unmapped", "    default: What is new?\n", "", ("run.yml", 6, 3)),
    Defect("FS703", "mapping", "count: 4", "count: ${input.n}", (6, 10), "run.yml"),
    Defect("FS704", "unknown variant", "${polish.plain}", "${polish.shiny}", (4, 10), "run.yml"),
    Defect("FS001", "broken", "column_mapping:\n", "column_mapping: [\n", (7, 1), "run.yml"),
)
DEFECTS = TEXT + GRAPH + SCHEMA + TOOLS + FLEX + PROMPTY + FOLDER + RUN
ELSEWHERE = {"FS505", "FS214"}  # need a real link, and a staged deletion: tests/validate


def _id(defect: Defect) -> str:
    return f"{defect.code} {defect.name}"


@pytest.mark.parametrize("base", BASES)
def test_good_twins_have_no_finding(base):
    assert check({path: text.encode() for path, text in BASES[base].items()}, KNOWN) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=_id)
def test_one_edit_one_finding(defect):
    findings = check(defect.spoiled(), KNOWN)
    hits = [finding for finding in findings if finding.code == defect.code]
    shown = "\n".join(f"{f.path}:{f.line}:{f.column} {f.code} {f.message}" for f in findings)
    assert defect.place() in [(f.path, f.line, f.column) for f in hits], shown
    assert {f.code for f in findings} <= {defect.code, *defect.also}, shown
    assert len(hits) == 1 or defect.code in defect.also, shown
    for finding in findings:
        rule = RULES[finding.code]
        assert finding.name == rule.name
        assert finding.message.endswith((".", "?"))
        assert finding.fix.endswith((".", "?"))
        assert KEY not in finding.message + finding.fix


def test_every_rule_has_a_defect():
    assert {defect.code for defect in DEFECTS} | ELSEWHERE == set(RULES)
