"""Rules about flex flows and .prompty files. Group 4."""

import re
from collections.abc import Mapping

from flowsync.core.check import python, templates
from flowsync.core.check.schema import COMMON, LANGUAGES, Shape, check_choice, check_input, check_keys
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.check.texts import check_markers, check_yaml
from flowsync.core.check.tools import check_connection, check_include, read_python
from flowsync.core.document import Document, Node, Span, actual, parse
from flowsync.core.document import Mapping as Keys
from flowsync.core.flow import Text, entries, items, read_dag, text_of

_FLEX: Mapping[str, Shape] = {
    **COMMON,
    "entry": "text",
    "inputs": "mapping",
    "outputs": "mapping",
    "init": "mapping",
    "sample": "mapping",
    "code": "text",
}
_PROMPTY: Mapping[str, Shape] = {
    **COMMON,
    "model": "mapping",
    "inputs": "mapping",
    "outputs": "mapping",
    "sample": "any",
    "authors": "list",
    "template": "any",
    "parameters": "mapping",
}
_MODEL: Mapping[str, Shape] = {
    "api": "text",
    "configuration": "mapping",
    "parameters": "mapping",
    "response": "text",
}
_FLEX_TYPES = ("string", "int", "double", "bool", "list", "object")
_ENTRY = re.compile(r"[a-zA-Z0-9_.]{1,500}:[a-zA-Z0-9_]{1,500}")
_CSHARP_ENTRY = re.compile(r"\(.{1,500}\)[a-zA-Z0-9]{1,500}(?:\.[a-zA-Z0-9]{1,500}){1,50}")
_NEEDS = {"azure_openai": "azure_deployment", "openai": "model"}
_FENCE = re.compile(r"\A\ufeff?\s{0,100}---[ \t]{0,100}\r?\n(.*?)^---[ \t]{0,100}\r?$", re.DOTALL | re.MULTILINE)
_APIS = ("chat", "completion")
_RESPONSES = ("first", "all")


def check_flex(subject: Subject, path: str, document: Document) -> None:
    """Checks a ``flow.flex.yaml``."""
    root = actual(document.root) if document.root else None
    if not isinstance(root, Keys):
        if root is not None:
            subject.report("FS203", path, TOP, "A definition is a mapping with the key `entry`.")
        return
    check_keys(subject, path, root, _FLEX, "a flex flow")
    check_choice(subject, path, root, "language", LANGUAGES)
    for include in items(root.get("additional_includes")):
        if text := text_of(include):
            check_include(subject, path, text)
    for item in read_dag(document).inputs:
        check_input(subject, path, item, _FLEX_TYPES)
    entry = text_of(root.get("entry"))
    if entry is None:
        subject.report("FS202", path, TOP, "The key `entry` is missing.")
        return
    language = text_of(root.get("language"))
    if language and language.text == "csharp":
        if not _CSHARP_ENTRY.search(entry.text):
            subject.report("FS401", path, entry.span, f"The entry {entry.text[:200]!r} is not `(Assembly)Type.Method`.")
    elif not _ENTRY.fullmatch(entry.text):
        subject.report("FS401", path, entry.span, f"The entry {entry.text[:200]!r} is not `module:function`.")
    else:
        _check_entry(subject, path, root, entry)


def _check_entry(subject: Subject, path: str, root: Keys, entry: Text) -> None:
    module_name, _, name = entry.text.partition(":")
    base = module_name.replace(".", "/")
    file = subject.locate(f"{base}.py") or subject.locate(f"{base}/__init__.py")
    if file is None:
        package = module_name.partition(".")[0]
        if not any(other == f"{package}.py" or other.startswith(f"{package}/") for other in subject.paths):
            fix = f"Add {base}.py (is it staged?), or correct the entry."
            subject.report("FS402", path, entry.span, f"The module {module_name!r} of the entry does not exist.", fix)
        else:
            subject.report("FS402", path, entry.span, f"The module {module_name!r} of the entry does not exist.")
        return
    module = read_python(subject, file)
    if module is None:
        return
    found = module.defined.get(name)
    if found is None:
        if not module.open:
            subject.report("FS402", path, entry.span, f"{file} defines no {name!r}.")
        return
    _check_ports(subject, path, root.get("inputs"), found, "inputs")
    if name in module.initialisers:
        _check_ports(subject, path, root.get("init"), module.initialisers[name], "init")


