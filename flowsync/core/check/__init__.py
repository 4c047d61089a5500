"""Validation: a flow's files in, findings out. Nothing in the flow is imported or run.

What belongs here: which rules look at what. Each module holds one group of rules (see ``rulebook``).
"""

from collections.abc import Mapping as Map

from flowsync.core.check.files import check_files
from flowsync.core.check.flex import check_flex
from flowsync.core.check.folder import Folder, Held
from flowsync.core.check.graph import check_graph
from flowsync.core.check.prompty import check_prompty
from flowsync.core.check.reach import check_unused, used_sources
from flowsync.core.check.runs import check_run, is_run_file
from flowsync.core.check.schema import check_schema
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.check.texts import check_yaml
from flowsync.core.check.tools import check_tools, own_connections, read_python
from flowsync.core.document import Mapping
from flowsync.core.flow import Dag, definitions, kind_of, read_dag
from flowsync.core.rulebook import Finding
from flowsync.core.rules import Settings

__all__ = ["Finding", "Folder", "Held", "Settings", "check"]


def check(files: Folder | Map[str, bytes], settings: Settings | None = None) -> list[Finding]:
    """Returns the findings about the flow in a folder, in the order of their places."""
    folder = Held(files) if isinstance(files, Map) else files
    subject = Subject(folder, settings or Settings())
    subject.own_connections = own_connections(subject)
    own: Dag | None = None
    for name in _definitions(subject):
        dag = _check_definition(subject, name)
        own = own or dag
    used = used_sources(subject)
    for path in sorted(subject.paths):
        if path.endswith(".py"):
            read_python(subject, path) if path in used else check_unused(subject, path)
        elif "/" not in path and kind_of(path) is None and is_run_file(path, subject):
            check_run(subject, path, own)
    check_files(subject)
    return subject.kept()


def _definitions(subject: Subject) -> tuple[str, ...]:
    found = definitions(path for path in subject.paths if "/" not in path)
    flows = tuple(name for name in found if kind_of(name) != "prompty")
    for extra in flows[1:]:
        subject.report("FS212", extra, TOP, f"The folder also holds {flows[0]}.")
    prompties = tuple(sorted(path for path in subject.paths if kind_of(path.rpartition("/")[2]) == "prompty"))
    return flows + prompties


def _check_definition(subject: Subject, name: str) -> Dag | None:
    kind = kind_of(name.rpartition("/")[2])
    if kind == "prompty":
        check_prompty(subject, name)
        return None
    document = subject.document(name)
    check_yaml(subject, name, document)
    if not document.parsed:
        return None
    root = document.root
    if kind == "flex" or (isinstance(root, Mapping) and root.entry("entry")):
        check_flex(subject, name, document)
        return None
    dag = read_dag(document)
    check_schema(subject, name, dag)
    check_graph(subject, name, dag)
    check_tools(subject, name, dag)
    return dag if dag.nodes else None
