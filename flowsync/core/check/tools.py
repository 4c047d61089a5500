"""Rules about what a node runs: source, tool parameters, template variables, connection. Group 3."""

from flowsync.core.check import python, templates
from flowsync.core.check.folder import joined
from flowsync.core.check.schema import check_literal, problem_with_literal
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.check.texts import check_markers
from flowsync.core.document import Mapping, Node, Scalar, Span, parse
from flowsync.core.flow import Assignment, Dag, Source, Step, Text, text_of

# What the llm tool's own functions take; a template cannot use these names (promptflow-tools 1.6).
_BOTH = frozenset(
    {
        *("connection", "prompt", "temperature", "top_p", "n", "stream", "stop"),
        *("max_tokens", "presence_penalty", "frequency_penalty", "logit_bias", "user"),
    }
)
_MODEL = ("deployment_name", "model")  # Azure's functions take the one, OpenAI's the other
_CHAT = _BOTH | {"function_call", "functions", "tool_choice", "tools", "response_format", "seed"}
_COMPLETION = _BOTH | {"suffix", "logprobs", "echo", "best_of"}
_LLM_INPUTS = {"chat": _CHAT, "completion": _COMPLETION}
_PROMPT_RESERVED = frozenset({"template"})
_ANY_API = _CHAT | _COMPLETION
_LITERAL_TYPES = {"int": "int", "float": "double", "bool": "bool", "list": "list"}


def check_tools(subject: Subject, path: str, dag: Dag) -> None:
    """Checks every node's source and inputs, and the files that the definition names."""
    for include in dag.includes:
        check_include(subject, path, include)
    if dag.requirements:
        target = joined("", dag.requirements.text)
        if target is None or target.startswith(".."):
            outside(subject, path, dag.requirements)
        elif subject.locate(target) is None:
            message = f"The requirements file {dag.requirements.text[:200]!r} does not exist."
            subject.report("FS303", path, dag.requirements.span, message)
    for step in dag.steps():
        _check_step(subject, path, step)


def check_include(subject: Subject, path: str, include: Text) -> None:
    """Checks one additional include, and provides what it brings into the flow."""
    target = joined("", include.text)
    found = subject.below(target) if target else ()
    if target is None or not found:
        subject.report("FS304", path, include.span, f"The include {include.text[:200]!r} does not exist.")
        return
    folder = target.rpartition("/")[0]
    for name in found:
        subject.provided.setdefault(name[len(folder) + 1 :] if folder else name, name)


def outside(subject: Subject, path: str, text: Text) -> None:
    """Reports a path that leads out of the flow's folder."""
    subject.report("FS302", path, text.span, f"The path {text.text[:200]!r} leads out of the flow's folder.")


def _check_step(subject: Subject, path: str, step: Step) -> None:
    kind = step.type.text if step.type else ""
    if kind in ("csharp", "action"):
        return  # compiled or long gone: nothing to read here
    if step.source is None:
        subject.report("FS316", path, step.span, f"Node {step.label!r} has no source.")
        return
    if step.source.tool:
        check_listed(subject, path, step.source.tool, "FS306", subject.settings.tools, "The package tool")
        _check_package_connection(subject, path, step)
    if kind == "python" and _source_type(step.source) == "code":
        _check_python(subject, path, step)
    elif kind in ("llm", "prompt", "custom_llm"):
        _check_template(subject, path, step, kind)
    if kind == "llm":
        _check_llm(subject, path, step)
    if kind in ("llm", "custom_llm") and step.connection:
        check_connection(subject, path, step.connection)


def _check_package_connection(subject: Subject, path: str, step: Step) -> None:
    """Checks the input by which every package tool of prompt flow takes its connection."""
    for assignment in step.inputs:
        if assignment.name == "connection" and assignment.reference is None and (name := text_of(assignment.value)):
            check_connection(subject, path, name)


def _source_type(source: Source) -> str:
    return source.type.text if source.type else "code"


