"""What a Jinja2 template uses, read with Jinja2's own parser: never rendered."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flowsync.core.check import simple_templates
from flowsync.core.document import Span, span_in

if TYPE_CHECKING:  # imported where a template needs it: it takes longer than all else that a hook does
    from jinja2 import Environment
    from jinja2.nodes import Template as Tree

MAX_TOKENS = 20_000
MAX_LINES = 50_000
MAX_ESCAPES = 10_000  # each costs the lexer's regular expression a hundred bytes of stack

_ROLE = re.compile(
    r"^[ \t]{0,20}#?[ \t]{0,20}(?:system|user|assistant|function|tool)[ \t]{0,20}:[ \t\r]{0,20}$",
    re.IGNORECASE | re.MULTILINE,
)
_TOP = Span(0, 0, 1, 1)
_LONG_NUMBER = re.compile(r"[0-9_]{1000}")
_MARKUP = re.compile(r"\{[{%#]")


class Template(NamedTuple):
    """A parsed template: what it must be given, with the place of the first use; and what it can do without."""

    variables: dict[str, Span]
    optional: frozenset[str]
    loads: tuple[Span, ...] = ()  # where it takes in another template


class Unread(NamedTuple):
    """Why a template could not be parsed: ``FS313`` or ``FS007``."""

    code: str
    message: str
    span: Span


class _TooLarge(Exception):
    """The template has more tokens than we look at."""


def read(text: str) -> Template | Unread:
    """Reads a template."""
    if not _MARKUP.search(text):
        return Template({}, frozenset())
    simple = simple_templates.variables(text)
    if simple is not None:
        return Template({name: span_in(text, at, at + len(name)) for name, at in sorted(simple.items())}, frozenset())
    if text.count("\n") > MAX_LINES or text.count("\\") > MAX_ESCAPES or _LONG_NUMBER.search(text):
        return Unread("FS007", "The template has too many lines or backslashes, or a number of 1,000 digits.", _TOP)
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        environment = _environment()
        return _template(text, environment.parse(text), environment)
    except TemplateSyntaxError as error:
        return Unread("FS313", f"Jinja2 says: {(error.message or '').rstrip('.')}.", _line(text, error.lineno))
    except (TemplateError, RecursionError, OverflowError, ValueError) as error:
        return Unread("FS313", f"Jinja2 cannot read this: {type(error).__name__}.", _TOP)
    except _TooLarge:
        message = f"The template has more than {MAX_TOKENS} words and signs inside its braces."
        return Unread("FS007", message, _TOP)


def problem_with_roles(text: str) -> str:
    """Returns what is wrong with the roles of a chat prompt as far as its text tells, or an empty text."""
    start = re.sub(r"\A(?:\s|\{#.{0,5000}?#\})*", "", text[:20_000], count=1, flags=re.DOTALL)
    if not start or start.startswith("{") or _ROLE.match(start):
        return ""  # or what is rendered there may begin with a role
    if start.startswith("\ufeff"):
        return "This chat prompt begins with a byte order mark, so that its first role is none to prompt flow."
    if _ROLE.search(text):
        return "This chat prompt has text before its first role."
    return "This chat prompt has no line such as `system:` or `user:`."


def _environment() -> "Environment":
    from jinja2 import Environment, pass_context
    from jinja2.ext import Extension
    from jinja2.lexer import Token, TokenStream

    class Bounded(Extension):
        """Ends the lexer's work on a template that would take too long."""

        def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
            """Passes a template's tokens on, up to the limit."""
            for count, token in enumerate(stream):
                if count > MAX_TOKENS:
                    raise _TooLarge
                yield token

    @pass_context
    def unknown(_: object, value: object) -> object:
        """Keeps the compiler from trying to compute every expression, which takes long for a long one."""
        return value

    return Environment(extensions=[Bounded], finalize=unknown)


def _template(text: str, tree: "Tree", environment: "Environment") -> Template:
    from jinja2 import meta, nodes

    # As meta.find_undeclared_variables does, but its optimiser takes quadratic time on a long expression.
    tracker = meta.TrackingCodeGenerator(environment)
    tracker.optimizer = None
    tracker.visit(tree)
    undeclared = tracker.undeclared_identifiers
    guarded = {
        name.name
        for test in tree.find_all((nodes.Test, nodes.Filter))
        if test.name in ("defined", "undefined", "default", "d") and test.node
        for name in [test.node]
        if isinstance(name, nodes.Name)
    }
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in undeclared:
            lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    written = text.split("\n")
    variables = {name: _word(written, lines.get(name, 1), name) for name in sorted(undeclared - guarded)}
    loading = tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport))
    loads = tuple(_line(text, node.lineno) for node in loading)
    return Template(variables, frozenset(undeclared & guarded), loads)


def _line(text: str, line: int) -> Span:
    content = text.split("\n", line)[line - 1] if line <= text.count("\n") + 1 else ""
    return Span(0, 0, line, len(content) - len(content.lstrip()) + 1)


def _word(lines: list[str], line: int, word: str) -> Span:
    content = lines[line - 1] if line <= len(lines) else ""
    found = re.search(rf"\b{re.escape(word)}\b", content)
    return Span(0, 0, line, found.start() + 1 if found else 1)
