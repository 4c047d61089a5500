"""Rules about run files, such as ``run.yml``: the flow and data they name, the columns they map. Group 7."""

import re

from flowsync.core.check.folder import joined, parent
from flowsync.core.check.subject import Subject
from flowsync.core.check.texts import check_yaml
from flowsync.core.document import Document, Entry, Mapping, Scalar, actual
from flowsync.core.flow import DAG_FILES, Dag, Text, entries, read_dag, text_of

_RUN_KEYS = frozenset({"flow", "data", "column_mapping", "run", "variant"})
_FLOW_KEY = re.compile(rb"^flow:", re.MULTILINE)
_MAPPED = re.compile(r"\$\{(?:data\.[^{}]+|run\.(?:inputs|outputs)\.[^{}]+)\}")
_VARIANT = re.compile(r"\$\{([^.{}]+)\.([^{}]+)\}")


def is_run_file(path: str, subject: Subject) -> bool:
    """Tells whether a file in a flow's folder describes a run, by its schema or its keys."""
    if not path.endswith((".yaml", ".yml")):
        return False
    content = subject.content(path)
    return b"Run.schema.json" in content or (_FLOW_KEY.search(content) is not None and b"data:" in content)


def check_run(subject: Subject, path: str, own: Dag | None) -> None:
    """Checks one run file; ``own`` is the flow that it lies in."""
    document = subject.document(path)
    check_yaml(subject, path, document)
    root = actual(document.root) if document.root else None
    if not document.parsed or not isinstance(root, Mapping) or _RUN_KEYS.isdisjoint(e.name for e in entries(root)):
        return
    flow = text_of(root.get("flow"))
    _check_path(subject, path, flow, "flow")
    _check_path(subject, path, text_of(root.get("data")), "data")
    dag = _flow_of(subject, path, flow, own)
    _check_mapping(subject, path, root, dag)
    variant = text_of(root.get("variant"))
    if variant and dag:
        _check_variant(subject, path, variant, dag)


def _check_path(subject: Subject, path: str, text: Text | None, key: str) -> None:
    if text is None or "://" in text.text or text.text.startswith("azureml:") or text.text == ".":
        return
    target = joined(parent(path), text.text)
    if target is None:
        return  # absolute: another machine's business
    if not subject.below(target):
        subject.report("FS701", path, text.span, f"The {key} {text.text[:200]!r} does not exist.")


def _flow_of(subject: Subject, path: str, flow: Text | None, own: Dag | None) -> Dag | None:
    """Returns the DAG that a run file is about, if it is in reach."""
    if flow is None or "://" in flow.text:
        return None
    target = joined(parent(path), flow.text)
    if target in ("", *DAG_FILES):
        return own
    for name in DAG_FILES:
        for candidate in (target, f"{target}/{name}"):
            if candidate and candidate.endswith(DAG_FILES) and candidate in subject.below(candidate):
                return _parsed(subject.document(candidate))
    return None


def _parsed(document: Document) -> Dag | None:
    return read_dag(document) if document.parsed else None


def _check_mapping(subject: Subject, path: str, root: Mapping, dag: Dag | None) -> None:
    mapping = root.get("column_mapping")
    mapped: list[Entry] = list(entries(mapping))
    names = {item.name: item for item in dag.inputs} if dag else None
    for entry in mapped:
        value = actual(entry.value)
        if names is not None and entry.name not in names:
            message = f"The flow has no input {entry.name[:80]!r}."
            subject.report("FS702", path, entry.key.span, message)
        if isinstance(value, Scalar) and value.value.startswith("${") and not _MAPPED.fullmatch(value.value):
            message = f"{value.value[:80]!r} refers to neither the data nor another run."
            subject.report("FS703", path, value.span, message)
    if mapping is None or names is None:
        return  # columns are matched by name then
    given = {entry.name for entry in mapped}
    for name, item in names.items():
        if name not in given and item.default is None and not item.chat_history:
            subject.report("FS702", path, mapping.span, f"The flow's input {name!r} is not mapped.")


def _check_variant(subject: Subject, path: str, variant: Text, dag: Dag) -> None:
    found = _VARIANT.fullmatch(variant.text)
    known = {(group.name, step.variant) for group in dag.variants for step in group.steps}
    if not found or (found.group(1), found.group(2)) not in known:
        subject.report("FS704", path, variant.span, f"The flow has no variant {variant.text[:80]!r}.")
