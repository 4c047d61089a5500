"""How findings are printed: for people, for programs, and for the CI systems that annotate pull requests."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from flowsync import __version__
from flowsync.cli.output import paint, plain
from flowsync.core.rulebook import RULES, Finding, Severity
from flowsync.validate.flows import Validated

DOCS = "docs/rules.md"
_COLOURS: Mapping[Severity, str] = {"error": "red", "warning": "yellow", "info": "blue"}


def text(flows: Sequence[Validated]) -> str:
    """Returns a line for each finding, ``path:line:column: CODE severity: message``, with its fix below."""
    lines: list[str] = []
    for flow in flows:
        for finding in flow.findings:
            place = f"{flow.path(finding)}:{finding.line}:{finding.column}"
            severity = paint(finding.severity, _COLOURS[finding.severity])
            # A name may hold a line break; a finding is one line.
            place = plain(place).replace("\n", "\\n").replace("\t", "\\t")
            lines.append(f"{place}: {finding.code} {severity}: {plain(finding.message)}")
            lines.append(f"    {paint(finding.fix, 'dim')}")
    return "\n".join([*lines, summary(flows)])


def summary(flows: Sequence[Validated]) -> str:
    """Returns one line that counts."""
    counts = Counter(finding.severity for flow in flows for finding in flow.findings)
    kinds: tuple[Severity, ...] = ("error", "warning", "info")
    counted = [_number(counts[kind], kind) for kind in kinds if counts[kind]]
    found = ", ".join(counted) if counted else "no findings"
    return f"{_number(len(flows), 'flow')}: {found}"


def as_json(flows: Sequence[Validated]) -> str:
    """Returns the findings as JSON, version 1."""
    value = {
        "version": 1,
        "flows": [
            {
                "flow": flow.folder or ".",
                "findings": [
                    {
                        "code": finding.code,
                        "name": finding.name,
                        "severity": finding.severity,
                        "path": flow.path(finding),
                        "line": finding.line,
                        "column": finding.column,
                        "message": finding.message,
                        "fix": finding.fix,
                    }
                    for finding in flow.findings
                ],
            }
            for flow in flows
        ],
    }
    return json.dumps(value, indent=2)


def sarif(flows: Sequence[Validated]) -> str:
    """Returns the findings as SARIF 2.1.0, as code scanning takes it; paths are relative to the repository's top."""
    used = sorted({finding.code for flow in flows for finding in flow.findings})
    driver = {
        "name": "flowsync",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_sarif_rule(code) for code in used],
    }
    results = [_sarif_result(flow, finding, used.index(finding.code)) for flow in flows for finding in flow.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


_SARIF_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def _sarif_rule(code: str) -> dict[str, object]:
    rule = RULES[code]
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": f"{rule.what} {rule.why}"},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }


def _sarif_result(flow: Validated, finding: Finding, index: int) -> dict[str, object]:
    from urllib.parse import quote

    # A name that is no UTF-8 keeps its bytes: an artifact's location is a URI, which holds any.
    uri = quote(flow.path(finding).encode("utf-8", "surrogateescape"))
    location = {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.fix}"},
        "locations": [{"physicalLocation": location}],
    }


def github(flows: Sequence[Validated]) -> str:
    """Returns GitHub Actions' workflow commands, which annotate the changed lines."""
    kinds: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
    lines = [
        f"::{kinds[finding.severity]} file={_property(flow.path(finding))},line={finding.line},col={finding.column},"
        f"title={_property(f'{finding.code} {finding.name}')}::{_data(f'{finding.message} {finding.fix}')}"
        for flow in flows
        for finding in flow.findings
    ]
    return "\n".join([*lines, summary(flows)])


def _data(value: str) -> str:
    return _utf8(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def azdo(flows: Sequence[Validated]) -> str:
    """Returns Azure Pipelines' logging commands; it knows errors and warnings only."""
    lines = [
        f"##vso[task.logissue type={'error' if finding.severity == 'error' else 'warning'};"
        f"sourcepath={_azdo(flow.path(finding))};linenumber={finding.line};columnnumber={finding.column};"
        f"code={finding.code};]{_azdo(f'{finding.message} {finding.fix}')}"
        for flow in flows
        for finding in flow.findings
        if finding.severity != "info"
    ]
    return "\n".join([*lines, summary(flows)])


def _azdo(value: str) -> str:
    escapes = (("%", "%AZP25"), (";", "%3B"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D"))
    value = _utf8(value)
    for character, escape in escapes:
        value = value.replace(character, escape)
    return value


def _utf8(value: str) -> str:
    """Returns a text that can be printed: a name that is no UTF-8 shows its odd bytes as escapes."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


FORMATS: Mapping[str, Callable[[Sequence[Validated]], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
    "azdo": azdo,
}


def explained(code: str) -> str:
    """Returns what the rulebook says about one rule."""
    rule = RULES[code]
    return "\n".join(
        (
            f"{rule.code} {rule.name} ({rule.severity})",
            "",
            rule.what,
            f"Why: {rule.why}",
            f"Fix: {rule.fix}",
            "",
            f"Switch it off on a line:   # flowsync: ignore[{rule.code}]",
            f"in a file:                 # flowsync: ignore-file[{rule.code}]",
            f"in .flowsync.yaml:         rules: {{{rule.code}: off}}",
        )
    )


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
