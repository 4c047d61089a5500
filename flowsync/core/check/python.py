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

# Annotations that say no type to prompt flow; "" stands for those that are no name.
_OPAQUE = frozenset(
    {"", "Any", "Callable", "Dict", "List", "Optional", "Set", "Tuple", "Union", "object", "set", "tuple"}
)
_TOKEN = re.compile(r"\w+|[^\w\s]|\n")
_WEIGHTS = {"\n": 3, "{": 3}
_BRACKETS = re.compile(r"[\[({]|[\])}]")


class Parameter(NamedTuple):
    """One parameter; ``type`` is the name that says its type to prompt flow (``int``, ``CustomConnection``), or empty.

    ``simple`` is whether prompt flow can read its annotation in a flex flow's entry.
    """

    name: str
    required: bool
    type: str
    simple: bool = True


class Callable(NamedTuple):
    """A function or class that can be called, and with what."""

    name: str
    span: Span
    parameters: tuple[Parameter, ...]
    takes_any: bool  # has **kwargs
    returns: bool = True  # something that prompt flow lets a flex flow's entry return
    written: bool = True  # is there to be read, not inherited


class Module(NamedTuple):
    """A parsed source.

    ``tools`` are sure to be prompt flow's; ``unsure`` tells that others may be. ``defined`` holds what can be called by
    name; ``open`` tells that there may be more. ``imports`` are the modules that it names, relative ones with dots.
    """

    tools: tuple[Callable, ...]
    unsure: bool
    defined: dict[str, Callable]
    initialisers: dict[str, Callable]
    open: bool
    imports: frozenset[str] = frozenset()


class Unread(NamedTuple):
    """Why a source could not be parsed: ``FS308`` or ``FS007``."""

    code: str
    message: str
    span: Span


