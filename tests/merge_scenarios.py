"""Three-way merges of one flow that people really live through: base, local, remote and what is right.

Used by the tests of the merge and by the benchmark against other tools. ``want`` is the exact text that a merge by
meaning gives; None where a person has to decide, and then ``at`` names the places. Edits are replacements in the text
of base, so that a scenario is a few lines.
"""

from dataclasses import dataclass

import yaml

BASE = """\
# Answers questions.

inputs:
  question:
    type: string
    default: hello
outputs:
  answer:
    type: string
    reference: ${summarise.output}
nodes:
- name: fetch
  type: python
  source:
    type: code
    path: fetch.py
  inputs:
    url: ${inputs.question}
    retries: 3
- name: clean
  type: python
  source:
    type: code
    path: clean.py
  inputs:
    page: ${fetch.output}
# The one that costs money.
- name: summarise
  type: llm
  source:
    type: code
    path: summarise.jinja2
  inputs:
    deployment_name: gpt-4o
    temperature: 0.2   # low: facts only
    text: "${clean.output}"
  connection: open_ai
  api: chat
environment:
  python_requirements_txt: requirements.txt
"""


@dataclass(frozen=True)
class Scenario:
    """One merge. ``base`` is None where both sides added the file."""

    name: str
    base: str | None
    local: str
    remote: str
    want: str | None = None
    at: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return self.want is not None


def edit(text: str, *pairs: tuple[str, str]) -> str:
    """Returns the text with each pair's first part, which occurs once, replaced by its second."""
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def settled(content: bytes, side: str) -> str:
    """Returns the text with each pair of markers settled for one side, as a person would with an editor."""
    lines, shown = [], True
    for line in content.decode().splitlines(keepends=True):
        if line.startswith("<<<<<<< "):
            shown = side == "local"
        elif line.startswith("=======") and line.strip() == "=======":
            shown = side == "remote"
        elif line.startswith(">>>>>>> "):
            shown = True
        elif shown:
            lines.append(line)
    return "".join(lines)


def saved_by_a_program(text: str) -> str:
    """Returns the text as a program writes it that keeps no comments and sorts keys."""
    return yaml.safe_dump(yaml.safe_load(text), sort_keys=True, allow_unicode=False)


def saved_by_studio(text: str) -> str:
    """Returns the text as a program writes it that keeps no comments and no quotes, but the order of keys."""
    return yaml.safe_dump(yaml.safe_load(text), sort_keys=False, allow_unicode=True)


def both(name: str, local: list[tuple[str, str]], remote: list[tuple[str, str]], base: str = BASE) -> Scenario:
    """A scenario in which the right result is both sides' edits."""
    want = edit(base, *local, *[pair for pair in remote if pair not in local])
    return Scenario(name, base, edit(base, *local), edit(base, *remote), want)


def conflict(
    name: str, local: list[tuple[str, str]], remote: list[tuple[str, str]], *at: str, base: str = BASE
) -> Scenario:
    """A scenario that a person has to decide, at these places."""
    return Scenario(name, base, edit(base, *local), edit(base, *remote), None, at)


RERANK = """\
- name: rerank
  type: python
  source:
    type: code
    path: rerank.py
  inputs:
    pages: ${fetch.output}
"""
TRANSLATE = """\
- name: translate
  type: llm
  source:
    type: code
    path: translate.jinja2
  inputs:
    text: ${clean.output}
  connection: open_ai
  api: chat
"""
END_OF_NODES = "  api: chat\nenvironment:"
CLEAN = BASE[BASE.index("- name: clean") : BASE.index("# The one")]
FETCH = BASE[BASE.index("- name: fetch") : BASE.index("- name: clean")]
WARMER = ("temperature: 0.2", "temperature: 0.7")
RETRIES = ("retries: 3", "retries: 5")
GPT5 = ("gpt-4o", "gpt-5")


