"""What a Python source defines, read with ``ast``: never imported, never run.

What belongs here: tools, entries and their parameters, and where a syntax error is. What a node makes of them is in
``tools``.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flowsync.core.document import Span

MAX_WEIGHT = 20_000  # words, signs and line ends, by what they cost in the tree: at most 500 bytes each
MAX_NESTING = 90

_TOKEN = re.compile(r"\w+|[^\w\s]|\n")
_WEIGHTS = {"\n": 3, "{": 3}
_BRACKETS = re.compile(r"[\[({]|[\])}]")


class Parameter(NamedTuple):
    """One parameter; ``type`` is its annotation's last name (``int``, ``CustomConnection``), or empty."""

    name: str
    required: bool
    type: str


class Callable(NamedTuple):
    """A function or class that can be called, and with what."""

    name: str
    span: Span
    parameters: tuple[Parameter, ...]
    takes_any: bool  # has **kwargs


class Module(NamedTuple):
    """A parsed source. ``defined`` holds what can be called by name; ``open`` tells that there may be more."""

    tools: tuple[Callable, ...]
    defined: dict[str, Callable]
    initialisers: dict[str, Callable]
    open: bool


class Unread(NamedTuple):
    """Why a source could not be parsed: ``FS308`` or ``FS007``."""

    code: str
    message: str
    span: Span


def read(text: str) -> Module | Unread:
    """Reads a Python source."""
    if too_much := _too_much(text):
        return Unread("FS007", too_much, Span(0, 0, 1, 1))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the user's code, such as an invalid escape
            tree = ast.parse(text)
    except SyntaxError as error:
        line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
        return Unread("FS308", f"Python says: {error.msg}.", Span(0, 0, line, column))
    except (ValueError, RecursionError, MemoryError) as error:
        return Unread("FS308", f"Python cannot read this: {type(error).__name__}.", Span(0, 0, 1, 1))
    return _module(tree)


def _too_much(text: str) -> str:
    depth = deepest = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket.group() in "[({" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        return f"The source is nested deeper than {MAX_NESTING} levels."
    weight = 0
    for token in _TOKEN.finditer(text):
        weight += _WEIGHTS.get(token.group(), 1)
        if weight > MAX_WEIGHT:
            return "The source is too long to be checked (about 2,000 lines can be)."
    return ""


def _module(tree: ast.Module) -> Module:
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    classes: dict[str, ast.ClassDef] = {}
    tool_names, unknown = {"tool"}, False
    for statement in _statements(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[statement.name] = statement  # a later definition replaces an earlier one
        elif isinstance(statement, ast.ClassDef):
            classes[statement.name] = statement
        elif isinstance(statement, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign):
            tool_names |= _tool_names(statement)
            unknown = True
    tools = [_callable(function) for function in functions.values() if _is_tool(function, tool_names)]
    initialisers = {name: _initialiser(item) for name, item in classes.items()}
    for name, item in classes.items():
        tools += [_with_initialiser(method, initialisers[name]) for method in _methods(item, tool_names)]
    callables = {name: _callable(function) for name, function in functions.items()}
    callables |= {name: _call_of(item) for name, item in classes.items()}
    return Module(tuple(tools), callables, initialisers, unknown)


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields a module's statements, with those inside if, try and with."""
    pending = list(reversed(body))
    while pending:
        statement = pending.pop()
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.TryStar | ast.With):
            inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
            handled = [line for child in getattr(statement, "handlers", ()) for line in child.body]
            pending.extend(reversed(inner + handled))


def _tool_names(statement: ast.stmt) -> set[str]:
    if not isinstance(statement, ast.ImportFrom) or not (statement.module or "").startswith("promptflow"):
        return set()
    return {alias.asname or alias.name for alias in statement.names if alias.name == "tool"}


def _is_tool(function: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Name) and target.id in names:
            return True
        if isinstance(target, ast.Attribute) and target.attr == "tool":
            return True
    return False


def _methods(item: ast.ClassDef, names: set[str]) -> Iterator[Callable]:
    if any(_last_name(base) == "ToolProvider" for base in item.bases):
        for member in item.body:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and _is_tool(member, names):
                yield _callable(member, method=True)


def _member(item: ast.ClassDef, name: str) -> Callable | None:
    for member in item.body:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name == name:
            return _callable(member, method=True)
    return None


def _initialiser(item: ast.ClassDef) -> Callable:
    own = _member(item, "__init__")
    inherited = bool(item.bases or item.decorator_list or item.keywords)  # or made by @dataclass
    return own or Callable(item.name, _span(item), (), inherited)


def _call_of(item: ast.ClassDef) -> Callable:
    return _member(item, "__call__") or Callable(item.name, _span(item), (), True)


def _with_initialiser(method: Callable, initialiser: Callable) -> Callable:
    takes_any = method.takes_any or initialiser.takes_any
    return Callable(method.name, method.span, (*initialiser.parameters, *method.parameters), takes_any)


def _callable(function: ast.FunctionDef | ast.AsyncFunctionDef, method: bool = False) -> Callable:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    without_default = len(positional) - len(given.defaults)
    parameters = [
        Parameter(arg.arg, index < without_default, _last_name(arg.annotation)) for index, arg in enumerate(positional)
    ]
    parameters += [
        Parameter(arg.arg, default is None, _last_name(arg.annotation))
        for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if method:
        parameters = parameters[1:]
    return Callable(function.name, _span(function), tuple(parameters), given.kwarg is not None)


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
    return Span(0, 0, node.lineno, node.col_offset + 1)


def _last_name(node: ast.expr | None) -> str:
    """Returns ``int`` for ``int``, ``List`` for ``typing.List[str]``, and the text of a quoted annotation."""
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    return node.id if isinstance(node, ast.Name) else ""
