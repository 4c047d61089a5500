"""Which Python files a flow's nodes reach by their imports, and what is said of the others. Group 3."""

from collections.abc import Iterator

from flowsync.core.check.folder import parent
from flowsync.core.check.python import Module, Unread, read
from flowsync.core.check.subject import Subject
from flowsync.core.check.texts import check_markers
from flowsync.core.check.tools import read_python


def used_sources(subject: Subject) -> set[str]:
    """Returns the Python files that nodes and entries name, which have been read, and what they import."""
    used: set[str] = set()
    pending = [path for path in subject.modules if path.endswith(".py")]
    while pending:
        path = pending.pop()
        if path not in used:
            used.add(path)
            module = read_python(subject, path)
            pending += _imported(subject, path, module) if module else ()
    return used


def check_unused(subject: Subject, path: str) -> None:
    """Reports a syntax error in a file that nothing uses: the flow runs all the same."""
    text = subject.text(path)
    if text is None or check_markers(subject, path, text):
        return
    module = read(text)
    if isinstance(module, Unread):
        code = "FS318" if module.code == "FS308" else module.code
        subject.report(code, path, module.span, module.message)


def _imported(subject: Subject, path: str, module: Module) -> Iterator[str]:
    """Yields the files that a module imports, looked for where Python would: from the flow's folder, and beside it."""
    here = parent(path)
    for name in module.imports:
        dots = len(name) - len(name.lstrip("."))
        bases = [here, ""] if not dots else [here]
        for _ in range(dots - 1):
            bases = [parent(base) for base in bases]
        parts = name.lstrip(".").split(".")
        for base in bases:
            for count in range(1, len(parts) + 1):
                below = "/".join(filter(None, (base, *parts[:count])))
                yield from (file for end in (".py", "/__init__.py") if (file := subject.locate(below + end)))