def after_nodes(node: str) -> tuple[str, str]:
    return (END_OF_NODES, f"  api: chat\n{node}environment:")


VARIANTS = edit(
    BASE,
    (
        BASE[BASE.index("- name: summarise") : BASE.index("environment:")],
        """\
- name: summarise
  use_variants: true
node_variants:
  summarise:
    default_variant_id: variant_0
    variants:
      variant_0:
        node:
          type: llm
          source:
            type: code
            path: summarise.jinja2
          inputs:
            deployment_name: gpt-4o
            temperature: 0.2
            text: ${clean.output}
          connection: open_ai
          api: chat
      variant_1:
        node:
          type: llm
          source:
            type: code
            path: summarise__variant_1.jinja2
          inputs:
            deployment_name: gpt-4o
            temperature: 0.9
            text: ${clean.output}
          connection: open_ai
          api: chat
""",
    ),
)
VARIANT_2 = """\
      variant_2:
        node:
          type: llm
          source:
            type: code
            path: summarise__variant_2.jinja2
          inputs:
            deployment_name: gpt-5
            text: ${clean.output}
          connection: open_ai
          api: chat
"""
VARIANT_1 = VARIANTS[VARIANTS.index("      variant_1:") : VARIANTS.index("environment:")]
EXTRAS = edit(
    BASE,
    (
        "environment:\n",
        """\
description: |
  Answers questions
  from the web.

  Slowly.
additional_includes:
- ../shared/a.py
- ../shared/b.py
tags:
  team: search
environment_variables: {LEVEL: info}
environment:
""",
    ),
)
INLINE = edit(
    BASE,
    ("  source:\n    type: code\n    path: clean.py\n", "  source: {type: code, path: clean.py}\n"),
    ("  inputs:\n    page: ${fetch.output}\n", '  inputs: {page: "${fetch.output}"}\n'),
)
QUESTION = "inputs:\n  question:\n    type: string\n    default: hello\n"
UNUSED = """\
node_variants:
  other:
    variants: {}
  summarise:
    default_variant_id: a
    variants:
      a:
        node:
          type: llm
          source:
            type: code
            path: summarise.jinja2
"""
NO_END = BASE.removesuffix("\n")
RENAMED = [("- name: clean\n", "- name: tidy\n"), ('"${clean.output}"', '"${tidy.output}"')]

