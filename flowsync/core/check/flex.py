"""Rules about flex flows. Group 4."""

import re
import sys
from collections.abc import Mapping

from flowsync.core.check import python
from flowsync.core.check.schema import COMMON, LANGUAGES, Shape, check_choice, check_input, check_keys, check_root
from flowsync.core.check.spelling import nearest
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.check.tools import check_include, read_python
from flowsync.core.document import Document, Node, actual
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
_FLEX_TYPES = ("string", "int", "double", "bool", "list", "object")
_ENTRY = re.compile(r"[a-zA-Z0-9_.]{1,500}:[a-zA-Z0-9_]{1,500}")
_CSHARP_ENTRY = re.compile(r"\(.{1,500}\)[a-zA-Z0-9]{1,500}(?:\.[a-zA-Z0-9]{1,500}){1,50}")
_SAMPLE = ("init", "inputs")


def check_flex(subject: Subject, path: str, document: Document) -> None:
    """Checks a ``flow.flex.yaml``."""
    root = actual(document.root) if document.root else None
    if not isinstance(root, Keys):
        if root is not None:
            subject.report("FS203", path, TOP, "A definition is a mapping with the key `entry`.")
        return
    _check_keys(subject, path, root)
    check_root(subject, path, root)
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


def _check_keys(subject: Subject, path: str, root: Keys) -> None:
    check_keys(subject, path, Keys(root.span, tuple(e for e in entries(root) if e.name in _FLEX)), _FLEX, "a flex flow")
    for entry in entries(root):
        if entry.name not in _FLEX:
            message = f"Prompt flow knows no key {entry.name[:80]!r} in a flex flow."
            subject.report("FS408", path, entry.key.span, message, nearest(entry.name, _FLEX))
    for entry in entries(root.get("sample")):
        if entry.name not in _SAMPLE:
            message = f"A sample has the keys `inputs` and `init`, not {entry.name[:80]!r}."
            subject.report("FS408", path, entry.key.span, message, nearest(entry.name, _SAMPLE))


def _is_installed(subject: Subject, module: str) -> bool:
    """Tells whether a module that is not in the folder is Python's own, or of a package that is required."""
    package = module.partition(".")[0]
    required = (subject.text("requirements.txt") or "") if "requirements.txt" in subject.paths else ""
    names = re.findall(r"^[ \t]{0,20}([A-Za-z0-9._-]{1,200})", required, re.MULTILINE)
    return package in sys.stdlib_module_names or package.lower() in {re.sub(r"[-.]", "_", n).lower() for n in names}


def _check_entry(subject: Subject, path: str, root: Keys, entry: Text) -> None:
    module_name, _, name = entry.text.partition(":")
    base = module_name.replace(".", "/")
    file = subject.locate(f"{base}.py") or subject.locate(f"{base}/__init__.py")
    if file is None and _is_installed(subject, module_name):
        return
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
    _check_call(subject, path, file, root, "inputs", found)
    if not found.returns:
        subject.report("FS410", file, found.span, f"Prompt flow does not let {name!r} return this.")
    start = module.initialisers.get(name)
    if start:
        _check_call(subject, path, file, root, "init", start)
    elif (init := root.entry("init")) is not None:
        subject.report("FS405", path, init.key.span, f"{name!r} is a function, and only a class takes `init`.")


def _check_call(subject: Subject, path: str, file: str, root: Keys, key: str, call: python.Callable) -> None:
    """Checks the signature that the ports under ``key`` belong to."""
    if not call.written:
        lacking = "__init__" if key == "init" else "__call__"
        subject.report("FS409", file, call.span, f"The class {call.name!r} has no `{lacking}`.")
        return
    _check_ports(subject, path, root.get(key), call, key)
    for parameter in call.parameters:
        if not parameter.simple:
            message = f"Prompt flow cannot read the annotation of {parameter.name!r}, which {call.name!r} takes."
            subject.report("FS410", file, call.span, message)


def _check_ports(subject: Subject, path: str, declared: Node | None, call: python.Callable, key: str) -> None:
    if declared is None:
        return  # prompt flow takes them from the signature then
    names = {entry.name: entry.key.span for entry in entries(declared)}
    takes = {parameter.name for parameter in call.parameters}
    for name, span in names.items():
        if name not in takes and not call.takes_any:
            subject.report("FS405", path, span, f"`{key}` declares {name!r}, which {call.name!r} does not take.")
    for parameter in call.parameters:
        if parameter.name not in names:
            message = f"{call.name!r} takes {parameter.name!r}, which `{key}` does not declare."
            subject.report("FS405", path, declared.span, message)