def _check_ports(subject: Subject, path: str, declared: Node | None, call: python.Callable, key: str) -> None:
    if declared is None:
        return  # prompt flow takes them from the signature then
    names = {entry.name: entry.key.span for entry in entries(declared)}
    takes = {parameter.name for parameter in call.parameters}
    for name, span in names.items():
        if name not in takes and not call.takes_any:
            subject.report("FS405", path, span, f"`{key}` declares {name!r}, which {call.name!r} does not take.")
    for parameter in call.parameters:
        if parameter.required and parameter.name not in names:
            message = f"{call.name!r} needs {parameter.name!r}, which `{key}` does not declare."
            subject.report("FS405", path, declared.span, message)


def check_prompty(subject: Subject, path: str) -> None:
    """Checks a ``.prompty`` file."""
    text = subject.text(path)
    if text is None or check_markers(subject, path, text):
        return
    fence = _FENCE.match(text)
    if fence is None:
        subject.report("FS403", path, TOP, "The file does not start with front matter between `---` lines.")
        return
    # Blank lines in place of what precedes keep lines and columns true.
    above = text.count("\n", 0, fence.start(1))
    document = parse("\n" * above + fence.group(1))
    check_yaml(subject, path, document)
    if not document.parsed:
        return
    root = actual(document.root) if document.root else None
    if not isinstance(root, Keys):
        subject.report("FS403", path, TOP, "The front matter is not a mapping.")
        return
    check_keys(subject, path, root, _PROMPTY, "a .prompty file")
    api = _check_model(subject, path, root)
    _check_body(subject, path, root, text, fence.end())
    if api == "chat":
        check_roles_in(subject, path, text[fence.end() :])


def check_roles_in(subject: Subject, path: str, body: str) -> None:
    """Checks that the body of a chat .prompty has a role."""
    if body.strip() and not templates.has_role(body):
        subject.report("FS407", path, TOP, "This chat prompt has no line such as `system:` or `user:`.")


def _check_model(subject: Subject, path: str, root: Keys) -> str:
    model = root.get("model")
    if not isinstance(model, Keys):
        if model is None:
            subject.report("FS404", path, TOP, "The key `model` is missing.")
        return "chat"
    check_keys(subject, path, model, _MODEL, "a model")
    check_choice(subject, path, model, "api", _APIS)
    check_choice(subject, path, model, "response", _RESPONSES)
    configuration = model.get("configuration")
    if not isinstance(configuration, Keys):
        if configuration is None:
            subject.report("FS404", path, model.span, "The model has no `configuration`.")
    else:
        _check_configuration(subject, path, configuration)
    api = text_of(model.get("api"))
    return api.text if api else "chat"


def _check_configuration(subject: Subject, path: str, configuration: Keys) -> None:
    connection = text_of(configuration.get("connection"))
    if connection:
        check_connection(subject, path, connection)
    kind = text_of(configuration.get("type"))
    if kind is None:
        if connection is None:
            subject.report("FS404", path, configuration.span, "The model's configuration has no `type`.")
    elif kind.text not in _NEEDS:
        check_choice(subject, path, configuration, "type", tuple(_NEEDS))
    elif configuration.get(_NEEDS[kind.text]) is None:
        message = f"A model of type {kind.text} needs `{_NEEDS[kind.text]}`."
        subject.report("FS404", path, configuration.span, message)


def _check_body(subject: Subject, path: str, root: Keys, text: str, start: int) -> None:
    body = text[start:]
    template = templates.read(body)
    above = text.count("\n", 0, start)
    if isinstance(template, templates.Unread):
        subject.report(template.code, path, _lower(template.span, above), template.message)
        return
    inputs = root.get("inputs")
    if inputs is None:
        return  # any name may be given then
    declared = {entry.name for entry in entries(inputs)}
    for name, span in template.variables.items():
        if name not in declared:
            subject.report("FS406", path, _lower(span, above), f"The variable {name!r} is not among the inputs.")


def _lower(span: Span, lines: int) -> Span:
    return Span(0, 0, span.line + lines, span.column)