MERGES: list[Scenario] = [
    both("only local edited", [WARMER], []),
    both("only remote edited", [], [WARMER]),
    both("the same edit on both sides", [WARMER], [WARMER]),
    both("different nodes", [RETRIES], [WARMER]),
    both("adjacent keys of one node", [GPT5], [WARMER]),
    both("adjacent keys, and one is added", [("retries: 3\n", "retries: 3\n    timeout: 9\n")], [RETRIES]),
    Scenario(
        "both append a node",
        BASE,
        edit(BASE, after_nodes(RERANK)),
        edit(BASE, after_nodes(TRANSLATE)),
        edit(BASE, after_nodes(RERANK + TRANSLATE)),
    ),
    Scenario(
        "both insert a node at the same place",
        BASE,
        edit(BASE, ("- name: clean\n", RERANK + "- name: clean\n")),
        edit(BASE, ("- name: clean\n", TRANSLATE + "- name: clean\n")),
        edit(BASE, ("- name: clean\n", RERANK + TRANSLATE + "- name: clean\n")),
    ),
    Scenario(
        "both add a flow input",
        BASE,
        edit(BASE, ("outputs:\n", "  language:\n    type: string\noutputs:\n")),
        edit(BASE, ("outputs:\n", "  top_k:\n    type: int\noutputs:\n")),
        edit(BASE, ("outputs:\n", "  language:\n    type: string\n  top_k:\n    type: int\noutputs:\n")),
    ),
    Scenario(
        "both add an input to one node",
        BASE,
        edit(BASE, ("retries: 3\n", "retries: 3\n    timeout: 9\n")),
        edit(BASE, ("retries: 3\n", "retries: 3\n    proxy: none\n")),
        edit(BASE, ("retries: 3\n", "retries: 3\n    timeout: 9\n    proxy: none\n")),
    ),
    Scenario(
        "local reorders nodes, remote edits one of them",
        BASE,
        edit(BASE, (FETCH + CLEAN, CLEAN + FETCH)),
        edit(BASE, RETRIES),
        edit(BASE, (FETCH + CLEAN, CLEAN + edit(FETCH, RETRIES))),
    ),
    Scenario(
        "remote reorders nodes, local edits one of them",
        BASE,
        edit(BASE, RETRIES),
        edit(BASE, (FETCH + CLEAN, CLEAN + FETCH)),
        edit(BASE, (FETCH + CLEAN, CLEAN + edit(FETCH, RETRIES))),
    ),
    Scenario(
        "remote reorders nodes, local adds one",
        BASE,
        edit(BASE, after_nodes(RERANK)),
        edit(BASE, (FETCH + CLEAN, CLEAN + FETCH)),
        edit(BASE, (FETCH + CLEAN, CLEAN + FETCH), after_nodes(RERANK)),
    ),
    Scenario(
        "remote writes the keys of a node in another order, local edits it",
        BASE,
        edit(BASE, ("path: clean.py", "path: clean2.py")),
        edit(BASE, ("- name: clean\n  type: python\n", "- type: python\n  name: clean\n")),
        edit(BASE, ("path: clean.py", "path: clean2.py")),
    ),
    Scenario(
        "remote was only saved again by Studio, local edits",
        BASE,
        edit(BASE, WARMER),
        saved_by_studio(BASE),
        edit(BASE, WARMER),
    ),
    Scenario(
        "remote was only saved again by a program that sorts keys, local adds a node",
        BASE,
        edit(BASE, after_nodes(RERANK)),
        saved_by_a_program(BASE),
        edit(BASE, after_nodes(RERANK)),
    ),
    Scenario(
        "Studio saves one value and rewrites the rest, local edits another",
        BASE,
        edit(BASE, RETRIES),
        saved_by_studio(edit(BASE, WARMER)),
        edit(BASE, RETRIES, WARMER),
    ),
    Scenario(
        "Studio saves a new node and rewrites the rest, local adds another",
        BASE,
        edit(BASE, after_nodes(RERANK)),
        saved_by_studio(edit(BASE, after_nodes(TRANSLATE))),
        edit(BASE, after_nodes(RERANK + TRANSLATE)),
    ),
    Scenario(
        "Studio deletes a node's input and rewrites the rest, local edits",
        BASE,
        edit(BASE, WARMER),
        saved_by_studio(edit(BASE, ("    retries: 3\n", ""))),
        edit(BASE, WARMER, ("    retries: 3\n", "")),
    ),
    Scenario(
        "local was reformatted, remote edits",
        BASE,
        saved_by_studio(BASE),
        edit(BASE, WARMER),
        edit(saved_by_studio(BASE), WARMER),
    ),
    Scenario(
        "local has CRLF, remote edits with LF",
        BASE,
        edit(BASE, RETRIES).replace("\n", "\r\n"),
        edit(BASE, WARMER),
        edit(BASE, RETRIES, WARMER).replace("\n", "\r\n"),
    ),
    Scenario(
        "remote has CRLF, local edits with LF",
        BASE,
        edit(BASE, RETRIES),
        edit(BASE, WARMER, after_nodes(RERANK)).replace("\n", "\r\n"),
        edit(BASE, RETRIES, WARMER, after_nodes(RERANK)),
    ),
    Scenario(
        "both add the same node",
        BASE,
        edit(BASE, after_nodes(RERANK)),
        edit(BASE, after_nodes(RERANK), WARMER),
        edit(BASE, after_nodes(RERANK), WARMER),
    ),
    Scenario(
        "both add the same node, written differently",
        BASE,
        edit(BASE, after_nodes(RERANK)),
        edit(BASE, after_nodes("- type: python\n  name: 'rerank'\n" + RERANK.partition("python\n")[2]), WARMER),
        edit(BASE, after_nodes(RERANK), WARMER),
    ),
    Scenario(
        "both delete the same node",
        BASE,
        edit(BASE, (CLEAN, ""), ("${clean.output}", "${fetch.output}")),
        edit(BASE, (CLEAN, ""), ("${clean.output}", "${fetch.output}"), RETRIES),
        edit(BASE, (CLEAN, ""), ("${clean.output}", "${fetch.output}"), RETRIES),
    ),
    both("local deletes a node and what used it, remote edits", [(CLEAN, ""), ("${clean.", "${fetch.")], [RETRIES]),
    both("remote deletes a node and what used it, local edits", [RETRIES], [(CLEAN, ""), ("${clean.", "${fetch.")]),
    both("local renames a node, remote edits another", RENAMED, [RETRIES]),
    both("local renames a node, remote edits it", RENAMED, [("${fetch.output}\n#", "${fetch.output.body}\n#")]),
    both("remote renames a node, local edits it", [("${fetch.output}\n#", "${fetch.output.body}\n#")], RENAMED),
    both("both rename a node alike", RENAMED, [*RENAMED, RETRIES]),
    both("local comments on what remote edits", [("hello\n", "hello  # greet\n")], [("hello", "hi")]),
    both(
        "remote comments on what local edits", [("hello", "hi")], [("- name: fetch", "# From the web.\n- name: fetch")]
    ),
    both("remote deletes a comment, local edits", [RETRIES], [("# The one that costs money.\n", "")]),
    both("both comment at different places", [("# The one", "# The only one")], [("# low: facts only", "# low")]),
    both(
        "different keys in one pair of braces",
        [("{type: code,", "{type: package,")],
        [("path: clean.py}", "path: c.py}")],
        INLINE,
    ),
    Scenario(
        "remote unfolds braces and edits inside, local edits beside",
        INLINE,
        edit(INLINE, RETRIES),
        edit(INLINE, ("{type: code, path: clean.py}", "\n    type: code\n    path: c.py")),
        edit(INLINE, RETRIES, ("{type: code, path: clean.py}", "\n    type: code\n    path: c.py")),
    ),
    Scenario(
        "remote fills empty braces, local edits",
        edit(
            BASE,
            ("inputs:\n  question:\n    type: string\n    default: hello\n", "inputs: {}\n"),
            ("${inputs.question}", "x"),
        ),
        edit(
            BASE,
            ("inputs:\n  question:\n    type: string\n    default: hello\n", "inputs: {}\n"),
            ("${inputs.question}", "y"),
        ),
        edit(BASE, ("${inputs.question}", "x")),
        edit(BASE, ("${inputs.question}", "y")),
    ),
    Scenario(
        "both add an include",
        EXTRAS,
        edit(EXTRAS, ("- ../shared/b.py\n", "- ../shared/b.py\n- ../shared/c.py\n")),
        edit(EXTRAS, ("- ../shared/b.py\n", "- ../shared/b.py\n- ../shared/d.py\n")),
        edit(EXTRAS, ("- ../shared/b.py\n", "- ../shared/b.py\n- ../shared/c.py\n- ../shared/d.py\n")),
    ),
    both(
        "one removes an include, the other adds one",
        [("- ../shared/a.py\n", "")],
        [("- ../shared/b.py\n", "- ../shared/b.py\n- ../shared/c.py\n")],
        EXTRAS,
    ),
    both(
        "different lines of one description",
        [("Answers questions\n", "Answers all questions\n")],
        [("Slowly.", "Fast.")],
        EXTRAS,
    ),
    Scenario(
        "both add an environment variable in braces",
        EXTRAS,
        edit(EXTRAS, ("{LEVEL: info}", "{LEVEL: info, REGION: eu}")),
        edit(EXTRAS, ("{LEVEL: info}", "{LEVEL: info, DEBUG: '0'}")),
        edit(EXTRAS, ("{LEVEL: info}", "{LEVEL: info, REGION: eu, DEBUG: '0'}")),
    ),
    both(
        "one adds a tag, the other deletes a section",
        [("team: search\n", "team: search\n  owner: ann\n")],
        [("environment_variables: {LEVEL: info}\n", "")],
        EXTRAS,
    ),
    both(
        "one edits a variant, the other adds one",
        [("temperature: 0.2", "temperature: 0.1")],
        [(VARIANT_1, VARIANT_1 + VARIANT_2)],
        VARIANTS,
    ),
    both(
        "one edits a variant, the other makes another the default",
        [("temperature: 0.9", "temperature: 1.0")],
        [("variant_id: variant_0", "variant_id: variant_1")],
        VARIANTS,
    ),
    both(
        "one deletes a variant, the other edits another",
        [(VARIANT_1, "")],
        [("temperature: 0.2", "temperature: 0.1")],
        VARIANTS,
    ),
    Scenario(
        "remote gives a node variants, local edits another node",
        BASE,
        edit(BASE, RETRIES),
        VARIANTS,
        edit(VARIANTS, RETRIES),
    ),
    Scenario(
        "neither ends its last line, both append",
        NO_END,
        NO_END + "\n  image: a",
        NO_END + "\ntype: chat",
        NO_END + "\n  image: a\ntype: chat",
    ),
    Scenario(
        "remote indents its lists, and adds a node",
        BASE,
        edit(BASE, WARMER),
        edit(
            BASE,
            (
                BASE[BASE.index("- name: fetch") : BASE.index("environment:")],
                "".join(
                    "  " + line + "\n"
                    for line in (BASE[BASE.index("- name: fetch") : BASE.index("environment:")] + RERANK).splitlines()
                ),
            ),
        ),
        edit(BASE, WARMER, after_nodes(RERANK)),
    ),
    Scenario(
        "both added the file, alike but for the style",
        None,
        BASE,
        saved_by_studio(BASE),
        BASE,
    ),
    Scenario(
        "both added the file, each with a node of its own",
        None,
        edit(BASE, after_nodes(RERANK)),
        edit(BASE, after_nodes(TRANSLATE)),
        edit(BASE, after_nodes(RERANK + TRANSLATE)),
    ),
    both(
        "different sections, moved about",
        [
            ("outputs:\n  answer:\n    type: string\n    reference: ${summarise.output}\n", ""),
            (
                "environment:\n",
                "outputs:\n  answer:\n    type: string\n    reference: ${summarise.output}\nenvironment:\n",
            ),
        ],
        [WARMER],
    ),
    both(
        "one adds a condition, the other edits an input",
        [("  connection: open_ai\n", "  connection: open_ai\n  activate:\n    when: ${fetch.output}\n    is: ok\n")],
        [("deployment_name: gpt-4o", "deployment_name: größe-5")],
    ),
    both(
        "keys that only a newer Studio knows",
        [("environment:\n", "x_layout: {a: 1}\nenvironment:\n")],
        [("requirements.txt\n", "requirements.txt\nx_view: list\n")],
    ),
    both(
        "remote renames a node with variants, local edits one of them",
        [("temperature: 0.9", "temperature: 1.0")],
        [
            ("- name: summarise\n", "- name: sum_up\n"),
            ("node_variants:\n  summarise:", "node_variants:\n  sum_up:"),
            ("${summarise.output}", "${sum_up.output}"),
        ],
        VARIANTS,
    ),
]

