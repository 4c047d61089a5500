"""Writes ``docs/rules.md`` out of the rulebook: ``python -m flowsync.cli.rules_page > docs/rules.md``."""

from flowsync.core.rulebook import RULES

_GROUPS = {
    "0": "Text",
    "1": "The graph",
    "2": "Keys and values",
    "3": "Sources and tools",
    "4": "Flex flows and .prompty files",
    "5": "The folder",
    "6": "Secrets",
    "7": "Run files",
}

_HEAD = """\
# Validation rules

<!-- Written by `python -m flowsync.cli.rules_page`; a test keeps it current. -->

`flowsync validate` reads a flow's files and never runs them: YAML with its own parser, Python with `ast`, templates
with Jinja2's parser. Each finding names file, line, column, rule and what to do.

A rule is an **error** (stops a commit, exit code 1), a **warning** (shown; `--strict` makes it fail) or an **info**
(shown with `--info`).

## Switching rules

For a repository, in `.flowsync.yaml`, by code or name:

```yaml
rules: {FS315: off, undefined-reference: warning}
connections: [open_ai_connection]   # names that exist; others become errors (FS305)
tools: [my_package.tools.search]    # the same for package tools (FS306)
max_file_size: 10 MiB               # FS502; 5 MiB unless set
```

For a line or a file, in a comment of its own language:

```yaml
  temperature: ${inputs.temperature}   # flowsync: ignore[FS207]
```
```jinja
{# flowsync: ignore-file[FS314, FS315] #}
```

A connection whose definition (`$schema: …Connection.schema.json`) lies in the flow's folder counts as known.

## Limits

A definition is read up to 512 KiB, 10,000 values, 60 levels and 200 aliases; a source or template up to 1 MiB, and
Python up to about 2,000 lines. What is beyond is reported (FS007), not guessed. With these limits no file takes a
second or ten megabytes. Secrets are looked for in files of any kind up to `max_file_size`.
"""


def page() -> str:
    """Returns the page's text."""
    parts = [_HEAD]
    for digit, title in _GROUPS.items():
        parts.append(f"\n## {title}\n\n| rule | | finds | why it matters | what to do |\n|---|---|---|---|---|\n")
        for rule in RULES.values():
            if rule.code[2] == digit:
                cells = (f"{rule.code} {rule.name}", rule.severity, rule.what, rule.why, rule.fix)
                parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