def check_connection(subject: Subject, path: str, name: Text) -> None:
    """Checks that a connection is listed or defined beside the flow, or says that it cannot be known."""
    if name.text not in subject.own_connections:
        check_listed(subject, path, name, "FS305", subject.settings.connections, "The connection")


def own_connections(subject: Subject) -> frozenset[str]:
    """Returns the names of the connections whose definitions (for ``pf connection create``) lie in the folder."""
    names = set()
    for path in subject.paths:
        if "/" not in path and path.endswith((".yaml", ".yml")):
            content = subject.content(path)
            if b"Connection.schema.json" in content:
                root = parse(content).root
                name = text_of(root.get("name")) if isinstance(root, Mapping) else None
                names |= {name.text} if name else set()
    return frozenset(names)


def check_listed(subject: Subject, path: str, name: Text, code: str, listed: frozenset[str] | None, what: str) -> None:
    """Reports a name that is not listed; without a list, that it cannot be verified."""
    if listed is None:
        subject.report(code, path, name.span, f"{what} {name.text[:80]!r} cannot be verified here.")
    elif name.text not in listed:
        subject.report(code, path, name.span, f"{what} {name.text[:80]!r} is not listed in .flowsync.yaml.")


def _file(subject: Subject, path: str, step: Step) -> str | None:
    """Returns where a node's source is; None, once reported, if it is nowhere."""
    given = step.source.path if step.source else None
    if given is None:
        subject.report("FS316", path, step.span, f"The source of node {step.label!r} has no path.")
        return None
    target = joined("", given.text)
    if target is None or target.startswith(".."):
        outside(subject, path, given)
        return None
    found = subject.locate(target)
    if found is None:
        twins = [name for name in subject.paths if name.casefold() == target.casefold()]
        fix = f"Did you mean {twins[0]!r}? Studio minds upper and lower case." if twins else ""
        message = f"The source {given.text[:200]!r} of node {step.label!r} does not exist."
        subject.report("FS301", path, given.span, message, fix)
    return found


def _check_python(subject: Subject, path: str, step: Step) -> None:
    file = _file(subject, path, step)
    module = read_python(subject, file) if file else None
    if file is None or module is None:
        return
    if len(module.tools) != 1:
        if not module.tools and not module.unsure:
            subject.report("FS309", file, TOP, f"The source of node {step.label!r} defines no `@tool`.")
        elif module.tools:
            names = ", ".join(tool.name for tool in module.tools)
            subject.report(
                "FS310", file, module.tools[1].span, f"The source defines {len(module.tools)} tools: {names}."
            )
        return
    _check_signature(subject, path, step, module.tools[0])


def read_python(subject: Subject, file: str) -> python.Module | None:
    """Returns what a Python source defines; None, once reported, if it cannot be parsed."""
    text = subject.text(file)
    if text is None or check_markers(subject, file, text):
        return None
    module = subject.modules[file] = subject.modules.get(file) or python.read(text)
    if isinstance(module, python.Unread):
        subject.report(module.code, file, module.span, module.message)
        return None
    return module


def _check_signature(subject: Subject, path: str, step: Step, tool: python.Callable) -> None:
    given = {assignment.name: assignment for assignment in step.inputs}
    for parameter in tool.parameters:
        assignment = given.get(parameter.name)
        if assignment is None or _empty(assignment.value):
            if parameter.required:
                place = assignment.span if assignment else step.name.span if step.name else step.span
                message = f"Node {step.label!r} gives no value for the input {parameter.name!r} of {tool.name!r}."
                subject.report("FS311", path, place, message)
        elif assignment.reference is None:
            _check_value(subject, path, assignment, parameter)
    known = {parameter.name for parameter in tool.parameters}
    for name in () if tool.takes_any else given:
        if name not in known:
            message = f"Node {step.label!r} gives the input {name!r}, which {tool.name!r} does not take."
            subject.report("FS312", path, given[name].span, message)