CONFLICTS: list[Scenario] = [
    conflict(
        "the same value, differently",
        [WARMER],
        [("temperature: 0.2", "temperature: 0.9")],
        "nodes/summarise/inputs/temperature",
    ),
    conflict(
        "the same connection, differently",
        [("connection: open_ai", "connection: eu")],
        [("connection: open_ai", "connection: us")],
        "nodes/summarise/connection",
    ),
    conflict(
        "a conflict and a clean edit",
        [WARMER, RETRIES],
        [("temperature: 0.2", "temperature: 0.9"), ("hello", "hi")],
        "nodes/summarise/inputs/temperature",
    ),
    conflict(
        "local deletes a node that remote edits",
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        [("clean.py", "clean2.py")],
        "nodes/clean",
    ),
    conflict(
        "local edits a node that remote deletes",
        [("clean.py", "clean2.py")],
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        "nodes/clean",
    ),
    conflict(
        "local comments on a node that remote deletes",
        [("- name: clean\n", "# Why?\n- name: clean\n")],
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        "nodes/clean",
    ),
    conflict(
        "local deletes a node that remote begins to use",
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        [after_nodes(TRANSLATE)],
        "nodes/clean",
    ),
    conflict(
        "local begins to use a node that remote deletes",
        [after_nodes(TRANSLATE)],
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        "nodes/clean",
    ),
    conflict(
        "local deletes a node that remote makes an output",
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        [("nodes:\n", "  page:\n    type: string\n    reference: ${clean.output}\nnodes:\n")],
        "nodes/clean",
    ),
    conflict(
        "local deletes a node that remote makes a condition",
        [(CLEAN, ""), ("${clean.", "${fetch.")],
        [("  connection: open_ai\n", "  activate:\n    when: ${clean.output}\n    is: ok\n  connection: open_ai\n")],
        "nodes/clean",
    ),
    conflict(
        "local deletes a flow input that remote begins to use",
        [
            ("  question:\n    type: string\n    default: hello\n", "  topic:\n    type: string\n"),
            ("${inputs.question}", "${inputs.topic}"),
        ],
        [("retries: 3\n", "retries: 3\n    again: ${inputs.question}\n")],
        "inputs/question",
    ),
    conflict(
        "each adds one half of a circle",
        [("page: ${fetch.output}", "page: none"), ("retries: 3\n", "retries: 3\n    hint: ${clean.output}\n")],
        [
            ("retries: 3\n", "retries: 3\n    proxy: none\n"),
            ("page: ${fetch.output}\n", "page: ${fetch.output}\n    also: ${fetch.output.status}\n"),
        ],
        "nodes/fetch/inputs/hint",
        "nodes/clean/inputs/also",
    ),
    conflict(
        "both add a node of one name",
        [after_nodes(RERANK)],
        [after_nodes(TRANSLATE.replace("translate", "rerank"))],
        "nodes/rerank",
    ),
    conflict(
        "both add a flow input of one name",
        [("outputs:\n", "  k:\n    type: int\noutputs:\n")],
        [("outputs:\n", "  k:\n    type: string\noutputs:\n")],
        "inputs/k/type",
    ),
    conflict(
        "both rename a node, differently",
        RENAMED,
        [("- name: clean\n", "- name: scrub\n"), ('"${clean.output}"', '"${scrub.output}"')],
        "nodes/clean",
        "nodes/summarise/inputs/text",
    ),
    conflict(
        "local renames a node that remote begins to use",
        RENAMED,
        [("temperature: 0.2", "hint: ${clean.output}\n    temperature: 0.2")],
        "nodes/summarise/inputs/hint",
    ),
    conflict(
        "local renames a node that a new node of remote uses", RENAMED, [after_nodes(TRANSLATE)], "nodes/translate"
    ),
    conflict(
        "local renames a node to a name that remote adds",
        RENAMED,
        [after_nodes(RERANK.replace("rerank", "tidy"))],
        "nodes/tidy",
    ),
    conflict(
        "each makes another input the chat input",
        [("outputs:\n", "    is_chat_input: true\noutputs:\n")],
        [("inputs:\n  question:", "inputs:\n  chat:\n    type: string\n    is_chat_input: true\n  question:")],
        "inputs/question/is_chat_input",
        "inputs/chat",
    ),
    conflict(
        "local aggregates a node that remote begins to use",
        [
            ("- name: fetch\n  type: python\n", "- name: fetch\n  type: python\n  aggregation: true\n"),
            ("page: ${fetch.output}", "page: none"),
        ],
        [("temperature: 0.2", "hint: ${fetch.output}\n    temperature: 0.2")],
        "nodes/fetch/aggregation",
        "nodes/summarise/inputs/hint",
    ),
    conflict(
        "local deletes the variant that remote makes the default",
        [(VARIANT_1, "")],
        [("variant_id: variant_0", "variant_id: variant_1")],
        "node_variants/summarise/variants/variant_1",
        base=VARIANTS,
    ),
    conflict(
        "the same line of one description", [("Slowly.", "Fast.")], [("Slowly.", "Soon.")], "description", base=EXTRAS
    ),
    conflict(
        "the same key in braces",
        [("path: clean.py}", "path: a.py}")],
        [("path: clean.py}", "path: b.py}")],
        "nodes/clean/source",
        base=INLINE,
    ),
    conflict(
        "one deletes a section that the other adds to",
        [("tags:\n  team: search\n", "")],
        [("team: search\n", "team: search\n  owner: ann\n")],
        "tags",
        base=EXTRAS,
    ),
    conflict(
        "a list value, differently",
        [("retries: 3", "retries: [1, 2]")],
        [("retries: 3", "retries: [1, 3]")],
        "nodes/fetch/inputs/retries",
    ),
    conflict(
        "a value becomes a mapping, and another value",
        [("retries: 3\n", "retries:\n      most: 3\n")],
        [RETRIES],
        "nodes/fetch/inputs/retries",
    ),
    Scenario(
        "Studio changes a value, rewrites the rest; local changes it too",
        BASE,
        edit(BASE, WARMER),
        saved_by_studio(edit(BASE, ("temperature: 0.2", "temperature: 0.9"))),
        None,
        ("nodes/summarise/inputs/temperature",),
    ),
    Scenario(
        "both added the file, with one value different",
        None,
        BASE,
        edit(BASE, WARMER),
        None,
        ("nodes/summarise/inputs/temperature",),
    ),
    Scenario(
        "CRLF and LF, and the same value differently",
        BASE,
        edit(BASE, WARMER).replace("\n", "\r\n"),
        edit(BASE, ("temperature: 0.2", "temperature: 0.9")),
        None,
        ("nodes/summarise/inputs/temperature",),
    ),
    conflict(
        "adjacent lines of one description",
        [("Answers questions\n", "Answers all questions\n")],
        [("from the web", "from anywhere")],
        "description",
        base=EXTRAS,
    ),
    conflict(
        "local empties a section that remote edits",
        [(QUESTION, "inputs: {}\n"), ("${inputs.question}", "x")],
        [("hello", "hi")],
        "inputs",
    ),
    conflict(
        "local uses the variants that remote clears away",
        [("  type: llm\n  source:\n    type: code\n    path: summarise.jinja2\n", "  use_variants: true\n")],
        [(UNUSED[UNUSED.index("  summarise:") :], "")],
        "node_variants/summarise",
        base=BASE + UNUSED,
    ),
    Scenario(
        "each renames another node to one name",
        BASE,
        edit(BASE, *RENAMED),
        edit(BASE, ("- name: fetch\n", "- name: tidy\n"), ("${fetch.output}", "${tidy.output}")),
        None,
        ("nodes/tidy", "nodes/clean"),
    ),
]

SCENARIOS = MERGES + CONFLICTS
