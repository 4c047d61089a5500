"""core/check as a whole: settings, switches, pf's own flows, and inputs that nobody would write."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, meta

import check_bases
from flowsync.core.check import check, python, secrets, simple_templates, templates
from flowsync.core.document import parse
from flowsync.core.flow import definitions, is_flow, read_dag
from flowsync.core.rulebook import BY_NAME, RULES
from flowsync.core.rules import settings_from

DAG = {path: text.encode() for path, text in check_bases.DAG.items()}
BROKEN = {**DAG, "flow.dag.yaml": DAG["flow.dag.yaml"].replace(b"${polish.output}", b"${gone.output}", 1)}


def codes(files, given=None):
    return [finding.code for finding in check(files, given)]


class TestFlow:
    def test_definition_files(self):
        assert definitions(["x.prompty", "flow.dag.yml", "flow.flex.yaml"]) == ("flow.dag.yml", "flow.flex.yaml")
        assert definitions(["b.prompty", "a.prompty", "x.py"]) == ("a.prompty", "b.prompty")
        assert not is_flow(["flow.yaml", ".prompty", "Flow.dag.yaml"])

    def test_references_keep_their_place(self):
        document = parse(DAG["flow.dag.yaml"])
        dag = read_dag(document)
        for step in dag.steps():
            for reference in step.references():
                written = document.text[reference.span.start : reference.span.end]
                assert written == f"${{{reference.written}}}"
                line = document.text.split("\n")[reference.span.line - 1]
                assert line[reference.span.column - 1 :].startswith(written)
        found = next(
            a for step in dag.nodes if step.label == "score" for a in step.inputs if a.name == "found"
        ).reference
        assert found is not None
        assert (found.to_node, found.section, found.rest) == ("search", "output", "items")
        assert [step.label for step in dag.steps()] == ["rephrase", "ask", "polish", "polish", "search", "score"]
        assert [step.variant for step in dag.steps()][2:4] == ["plain", "loud"]


class TestSettings:
    def test_severities_by_code_and_name_and_off(self):
        root = parse("rules: {FS101: warning, connection-x: off}\n").root
        _, mistakes = settings_from(root)
        assert [(m.key, m.message, m.span.column) for m in mistakes] == [
            ("rules", "there is no rule 'connection-x'", 25)
        ]
        found, mistakes = settings_from(parse("rules: {FS101: warning, unknown-connection: off, FS306: off}\n").root)
        assert mistakes == ()
        assert [(f.code, f.severity) for f in check(BROKEN, found)] == [("FS101", "warning")]

    @pytest.mark.parametrize(
        ("text", "key", "line"),
        [
            ("rules: [FS101]", "rules", 1),
            ("rules: {FS101: loud}", "rules", 1),
            ("x: 1\nconnections: one", "connections", 2),
            ("tools: [{a: b}]", "tools", 1),
            ("max_file_size: big", "max_file_size", 1),
        ],
    )
    def test_mistakes_have_a_place(self, text, key, line):
        _, mistakes = settings_from(parse(text).root)
        assert [(m.key, m.span.line) for m in mistakes] == [(key, line)]

    def test_connections_and_tools_are_infos_until_listed(self):
        assert {(f.code, f.severity) for f in check(DAG)} == {("FS305", "info"), ("FS306", "info")}
        found, _ = settings_from(parse("connections: [open_ai_connection]\ntools: []\n").root)
        assert {(f.code, f.severity) for f in check(DAG, found)} == {("FS306", "error")}

    def test_a_connection_defined_in_the_folder_is_known(self):
        schema = b"$schema: https://azuremlschemas.azureedge.net/promptflow/latest/OpenAIConnection.schema.json\n"
        own = schema + b"name: open_ai_connection\n"
        assert "FS305" not in codes({**DAG, "openai.yaml": own})

    def test_size_limit(self):
        found, mistakes = settings_from(parse("max_file_size: 2 KiB").root)
        assert (found.max_file_size, mistakes) == (2048, ())
        assert "FS502" in codes({**DAG, "a.bin": b"x" * 2049}, found)
        assert "FS502" not in codes({**DAG, "a.bin": b"x" * 2048}, found)


class TestSwitches:
    WRONG = b"    reference: ${gone.output}"

    @pytest.mark.parametrize(
        ("comment", "silent"),
        [
            (b"  # flowsync: ignore[FS101]", True),
            (b"  # flowsync: ignore[undefined-reference, FS001]", True),
            (b"  # flowsync: ignore", True),
            (b"  # flowsync: ignore[FS102]", False),
            (b"  # flowsync: ignored", False),
            (b"  # flowsync: ignore-file[FS101]", True),
            (b"  # flowsync: ignore-file", False),
        ],
    )
    def test_on_the_line(self, comment, silent):
        text = BROKEN["flow.dag.yaml"].replace(self.WRONG, self.WRONG + comment)
        assert ("FS101" not in codes({**BROKEN, "flow.dag.yaml": text})) is silent

    def test_elsewhere_only_for_the_file(self):
        text = BROKEN["flow.dag.yaml"]
        assert "FS101" in codes({**BROKEN, "flow.dag.yaml": b"# flowsync: ignore[FS101]\n" + text})
        assert "FS101" not in codes({**BROKEN, "flow.dag.yaml": b"# flowsync: ignore-file[FS101]\n" + text})

    def test_each_line_has_its_own(self):
        text = BROKEN["flow.dag.yaml"].replace(self.WRONG, self.WRONG + b"  # flowsync: ignore[FS101]")
        text = b"# flowsync: ignore[FS001]\n\n# flowsync: ignore[FS002]\n" + text
        assert "FS101" not in codes({**BROKEN, "flow.dag.yaml": text})
        assert "FS101" in codes({**BROKEN, "flow.dag.yaml": text.replace(b"101]", b"103]")})

    def test_in_a_template_and_a_note(self):
        key = b"key: sk-proj-" + b"a1B2c3D4" * 6
        assert "FS601" in codes({**DAG, "a.md": key})
        assert "FS601" not in codes({**DAG, "a.md": key + b"  {# flowsync: ignore[FS601] #}"})
        assert "FS601" in codes({**DAG, "a.md": key + b"  flowsync: ignore[FS601]"})


def test_the_table_is_whole():
    assert len(BY_NAME) == len(RULES) > 50
    for rule in RULES.values():
        for text in (rule.what, rule.why, rule.fix):
            assert text.endswith(".")
            assert "\n" not in text


class TestPython:
    @pytest.mark.parametrize(
        ("source", "tools"),
        [
            ("from promptflow import tool\n@tool\ndef a(): ...\n", ["a"]),
            ("import promptflow\n@promptflow.tool\ndef a(): ...\n", ["a"]),
            ("from promptflow.core import tool as t\n@t()\nasync def a(): ...\n", ["a"]),
            ("if True:\n    @tool\n    def a(): ...\n", ["a"]),
            ("try:\n    import x\nexcept ImportError:\n    @tool\n    def a(): ...\n", ["a"]),
            ("@tool\ndef a(): ...\n@tool\ndef a(x): ...\n", ["a"]),
            (
                "class P(ToolProvider):\n    def __init__(self, k): ...\n    @tool\n    def run(self, q, z=1): ...\n",
                ["run"],
            ),
            ("def outer():\n    @tool\n    def a(): ...\n", []),
            ("class P:\n    @tool\n    def run(self): ...\n", []),
            ("# @tool\ndef a(): ...\n", []),
        ],
    )
    def test_tools(self, source, tools):
        module = python.read(source)
        assert isinstance(module, python.Module)
        assert [tool.name for tool in module.tools] == tools

    def test_parameters(self):
        signature = "x: int, /, y: 'CustomConnection', z: List[str] = (), *v, k, w=1, **kw"
        module = python.read(f"from typing import List\n@tool\ndef a({signature}): ...\n")
        assert isinstance(module, python.Module)
        (tool,) = module.tools
        assert [(p.name, p.required, p.type) for p in tool.parameters] == [
            ("x", True, "int"),
            ("y", True, ""),  # prompt flow does not look up what is quoted
            ("z", False, ""),
            ("k", True, ""),
            ("w", False, "int"),
        ]
        assert tool.takes_any

    def test_a_provider_takes_its_initialisers_inputs_too(self):
        module = python.read(
            "class P(ToolProvider):\n    def __init__(self, k): ...\n    @tool\n    def run(self, q, z=1): ...\n"
        )
        assert isinstance(module, python.Module)
        assert [(p.name, p.required) for p in module.tools[0].parameters] == [("k", True), ("q", True), ("z", False)]


class TestTemplates:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("no braces", []),
            ("{{ a }} {{ b.c }} {{ d[0] | upper }}", ["a", "b", "d"]),
            ("{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}", ["xs"]),
            ("{% set y = 1 %}{{ y }}", []),
            ("{{ a | default('') }}{% if b is defined %}{{ b }}{% endif %}", []),
            ("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}", []),
            ("{% macro m(p) %}{{ p }}{% endmacro %}{{ m(q) }}", ["q"]),
        ],
    )
    def test_variables(self, text, names):
        template = templates.read(text)
        assert isinstance(template, templates.Template)
        assert list(template.variables) == names
        everything = meta.find_undeclared_variables(Environment().parse(text))
        assert everything == set(template.variables) | template.optional

    def test_places(self):
        template = templates.read("first\n  {{ name }} {{ surname }}\n")
        assert isinstance(template, templates.Template)
        assert {n: (s.line, s.column) for n, s in template.variables.items()} == {"name": (2, 6), "surname": (2, 17)}

    @pytest.mark.parametrize(
        ("text", "yes"),
        [
            ("system:\nx", True),
            ("# User :\nx", True),
            ("{# c #}\n  {{ messages }}", True),
            ("{% for m in x %}", True),
            ("Hello {{name}}", False),
            ("user: hello", False),
        ],
    )
    def test_roles(self, text, yes):
        assert (not templates.problem_with_roles(text)) is yes


TAGS = st.lists(
    st.sampled_from(
        [
            *(
                "{{a}}",
                "{{ b.c }}",
                "{{- d[0]['e'] -}}",
                "{% for a in b %}",
                "{% for x in a.b %}",
                "{{ x.y }}",
                "{{ x }}",
            ),
            *("{% endfor %}", "{% if a %}", "{%- if x.z %}", "{% elif b %}", "{% else %}", "{% endif %}", "{# c #}"),
            *(
                "{{ loop }}",
                "{{ range }}",
                "{{ true }}",
                "{% raw %}",
                "{{ a | upper }}",
                "{{",
                "}}",
                "{",
                "%}",
                "text\n",
                "#}",
            ),
        ]
    ),
    max_size=14,
).map("".join)


NAME = st.sampled_from(["a", "b", "c"])
BLOCKS = st.recursive(
    st.sampled_from(["text\n", "{# c #}"]) | NAME.map("{{{{ {} }}}}".format) | NAME.map("{{{{- {}.x[0] -}}}}".format),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.builds("{{% for {} in {}.y %}}{}{{% endfor %}}".format, NAME, NAME, inner),
        st.builds(
            "{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format, NAME, inner, NAME, inner, inner
        ),
    ),
    max_leaves=8,
)


class TestSimpleTemplates:
    """What is read without Jinja2 is read as Jinja2 does."""

    @settings(max_examples=600, deadline=None)
    @given(TAGS)
    def test_as_jinja2(self, text):
        self.check(text)

    @settings(max_examples=300, deadline=None)
    @given(BLOCKS)
    def test_blocks_as_jinja2(self, text):
        assert simple_templates.variables(text) is not None
        self.check(text)

    def check(self, text):
        simple = simple_templates.variables(text)
        if simple is None:
            return
        assert set(simple) == meta.find_undeclared_variables(Environment().parse(text))
        for name, at in simple.items():
            assert text[at : at + len(name)] == name

    def test_it_is_used_for_most_prompts(self):
        for path in ("ask.jinja2", "notes.txt"):
            assert simple_templates.variables(check_bases.DAG[path]) is not None
        assert simple_templates.variables("{{ a | upper }}") is None
        assert simple_templates.variables("{% for x in xs %}{{ loop.index }}{% endfor %}") is None
        assert simple_templates.variables("{% for x in xs %}") is None
        assert simple_templates.variables("{% if a %}{% endfor %}") is None


class TestSecrets:
    @pytest.mark.parametrize(
        "text",
        [
            'api_key: "<user-input>"',
            "api_key: ${env:AZURE_OPENAI_API_KEY}",
            "api_key = os.environ['AZURE_OPENAI_API_KEY']",
            "password: your-password-goes-right-here",
            "subscription_key=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "secret_key: 00000000000000000000000000000000",
            "AccountKey=YOUR_KEY",
            "sk-your-key-here",
            "task-1234567890abcdefghijklmnopqrstuvwxyz",
            "token = get_access_token(client_2_of_the_application)",
            "https://x.blob.core.windows.net/a?sig=",
            "sha256: 4f9a1c0e7b2d48c5a6e3f0917d5b8c2e4f9a1c0e7b2d48c5a6e3f0917d5b8c2e",
            "auth_token: promptflow.connections.custom_2_types",
        ],
    )
    def test_what_is_none(self, text):
        assert secrets.found_in(text.encode()) == []

    def test_across_chunks(self):
        key = b"AccountKey=" + b"Ab3+/9zX" * 10 + b"abcdef=="
        for before in (secrets.CHUNK - 20, secrets.CHUNK - 5, secrets.CHUNK):
            content = b" " * before + key
            assert secrets.found_in(content) == [("an Azure storage account key", before + len("AccountKey="))]


def measured(call):
    """Returns the CPU seconds and the peak of memory of a call."""
    tracemalloc.start()
    try:
        call()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    began = time.process_time()
    call()
    return time.process_time() - began, peak


SECONDS = 4  # of CPU; each takes under one on an idle machine, and what is quadratic takes minutes
MEGABYTE = 1 << 20
NASTY = {
    "python lines": (python.read, "a\n" * 6_000),
    "python brackets": (python.read, "[" * 90 + "]" * 90),
    "python braces": (python.read, "f'" + "{a}" * 4_000 + "'"),
    "python decorators": (python.read, "@a\n" * 4_900),
    "python minus": (python.read, "-" * 19_000 + "1"),
    "python text": (python.read, "'" + "a" * (MEGABYTE - 9) + "'"),
    "python comment": (python.read, "#" * MEGABYTE),
    "template prints": (templates.read, "{{a}}" * (MEGABYTE // 5)),
    "template simple": (templates.read, "{{a}}" * 1_999 + " " * 900_000),
    "template long names": (templates.read, "{{" + "a" * 90 + ".b" * 20 + " " * 1_000_000),
    "template blanks": (templates.read, ("{{a" + " " * 1000) * 1000),
    "template few prints": (templates.read, "{{a}}" * 2_000),
    "template lines": (templates.read, "\n" * (MEGABYTE - 5) + "{{a}}"),
    "template digits": (templates.read, "{{" + "1" * (MEGABYTE - 9)),
    "template underscores": (templates.read, "{{" + "1_" * (MEGABYTE // 2)),
    "template escapes": (templates.read, "{{'" + "\\'" * (MEGABYTE // 2)),
    "template product": (templates.read, "{{" + "a*" * 300 + "a}}"),
    "template products": (templates.read, ("{{" + "a*" * 250 + "a}}") * 8),
    "template depth": (templates.read, "{{" + "(" * (MEGABYTE - 9)),
    "template blocks": (templates.read, "{%if a%}" * (MEGABYTE // 8)),
    "template braces": (templates.read, "{" * MEGABYTE),
    "template comment": (templates.problem_with_roles, "{#" * (MEGABYTE // 2)),
    "template role": (templates.problem_with_roles, " " * MEGABYTE),
    "secret eyJ": (secrets.found_in, b"eyJ" * (MEGABYTE // 3)),
    "secret eyJ.": (secrets.found_in, b"eyJaaaaaaaaaaa." * (MEGABYTE // 15)),
    "secret base64": (secrets.found_in, b"AccountKey=+ASt" + b"A" * (MEGABYTE - 20)),
    "secret keys": (secrets.found_in, b"key" * (MEGABYTE // 3)),
    "secret assigned": (secrets.found_in, b"api_key: " * (MEGABYTE // 9)),
    "secret sk": (secrets.found_in, b"sk-a-" * (MEGABYTE // 5)),
    "secret begin": (secrets.found_in, b"-----BEGIN A A A " * (MEGABYTE // 17)),
}


@pytest.mark.parametrize("name", NASTY)
def test_a_megabyte_takes_less_than_a_second_and_ten_megabytes(name):
    read, content = NASTY[name]
    seconds, peak = measured(lambda: read(content))
    assert seconds < SECONDS
    assert peak < 10 * MEGABYTE


DOTS = "é" + "x" * (MEGABYTE - 10)
WHOLE = {
    "yaml lines": ("flow.dag.yaml", "- abcdef\n" * (MEGABYTE // 9)),
    "yaml nodes": ("flow.dag.yaml", "nodes:\n" + "- {name: a, type: llm, inputs: {x: '${a.output}'}}\n" * 900),
    "yaml inputs": ("flow.dag.yaml", "nodes: []\ninputs:\n" + "".join(f"  i{n}: {{type: x}}\n" for n in range(2_400))),
    "yaml references": ("flow.dag.yaml", "nodes:\n- name: a\n  inputs: {x: '" + "${b.output} " * 40_000 + "'}\n"),
    "prompty front": ("a.prompty", "---\n" + "a: b\n" * (MEGABYTE // 5 - 9) + "---\nuser:\n"),
    "prompty open": ("a.prompty", "---\n" * (MEGABYTE // 4)),
    "prompty body": ("a.prompty", "---\nmodel: {}\n---\n" + "user:\n{{ a }}\n" * (MEGABYTE // 15)),
    "prompty blanks": ("a.prompty", " " * (MEGABYTE - 9)),
    "run": ("run.yml", "flow: .\ndata: x\n" + "x: y\n" * (MEGABYTE // 6)),
    "python": ("a.py", "x = 1\n" * (MEGABYTE // 6)),
    "text": ("a.md", "<<<<<<< a\n" * (MEGABYTE // 10)),
    "switches": ("a.md", "# flowsync: ignore[FS003]\n<<<<<<< a\n" * (MEGABYTE // 36)),
    "data": ("data.jsonl", '{"api_key": "' + "a1" * 20 + '"}\n' * (MEGABYTE // 3 - 30)),
    "keys": ("a.md", ("api_key: " + "a1b2c3d4" * 4 + "\n") * (MEGABYTE // 42)),
    "names": ("t.jinja2", "".join(f"{{{{ a{n} | upper }}}}" + "x" * 200 + "\n" for n in range(3_900))),
    "short names": ("t.jinja2", "".join(f"{{{{ a{n} }}}}" + "x" * 500 + "\n" for n in range(1_990))),
    "undefined": (
        "flow.dag.yaml",
        "nodes:\n" + "".join(f"- {{name: a{n}, type: llm, inputs: {{x: '${{b{n}.output}}'}}}}\n" for n in range(800)),
    ),
    "wide": ("a.md", DOTS),
    "connection": ("c.yaml", "# Connection.schema.json\n" + "a: b\n" * (MEGABYTE // 6)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_check_of_a_megabyte(name):
    path, text = WHOLE[name]
    content = text.encode()
    assert len(content) <= MEGABYTE
    prompt = b"nodes: [{name: p, type: prompt, source: {type: code, path: t.jinja2}}]\n"
    seconds, peak = measured(lambda: check({"flow.dag.yaml": prompt} | {path: content}))
    assert seconds < SECONDS
    assert peak < 10 * MEGABYTE


def chain(length: int, last: str) -> bytes:
    nodes = [
        f"- {{name: n{i}, type: python, source: {{path: a.py}}, inputs: {{x: '${{n{i + 1}.output}}'}}}}\n"
        for i in range(length)
    ]
    return ("inputs: {}\noutputs: {}\nnodes:\n" + "".join(nodes)).replace(f"n{length}", last).encode()


def test_long_chains_and_circles():
    tool = b"from promptflow import tool\n@tool\ndef a(x): ...\n"
    seconds, peak = measured(lambda: check({"flow.dag.yaml": chain(600, "n0"), "a.py": tool}))
    assert seconds < SECONDS
    assert peak < 10 * MEGABYTE
    assert codes({"flow.dag.yaml": chain(600, "n0"), "a.py": tool}) == ["FS102"]
    assert codes({"flow.dag.yaml": chain(600, "gone"), "a.py": tool}) == ["FS101"]


WORDS = st.sampled_from(
    [
        *("inputs:", "outputs:", "nodes:", "node_variants:", "additional_includes:", "environment:", "activate:"),
        *("- name: a", "type: python", "source:", "path: a.py", "use_variants: true", "variants:", "node:"),
        *(
            "default_variant_id: x",
            "reference: ${a.output}",
            "when: ${b}",
            "is: 1",
            "aggregation: true",
            "x:",
            "- ../y",
        ),
        *("default: []", "type: list", "is_chat_input: true", "*a", "&a", "<<: *a", "{}", "[]", "|", "'", "${", "}"),
    ]
)
SHAPED = st.lists(st.tuples(st.integers(0, 5), WORDS), max_size=30).map(
    lambda lines: "\n".join("  " * depth + word for depth, word in lines).encode()
)
NAMES = st.sampled_from(
    ["flow.dag.yaml", "flow.flex.yaml", "a.prompty", "a.py", "t.jinja2", "run.yml", "r.txt", "../y/a.py", "data.jsonl"]
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, SHAPED | st.binary(max_size=400), max_size=6))
def test_never_raises_whatever_the_files_hold(files):
    for finding in check(files):
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.path in files
        lines = files[finding.path].decode("utf-8", "replace").count("\n") + 1
        assert finding.line <= lines


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(DAG)), st.data())
def test_never_raises_on_a_spoiled_good_flow(path, data):
    content = DAG[path]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    check({**DAG, path: content[:start] + data.draw(st.binary(max_size=10)) + content[end:]})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_minutes_of_fuzzing():
    """Mutates good files at random; the seed is printed with what fails."""
    import random

    seed = random.randrange(1 << 32)
    source = random.Random(seed)
    ends = time.monotonic() + 600
    bases = [DAG, *({p: t.encode() for p, t in base.items()} for base in (check_bases.FLEX, check_bases.PROMPTY))]
    pieces = [
        b"${",
        b"{{",
        b"}}",
        b"{%",
        b"%}",
        b"[",
        b"{",
        b"&a ",
        b"*a",
        b"|\n",
        b"\t",
        b"\r\n",
        b"---\n",
        b"'",
        b'"',
        b": ",
    ]
    count = 0
    while time.monotonic() < ends:
        files = dict(source.choice(bases))
        for _ in range(source.randrange(1, 6)):
            path = source.choice(sorted(files))
            content = bytearray(files[path])
            at = source.randrange(len(content) + 1)
            kind = source.randrange(4)
            if kind == 0:
                content[at : at + source.randrange(30)] = source.randbytes(source.randrange(6))
            elif kind == 1:
                content[at:at] = source.choice(pieces) * source.choice((1, 1, 2, 300))
            elif kind == 2:
                content[at:at] = content[source.randrange(len(content) + 1) :][:200] * source.choice((1, 3, 50))
            else:
                del content[at:]
            files[path] = bytes(content)
        if source.randrange(20) == 0:  # one file grows to a megabyte, by its own pieces
            path = source.choice(sorted(files))
            at = source.randrange(len(files[path]) + 1)
            piece = files[path][at : at + source.choice((1, 2, 5, 20, 200, 4000))] or b"a"
            grown = files[path][:at] + piece * (MEGABYTE // len(piece))
            files[path] = grown[:MEGABYTE]
        began = time.process_time()
        try:
            check(files)
        except BaseException:
            print("seed", seed, "count", count)
            raise
        assert time.process_time() - began < 1, (seed, count)
        count += 1
    assert count > 2_000
