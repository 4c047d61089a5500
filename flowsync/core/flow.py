"""What a flow is: its definition file, and a DAG with the place of everything in it.

What belongs here: names and meanings that prompt flow gives to a definition. Reading is lenient: what is missing or of
the wrong shape is simply not there (``check`` says so); nothing is raised. Texts keep their spans, so that a finding
can point at them and a merge can replace them.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal, NamedTuple

from flowsync.core.document import Alias, Document, Entry, Mapping, Node, Scalar, Sequence, Span, actual, effective

Kind = Literal["dag", "flex", "prompty"]

DAG_FILES = ("flow.dag.yaml", "flow.dag.yml")
FLEX_FILES = ("flow.flex.yaml", "flow.flex.yml")
PROMPTY = ".prompty"

INPUT_PREFIXES = ("inputs", "flow")  # ${flow.x} is the older spelling of ${inputs.x}

_MAX_REFERENCES = 100  # in one text, where they are none to prompt flow anyway
_REFERENCE = re.compile(r"\$\{([^{}\r\n]*)\}")


def kind_of(name: str) -> Kind | None:
    """Returns what kind of definition a file of this name is (a path's last part), or None."""
    if name in DAG_FILES:
        return "dag"
    if name in FLEX_FILES:
        return "flex"
    return "prompty" if name.endswith(PROMPTY) and name != PROMPTY else None


def definitions(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the definition files among the names in one folder, the one that counts first.

    Two of ``flow.*`` are one too many, and prompt flow refuses them. A ``.prompty`` beside one of them is an asset;
    without one, each ``.prompty`` is a definition.
    """
    found = set(names)
    flows = tuple(name for name in (*DAG_FILES, *FLEX_FILES) if name in found)
    return flows or tuple(sorted(name for name in found if kind_of(name) == "prompty"))


def is_flow(names: Iterable[str]) -> bool:
    """Tells whether a folder with these names directly in it is a flow."""
    return bool(definitions(names))


class Text(NamedTuple):
    """A text, and where it stands."""

    text: str
    span: Span


class Reference(NamedTuple):
    """``${inputs.name}`` or ``${node.output.property}``.

    ``whole`` says whether it is all of its value: prompt flow replaces no other. ``to_input`` is a flow input's
    name or else ``to_node`` a node's; ``section`` is what of the node (``output``), ``rest`` what of that.
    """

    span: Span
    written: str
    whole: bool
    to_input: str = ""
    to_node: str = ""
    section: str = "output"
    rest: str = ""


class Assignment(NamedTuple):
    """A node's input: its name and what it gets."""

    name: str
    span: Span
    value: Node
    references: tuple[Reference, ...]

    @property
    def reference(self) -> Reference | None:
        """The reference that the value is, or None for a literal."""
        return next((reference for reference in self.references if reference.whole), None)


class Input(NamedTuple):
    """A flow's input."""

    name: str
    span: Span
    node: Node
    type: Text | None
    default: Node | None
    chat_input: bool
    chat_history: bool


class Output(NamedTuple):
    """A flow's output."""

    name: str
    span: Span
    node: Node
    type: Text | None
    value: Node | None
    references: tuple[Reference, ...]
    chat_output: bool


class Source(NamedTuple):
    """Where a node's code comes from."""

    span: Span
    type: Text | None
    path: Text | None
    tool: Text | None


class Activate(NamedTuple):
    """A node's condition: it runs when ``when`` equals ``equals``."""

    span: Span
    when: Node | None
    equals: Node | None
    references: tuple[Reference, ...]


class Step(NamedTuple):
    """One node of the DAG, or one variant of it. (``Node`` is a YAML node.)"""

    name: Text | None
    span: Span
    node: Mapping
    type: Text | None
    source: Source | None
    inputs: tuple[Assignment, ...]
    connection: Text | None
    api: Text | None
    provider: Text | None
    activate: Activate | None
    aggregation: bool
    use_variants: bool
    variant: str = ""

    @property
    def label(self) -> str:
        """The node's name, or an empty text."""
        return self.name.text if self.name else ""

    def references(self) -> Iterator[Reference]:
        """Yields every reference of the node, in its inputs and its condition."""
        for assignment in self.inputs:
            yield from assignment.references
        if self.activate:
            yield from self.activate.references


class Variants(NamedTuple):
    """The variants of one node."""

    name: str
    span: Span
    default: Text | None
    steps: tuple[Step, ...]  # each with its id in ``variant``


class Dag(NamedTuple):
    """A ``flow.dag.yaml``."""

    document: Document
    type: Text | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    nodes: tuple[Step, ...]
    variants: tuple[Variants, ...]
    includes: tuple[Text, ...]
    requirements: Text | None

    def steps(self) -> Iterator[Step]:
        """Yields every node, and in place of one that uses variants every variant of it, under the node's name."""
        variants = {group.name: group for group in self.variants}
        for step in self.nodes:
            if step.use_variants:
                yield from variants[step.label].steps if step.label in variants else ()
            else:
                yield step


def read_dag(document: Document) -> Dag:
    """Reads a DAG out of a parsed definition."""
    root = document.root
    environment = _get(root, "environment")
    return Dag(
        document=document,
        type=text_of(_get(root, "type")),
        inputs=tuple(_input(entry) for entry in entries(_get(root, "inputs"))),
        outputs=tuple(_output(entry, document) for entry in entries(_get(root, "outputs"))),
        nodes=tuple(_step(node, document) for node in items(_get(root, "nodes")) if isinstance(node, Mapping)),
        variants=tuple(_variants(entry, document) for entry in entries(_get(root, "node_variants"))),
        includes=tuple(text for node in items(_get(root, "additional_includes")) if (text := text_of(node))),
        requirements=text_of(_get(environment, "python_requirements_txt")),
    )


def entries(node: Node | None) -> tuple[Entry, ...]:
    """Returns a mapping's entries whose keys are scalars, merge keys followed; none for any other node."""
    mapping = actual(node) if node else None
    return tuple(entry for entry in effective(mapping) if entry.name) if isinstance(mapping, Mapping) else ()


def items(node: Node | None) -> tuple[Node, ...]:
    """Returns a list's items with aliases followed; none for any other node."""
    sequence = actual(node) if node else None
    return tuple(actual(item) for item in sequence.items) if isinstance(sequence, Sequence) else ()


def text_of(node: Node | None) -> Text | None:
    """Returns a scalar's text with its span; None for a null and any other node."""
    scalar = actual(node) if node else None
    if not isinstance(scalar, Scalar) or scalar.resolved() is None:
        return None
    return Text(scalar.value, node.span if isinstance(node, Alias) else scalar.span)


def references_in(node: Node | None, document: Document) -> tuple[Reference, ...]:
    """Returns the references in a scalar."""
    scalar = actual(node) if node else None
    if not isinstance(scalar, Scalar) or "${" not in scalar.value:
        return ()
    whole = _REFERENCE.fullmatch(scalar.value) is not None
    start, source = scalar.span.start, document.source(scalar)
    return tuple(
        _reference(found.group(1), document.within(scalar.span, start + found.start(), start + found.end()), whole)
        for found in islice(_REFERENCE.finditer(source), _MAX_REFERENCES)
    )


def _reference(inner: str, span: Span, whole: bool) -> Reference:
    first, dot, rest = inner.partition(".")
    if dot and first in INPUT_PREFIXES:
        return Reference(span, inner, whole, to_input=rest)
    section, _, deeper = rest.partition(".")
    return Reference(span, inner, whole, to_node=first, section=section if dot else "output", rest=deeper)


def _get(node: Node | None, name: str) -> Node | None:
    mapping = actual(node) if node else None
    return mapping.get(name) if isinstance(mapping, Mapping) else None


def _true(node: Node | None) -> bool:
    """Tells what prompt flow takes a value for: any text is true, also ``no``."""
    return isinstance(node, Scalar) and bool(node.resolved())


def _input(entry: Entry) -> Input:
    value = actual(entry.value)
    return Input(
        name=entry.name,
        span=entry.key.span,
        node=value,
        type=text_of(_get(value, "type")),
        default=_get(value, "default"),
        chat_input=_true(_get(value, "is_chat_input")),
        chat_history=_true(_get(value, "is_chat_history")),
    )


def _output(entry: Entry, document: Document) -> Output:
    value = actual(entry.value)
    reference = _get(value, "reference")
    return Output(
        name=entry.name,
        span=entry.key.span,
        node=value,
        type=text_of(_get(value, "type")),
        value=reference,
        references=references_in(reference, document),
        chat_output=_true(_get(value, "is_chat_output")),
    )


def _variants(entry: Entry, document: Document) -> Variants:
    name = Text(entry.name, entry.key.span)
    steps = [
        _step(node, document, name, variant.name)
        for variant in entries(_get(entry.value, "variants"))
        if isinstance(node := _get(variant.value, "node"), Mapping)
    ]
    return Variants(entry.name, entry.key.span, text_of(_get(entry.value, "default_variant_id")), tuple(steps))


def _step(node: Mapping, document: Document, name: Text | None = None, variant: str = "") -> Step:
    assigned = entries(_get(node, "inputs"))
    return Step(
        name=name or text_of(_get(node, "name")),
        span=node.span,
        node=node,
        type=text_of(_get(node, "type")),
        source=_source(_get(node, "source")),
        inputs=tuple(_assignment(entry, document) for entry in assigned),
        connection=text_of(_get(node, "connection")),
        api=text_of(_get(node, "api")),
        provider=text_of(_get(node, "provider")),
        activate=_activate(_get(node, "activate"), document),
        aggregation=_true(_get(node, "aggregation")) or _true(_get(node, "reduce")),
        use_variants=_true(_get(node, "use_variants")),
        variant=variant,
    )


def _assignment(entry: Entry, document: Document) -> Assignment:
    return Assignment(entry.name, entry.key.span, actual(entry.value), references_in(entry.value, document))


def _source(node: Node | None) -> Source | None:
    if not isinstance(node, Mapping):
        return None
    return Source(node.span, text_of(node.get("type")), text_of(node.get("path")), text_of(node.get("tool")))


def _activate(node: Node | None, document: Document) -> Activate | None:
    if not isinstance(node, Mapping):
        return None
    when = node.get("when")
    return Activate(node.span, when, node.get("is"), references_in(when, document))
