"""The table of validation rules: what each one finds, why that matters, what to do.

``docs/rules.md`` is generated from it, ``flowsync validate --explain`` prints it. Codes are stable: a rule that goes
leaves its code unused. The hundreds are groups: 0 text, 1 graph, 2 schema, 3 sources and tools, 4 flex and prompty,
5 the folder, 6 secrets, 7 run files.
"""

from flowsync.core.rulebook import definitions, folder, sources
from flowsync.core.rulebook.rule import Finding, Rule, Severity

__all__ = ["BY_NAME", "RULES", "Finding", "Rule", "Severity"]

RULES = {row[0]: Rule(*row) for table in (definitions.TABLE, sources.TABLE, folder.TABLE) for row in table}
BY_NAME = {rule.name: rule for rule in RULES.values()}