def _check_value(subject: Subject, path: str, assignment: Assignment, parameter: python.Parameter) -> None:
    if parameter.type.endswith("Connection") and (name := text_of(assignment.value)):
        check_connection(subject, path, name)
    elif parameter.type in _LITERAL_TYPES:
        who = f"The input {assignment.name!r}"
        check_literal(subject, path, assignment.value, _LITERAL_TYPES[parameter.type], who)


def _empty(node: Node) -> bool:
    return isinstance(node, Scalar) and (node.resolved() is None or not node.value)


def _check_template(subject: Subject, path: str, step: Step, kind: str) -> None:
    file = _file(subject, path, step)
    template = read_template(subject, file) if file else None
    if file is None or template is None:
        return
    api = step.api.text if step.api else ""
    given = {assignment.name: assignment for assignment in step.inputs}
    own = _PROMPT_RESERVED if kind == "prompt" else frozenset()
    if kind == "llm":
        models = [name for name in _MODEL if name in given]
        own = _LLM_INPUTS.get(api, _ANY_API) | frozenset(models if len(models) == 1 else ())
    for name, span in template.variables.items():
        if name in own:
            subject.report("FS209", file, span, f"The variable {name!r} is an input of the {kind} tool itself.")
        elif name not in given:
            message = f"Node {step.label!r} does not provide the variable {name!r}."
            subject.report("FS314", file, span, message)
    if kind == "custom_llm":
        return  # takes inputs of its own that only its package knows
    for name, assignment in given.items():
        if name not in template.variables and name not in template.optional and name not in own and name not in _MODEL:
            message = f"The template of node {step.label!r} does not use the input {name!r}."
            subject.report("FS315", path, assignment.span, message)
    if kind == "llm" and api == "chat":
        check_roles(subject, file)


def read_template(subject: Subject, file: str) -> templates.Template | None:
    """Returns what a template uses; None, once reported, if it cannot be parsed."""
    text = subject.text(file)
    if text is None or check_markers(subject, file, text):
        return None
    template = templates.read(text)
    if isinstance(template, templates.Unread):
        subject.report(template.code, file, template.span, template.message)
        return None
    check_loaded(subject, file, template)
    return template


def check_loaded(subject: Subject, file: str, template: templates.Template, lower: int = 0) -> None:
    """Reports where a template takes in another one; ``lower`` is how many lines precede it in the file."""
    for span in template.loads:
        place = Span(0, 0, span.line + lower, span.column)
        subject.report("FS317", file, place, "This takes in another template, which prompt flow cannot find.")


def check_roles(subject: Subject, file: str) -> None:
    """Checks that a chat prompt has a role."""
    if problem := templates.problem_with_roles(subject.text(file) or ""):
        subject.report("FS407", file, TOP, problem)


def _check_llm(subject: Subject, path: str, step: Step) -> None:
    place = step.name.span if step.name else step.span
    for key, value in (("connection", step.connection), ("api", step.api)):
        if value is None or not value.text:
            subject.report("FS307", path, place, f"The llm node {step.label!r} has no {key}.")
    if step.api and step.api.text and step.api.text not in _LLM_INPUTS:
        choices = ", ".join(_LLM_INPUTS)
        subject.report("FS208", path, step.api.span, f"`api` is {step.api.text[:80]!r}; it can be {choices}.")
    for assignment in step.inputs:
        wanted = _LLM_LITERALS.get(assignment.name)
        if wanted and assignment.reference is None and problem_with_literal(assignment.value, wanted):
            check_literal(subject, path, assignment.value, wanted, f"The input {assignment.name!r}")


_LLM_LITERALS = {
    **dict.fromkeys(("max_tokens", "n", "seed", "logprobs", "best_of"), "int"),
    **dict.fromkeys(("temperature", "top_p", "presence_penalty", "frequency_penalty"), "double"),
    **dict.fromkeys(("stop", "functions", "tools"), "list"),
    "stream": "bool",
}