def read(text: str) -> Module | Unread:
    """Reads a Python source."""
    text = text.removeprefix("\ufeff")
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
    words, unknown = Words(), False
    for statement in _statements(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[statement.name] = statement  # a later definition replaces an earlier one
        elif isinstance(statement, ast.ClassDef):
            classes[statement.name] = statement
        elif isinstance(statement, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign):
            words.take(statement)
            unknown = True
    words.tools -= functions.keys() | classes.keys()
    quoted = "__future__.annotations" in words.modules
    read = {name: _callable(function, quoted=quoted) for name, function in functions.items()}
    tools = [read[name] for name, function in functions.items() if words.marked(function) is True]
    initialisers = {name: _initialiser(item, quoted) for name, item in classes.items()}
    for name, item in classes.items():
        found = (_callable(method, method=True, quoted=quoted) for method in _methods(item, words))
        tools += [_with_initialiser(method, initialisers[name]) for method in found]
    callables = read | {name: _call_of(item, quoted) for name, item in classes.items()}
    unsure = words.unsure or any(words.marked(function) is None for function in functions.values())
    return Module(tuple(tools), unsure, callables, initialisers, unknown, frozenset(_imports(tree)))


def _imports(tree: ast.Module) -> Iterator[str]:
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            base = "." * statement.level + (statement.module or "")
            yield base
            yield from (f"{base}{'' if base.endswith('.') else '.'}{alias.name}" for alias in statement.names)


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


class Words:
    """What a module's names mean where ``@tool`` is concerned."""

    def __init__(self) -> None:
        self.tools = {"tool"}  # prompt flow's, or taken for it
        self.modules: set[str] = set()  # prompt flow's, and what was imported out of __future__
        self.unsure = False  # a tool may be made in another way than by a decorator
        self._others: set[str] = set()  # came from elsewhere: prompt flow's under another roof, or not

    def take(self, statement: ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign) -> None:
        """Takes in what an import or an assignment binds."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name.partition(".")[0] == "promptflow":
                    self.modules.add(alias.asname or "promptflow")
        elif isinstance(statement, ast.ImportFrom):
            self._from(statement)
        elif statement.value is not None:
            # ``my_tool = tool(function)``, ``step = core.tool``
            self.unsure |= any(
                (isinstance(node, ast.Name) and node.id in self.tools and node.id not in self._others)
                or (isinstance(node, ast.Attribute) and node.attr == "tool")
                for node in ast.walk(statement.value)
            )

    def _from(self, statement: ast.ImportFrom) -> None:
        module = statement.module or ""
        own = module.partition(".")[0] == "promptflow" and not statement.level
        for alias in statement.names:
            name = alias.asname or alias.name
            if module == "__future__":
                self.modules.add(f"__future__.{alias.name}")
            elif own and alias.name == "tool":
                self.tools.add(name)
                self._others.discard(name)
            elif own:
                self.modules.add(name)
            elif name in self.tools:
                self._others.add(name)

    def marked(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool | None:
        """Tells whether a decorator makes it a tool; None if that depends on what was imported from elsewhere."""
        found: bool | None = False
        for decorator in function.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(target, ast.Name) and target.id in self.tools:
                found = True if target.id not in self._others else found or None
            elif isinstance(target, ast.Attribute) and target.attr == "tool":
                found = True if _root(target) in self.modules else found or None
        return found


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _methods(item: ast.ClassDef, words: Words) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    if any(_last_name(base) == "ToolProvider" for base in item.bases):
        for member in item.body:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and words.marked(member):
                yield member


def _member(item: ast.ClassDef, name: str, quoted: bool) -> Callable | None:
    for member in item.body:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name == name:
            return _callable(member, method=True, quoted=quoted)
    return None


def _initialiser(item: ast.ClassDef, quoted: bool) -> Callable:
    inherited = bool(item.bases or item.decorator_list or item.keywords)  # or made by @dataclass
    return _member(item, "__init__", quoted) or Callable(item.name, _span(item), (), inherited, written=inherited)


def _call_of(item: ast.ClassDef, quoted: bool) -> Callable:
    inherited = bool(item.bases or item.decorator_list or item.keywords)
    return _member(item, "__call__", quoted) or Callable(item.name, _span(item), (), True, written=inherited)


def _with_initialiser(method: Callable, initialiser: Callable) -> Callable:
    takes_any = method.takes_any or initialiser.takes_any
    return Callable(method.name, method.span, (*initialiser.parameters, *method.parameters), takes_any)


def _callable(function: ast.FunctionDef | ast.AsyncFunctionDef, method: bool = False, quoted: bool = False) -> Callable:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    pairs = [*zip(positional, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    parameters = tuple(_parameter(arg, default, quoted) for arg, default in pairs[1 if method and positional else 0 :])
    returns = function.returns is None or (_returned(function.returns) and not quoted)
    return Callable(function.name, _span(function), parameters, given.kwarg is not None, returns)


def _parameter(arg: ast.arg, default: ast.expr | None, quoted: bool) -> Parameter:
    if arg.annotation is None:
        kind = type(default.value).__name__ if isinstance(default, ast.Constant) and default.value is not None else ""
        return Parameter(arg.arg, default is None, "list" if isinstance(default, ast.List) else kind)
    annotation = _without_none(arg.annotation)
    if quoted or isinstance(annotation, ast.Constant):
        return Parameter(arg.arg, default is None, "", simple=False)  # prompt flow does not look names up
    kind = "" if isinstance(annotation, ast.Subscript | ast.BinOp) else _last_name(annotation)
    return Parameter(arg.arg, default is None, kind, kind not in _OPAQUE)


def _without_none(node: ast.expr) -> ast.expr:
    """Returns what is optional in ``Optional[int]`` and ``Union[int, None]``; any other annotation itself."""
    if not isinstance(node, ast.Subscript) or _last_name(node.value) not in ("Optional", "Union"):
        return node
    choices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    real = [choice for choice in choices if not (isinstance(choice, ast.Constant) and choice.value is None)]
    return real[0] if len(real) == 1 else node


def _returned(node: ast.expr) -> bool:
    """Tells whether prompt flow lets a flex flow's entry return this: a str, or a class that it can take apart."""
    node = _without_none(node)
    refused = ("dict", "list", "int", "float", "bool", "object", "tuple", "set", "bytes")
    return isinstance(node, ast.Name | ast.Attribute) and _last_name(node) not in refused


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
    return Span(0, 0, node.lineno, node.col_offset + 1)


def _last_name(node: ast.expr | None) -> str:
    """Returns ``int`` for ``int``, ``CustomConnection`` for ``connections.CustomConnection``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
