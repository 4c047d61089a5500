"""Rules about text as text: YAML that does not parse, duplicate keys, tabs, CRLF, merge markers. Group 0."""

import re
from itertools import islice

from flowsync.core.check.subject import MAX_ALIKE, TOP, Subject
from flowsync.core.document import Document, Mapping, Node, Problem, Scalar, Sequence, span_in, walk

_MARKER = re.compile(r"^(?:<{7}|\|{7}|>{7})(?= |$)|^={7}\r?$", re.MULTILINE)
_TABS = re.compile(r"\t+")
_COMMENT = re.compile(r"(?:^|(?<=\s))#", re.MULTILINE)
_TAB = re.compile(r"^[ ]*\t[\t ]*[^\s#]", re.MULTILINE)

_CODES = {"syntax": "FS001", "duplicate": "FS002", "encoding": "FS006", "limit": "FS007"}


def check_markers(subject: Subject, path: str, text: str) -> bool:
    """Reports Git's merge markers, one finding for each conflict; tells whether there are any."""
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return False  # a lone ======= underlines a heading
    markers = (marker for marker in _MARKER.finditer(text) if marker.group().startswith(("<", ">")))
    spans = [span_in(text, marker.start(), marker.end()) for marker in islice(markers, MAX_ALIKE)]
    for span in spans:
        subject.report("FS003", path, span, "This is a Git merge marker.")
    return bool(spans)


def check_yaml(subject: Subject, path: str, document: Document) -> None:
    """Reports what kept a YAML file from being parsed, or would in another reader."""
    text = document.text
    if check_markers(subject, path, text) and not document.parsed:
        return  # the markers are why
    for problem in document.problems:
        if problem.kind == "syntax" and (tab := _tab_near(text, problem)):
            subject.report("FS004", path, span_in(text, tab, tab + 1), "YAML is indented with a tab here.")
        else:
            subject.report(_CODES[problem.kind], path, problem.span, _sentence(problem.message))
    if "\t" in text and document.parsed:
        _check_tabs(subject, path, document)
    if "\r" in text:
        at = text.index("\r")
        subject.report("FS005", path, span_in(text, at, at + 1), "The file has CRLF line ends.")
    if document.parsed and document.root is None:
        subject.report("FS213", path, TOP, "The definition is empty.")


def _check_tabs(subject: Subject, path: str, document: Document) -> None:
    """Reports tabs where libyaml allows them and prompt flow's parser does not."""
    text = document.text
    allowed = [span for node in walk(document.root) if (span := _holds_tabs(node))]
    allowed.append((len(text), len(text)))
    end = index = reported = 0
    for found in _TABS.finditer(text):
        while allowed[index][1] <= found.start():
            end = max(end, allowed[index][1])
            index += 1
        line = text.rfind("\n", 0, found.start()) + 1
        inside = allowed[index][0] <= found.start() < allowed[index][1]
        if not inside and not _COMMENT.search(text, max(line, end), found.start()):
            subject.report("FS004", path, span_in(text, *found.span()), "YAML holds a tab here.")
            reported += 1
            if reported == MAX_ALIKE:
                return  # each looks back to the start of its line


def _holds_tabs(node: Node) -> tuple[int, int] | None:
    """Returns the range of a node in which tabs are all right, or None."""
    if isinstance(node, Mapping | Sequence):
        return (node.span.start, node.span.end) if node.inline else None
    if not isinstance(node, Scalar) or not node.style:
        return None
    return (node.span.start, node.span.end)


def _tab_near(text: str, problem: Problem) -> int | None:
    """Returns where a tab indents the line of a syntax error, or the one before; the parser points at either."""
    end = text.find("\n", problem.span.start)
    start = text.rfind("\n", 0, max(text.rfind("\n", 0, problem.span.start), 0)) + 1
    found = _TAB.search(text, start, end if end >= 0 else len(text))
    return text.index("\t", found.start()) if found else None


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + "."
