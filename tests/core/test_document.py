"""core/document: nodes know where they are, and no input is too nasty."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.core import document
from flowsync.core.document import Alias, Mapping, Scalar, Sequence, actual, parse, walk

FLOW = """\
# a comment
inputs:
  question: {type: string, "default": 'what?'}  # kept
  count:
    type: int
    default: 3

nodes:
- name: ask
  source:
    path: "ask me.jinja2"
  note: |
    two
    lines
# trailing
"""


def root(text: str | bytes) -> Mapping:
    parsed = parse(text)
    assert parsed.problems == ()
    assert isinstance(parsed.root, Mapping)
    return parsed.root


def test_every_node_is_where_it_says():
    parsed = parse(FLOW)
    found = {parsed.source(node): (node.span.line, node.span.column) for node in walk(parsed.root)}
    assert found["{type: string, \"default\": 'what?'}"] == (3, 13)
    assert found["'what?'"] == (3, 39)
    assert found['"ask me.jinja2"'] == (11, 11)
    assert found["type: int\n    default: 3"] == (5, 5)
    assert found["|\n    two\n    lines\n"] == (12, 9)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff", "# ümläut 😀\n"])
def test_offsets_survive_line_ends_bom_and_wide_characters(newline, start):
    text = (start + "a: 😀é\nb:\n- [x, 'y z']\nc:\nd: end\n").replace("\n", newline)
    parsed = parse(text.encode())
    assert parsed.text == text
    scalars = [node for node in walk(parsed.root) if isinstance(node, Scalar) and node.value]
    assert [parsed.source(node).strip("'") for node in scalars] == [node.value for node in scalars]
    below = 1 if start.startswith("#") else 0
    assert [(n.span.line - below, n.span.column) for n in scalars if n.value in ("a", "x", "end")] == [
        (1, 1),
        (3, 4),
        (5, 4),
    ]


def test_scalars_are_typed_as_yaml_1_2():
    values = root(
        "a: [1, -2, 0x1F, 0o17, 010, 1.5, 1e3, .inf, true, TRUE, null, ~, '', yes, off, 'true', 12:30, 1_000]"
    )
    listed = values.get("a")
    assert isinstance(listed, Sequence)
    resolved = [item.resolved() for item in listed.items if isinstance(item, Scalar)]
    assert resolved == [
        *(1, -2, 31, 15, 10, 1.5, 1000.0, float("inf"), True, True, None, None),
        *("", "yes", "off", "true", "12:30", 1000),
    ]
    assert [type(value) for value in resolved[:9]] == [int, int, int, int, int, float, float, float, bool]


def test_duplicate_keys_are_told_with_both_places_and_both_kept():
    parsed = parse("a: 1\nb: 2\n'a': 3\n")
    assert [(p.kind, p.span.line, p.message) for p in parsed.problems] == [
        ("duplicate", 3, "the key 'a' is already on line 1")
    ]
    assert parsed.parsed
    assert isinstance(parsed.root, Mapping)
    assert len(parsed.root.entries) == 3
    assert parse("1: a\n'1': b\n").problems == ()  # a number and a text are two keys


def test_aliases_are_not_expanded():
    parsed = root("a: &x {k: v}\nb: *x\n")
    alias = parsed.entries[1].value
    assert isinstance(alias, Alias)
    assert actual(alias) is parsed.entries[0].value
    assert parsed.get("b") is parsed.get("a")


@pytest.mark.parametrize(
    ("text", "kind", "line", "column"),
    [
        (b"a: [1\nb: 2\n", "syntax", 2, 2),
        (b"a:\n\tb: 1\n", "syntax", 2, 1),
        (b"a: 1\n<<<<<<< HEAD\nb: 1\n", "syntax", 3, 1),
        (b"a: *x\n", "syntax", 1, 4),
        (b"a: &x [*x]\n", "syntax", 1, 8),
        (b"a: 1\n---\nb: 1\n", "syntax", 2, 1),
        (b"a: 1\nb: \xff\n", "encoding", 2, 4),
        (b"a: 1\nb: \x07\n", "encoding", 2, 4),
        (b"\x00" * 50, "encoding", 1, 1),
        (b"[" * 100, "limit", 1, 61),
        (b"- a\n" * 20_000, "limit", 10_001, 3),
        (b"a: &x 1\n" + b"".join(b"k%d: *x\n" % i for i in range(201)), "limit", 202, 7),
        (b"#" * (1 << 20), "limit", 1, 1),
    ],
)
def test_what_is_wrong_is_a_value_with_a_place(text, kind, line, column):
    parsed = parse(text)
    problem = parsed.problems[-1]
    assert (problem.kind, problem.span.line, problem.span.column) == (kind, line, column), problem
    assert not parsed.parsed


def test_an_empty_file_is_an_empty_document():
    for text in (b"", b"\n\n", b"# only a comment\n", b"---\n"):
        parsed = parse(text)
        assert parsed.problems == ()
        assert parsed.root is None or isinstance(parsed.root, Scalar)


def test_the_pure_parser_gives_the_same_tree(monkeypatch):
    import yaml

    fast = parse(FLOW)
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    monkeypatch.setattr(document, "_PURE", True)
    slow = parse(FLOW)
    scalars = [[n for n in walk(parsed.root) if isinstance(n, Scalar)] for parsed in (fast, slow)]
    assert scalars[0] == scalars[1]
    assert parse("# " + "x" * document.MAX_SIZE_PURE).problems[0].kind == "limit"


HALF = 512 * 1024
NASTY = {
    "items": b"- abcd\n" * 9_990,
    "keys": b"".join(b"k%d: v\n" % i for i in range(4_990)),
    "duplicates": b"a: 1\n" * 4_990,
    "wide": b'"' + b"a" * (HALF - 10) + "😀".encode() + b'"',
    "comment": b"#" + b"a" * (HALF - 2),
    "words": b"a " * (HALF // 2),
    "newlines": b"\n" * HALF,
    "questions": b"? " * (HALF // 2),
    "dashes": b"- " * (HALF // 2),
    "braces": b"{" * HALF,
    "anchors": b"".join(b"- &a%d [*a%d]\n" % (i + 1, i) for i in range(9_000)),
    "laughs": b"a: &a0 [x]\n" + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b"*a%d," % (i - 1) * 9) for i in range(1, 30)),
}


@pytest.mark.parametrize("name", NASTY)
def test_memory_stays_below_ten_times_a_megabyte(name):
    tracemalloc.start()
    try:
        parse(NASTY[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
    began = time.process_time()
    parse(NASTY[name])
    assert time.process_time() - began < 1  # the CPU's second: the machine's load does not count


@given(st.binary(max_size=2_000) | st.text(max_size=2_000))
def test_never_raises(content):
    parse(content)


PIECES = st.lists(
    st.sampled_from(
        ["a", ": ", "\n", "- ", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "'", '"', "|", ">", "#", "? ", "!t"]
    )
    | st.text(alphabet="ab 😀é\r\t", max_size=3),
    max_size=40,
).map("".join)


@settings(max_examples=300)
@given(PIECES)
def test_spans_nest_and_hold_what_they_say(text):
    parsed = parse(text)
    if not parsed.parsed or parsed.root is None:
        return
    for node in walk(parsed.root):
        assert 0 <= node.span.start <= node.span.end <= len(parsed.text)
        below = (
            node.items
            if isinstance(node, Sequence)
            else [part for entry in node.entries for part in (entry.key, entry.value)]
            if isinstance(node, Mapping)
            else ()
        )
        for child in below:
            assert node.span.start <= child.span.start
            assert child.span.end <= node.span.end
        if isinstance(node, Scalar) and not node.style and node.value and len(parsed.source(node).splitlines()) == 1:
            assert parsed.source(node).endswith(node.value)
