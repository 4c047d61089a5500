"""Rules about .prompty files. Group 4."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

from flowsync.core.check import templates
from flowsync.core.check.schema import COMMON, Shape, check_choice, check_keys
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.check.texts import check_markers, check_yaml
from flowsync.core.check.tools import check_connection, check_loaded
from flowsync.core.document import Mapping as Keys
from flowsync.core.document import Span, actual, parse, span_in
from flowsync.core.flow import entries, text_of

_PROMPTY: Mapping[str, Shape] = {
    **COMMON,
    **dict.fromkeys(("id", "message_format", "name"), "word"),
    "version": "any",
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
_NEEDS = {"azure_openai": "azure_deployment", "openai": "model"}
_APIS = ("chat", "completion")
_RESPONSES = ("first", "all")
_OPENING = re.compile(r"-{3,200}\r?\n")
_CLOSING = re.compile(r"---\r?\n")
_MANY = 1000


def check_prompty(subject: Subject, path: str) -> None:
    """Checks a ``.prompty`` file."""
    text = subject.text(path)
    if text is None or check_markers(subject, path, text):
        return
    front = _front_matter(subject, path, text)
    if front is None:
        return
    # Blank lines in place of what precedes keep lines and columns true.
    above = text.count("\n", 0, front.start)
    document = parse("\n" * above + text[front.start : front.end])
    check_yaml(subject, path, document)
    if not document.parsed:
        return
    root = actual(document.root) if document.root else None
    if not isinstance(root, Keys):
        subject.report("FS403", path, TOP, "The front matter is not a mapping.")
        return
    check_keys(subject, path, root, _PROMPTY, "a .prompty file")
    api = _check_model(subject, path, root)
    _check_body(subject, path, root, text, front.body)
    if api == "chat" and (problem := templates.problem_with_roles(text[front.body :])):
        subject.report("FS407", path, TOP, problem)


class _Front(NamedTuple):
    """Where the front matter starts and ends, and the body starts."""

    start: int
    end: int
    body: int


def _front_matter(subject: Subject, path: str, text: str) -> _Front | None:
    """Finds the front matter as prompt flow does: up to the last dashes that end a line."""
    opening = _OPENING.search(text)
    closings = [*islice(_CLOSING.finditer(text, opening.end()), _MANY)] if opening else []
    if opening is None or not closings:
        subject.report("FS403", path, TOP, "The file does not start with front matter between `---` lines.")
        return None
    if len(closings) > 1:
        message = "This line ends with dashes as well: prompt flow takes everything above it for front matter."
        subject.report("FS403", path, span_in(text, *closings[-1].span()), message, "Take those dashes out.")
        return None
    return _Front(opening.end(), closings[0].start(), closings[0].end())


def _check_model(subject: Subject, path: str, root: Keys) -> str:
    model = root.get("model")
    if not isinstance(model, Keys):
        if model is None:
            subject.report("FS404", path, TOP, "The key `model` is missing.")
        return "chat"
    check_keys(subject, path, model, _MODEL, "a model")
    check_choice(subject, path, model, "api", _APIS)
    check_choice(subject, path, model, "response", _RESPONSES)
    if model.get("parameters") is None:
        subject.report("FS404", path, model.span, "The model has no `parameters`.")
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
    elif kind.text not in _NEEDS and connection:
        return  # the connection says which kind it is
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
    check_loaded(subject, path, template, above)
    inputs = root.get("inputs")
    if inputs is None:
        return  # any name may be given then
    declared = {entry.name for entry in entries(inputs)}
    for name, span in template.variables.items():
        if name not in declared:
            subject.report("FS406", path, _lower(span, above), f"The variable {name!r} is not among the inputs.")


def _lower(span: Span, lines: int) -> Span:
    return Span(0, 0, span.line + lines, span.column)
