"""A run file (``run.yml``): read into a frozen value; what is wrong is said with the file and the key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from flowsync.errors import UsageError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEYS = (
    "$schema", "name", "display_name", "description", "tags", "flow", "data", "run", "column_mapping", "variant",
    "connections", "environment_variables", "resources", "init",
)  # fmt: skip
# What the official client reads and cannot reach the cloud (``properties`` it drops without a word), or is over.
_NOT_IN_THE_CLOUD = {
    "properties": "the service drops them: use tags",
    "runtime": "runtimes were replaced by the automatic one",
    "identity": "give the compute an identity instead",
}


@dataclass(frozen=True, slots=True)
class RunFile:
    """What a run file asks for. ``flow`` and ``data`` are as written; ``folder`` is where their paths start."""

    folder: FilePath
    flow: str
    data: str = ""
    run: str = ""
    name: str = ""
    display_name: str = ""
    description: str = ""
    variant: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    column_mapping: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    init: Mapping[str, Any] = field(default_factory=dict)
    instance_type: str = ""
    compute: str = ""


def read(path: FilePath) -> RunFile:
    """Reads a run file; a UsageError says what is wrong with it."""
    try:
        said = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {str(error).splitlines()[0]}", f"flowsync validate {path}") from error
    if not isinstance(said, dict):
        raise UsageError(f"{path} is no run file: it must be a mapping of keys to values")
    for key in said:
        if key in _NOT_IN_THE_CLOUD:
            raise UsageError(f"{path}: {key} does not reach the cloud", _NOT_IN_THE_CLOUD[key])
        if key not in _KEYS:
            raise UsageError(f"{path}: {key} is not a key of run files", f"known are {', '.join(_KEYS)}")
    return _checked(path, said)


def _checked(path: FilePath, said: dict[str, Any]) -> RunFile:
    one = _Keys(path, said)
    resources = one.mapping("resources")
    found = RunFile(
        folder=path.parent,
        flow=one.text("flow"),
        data=one.text("data"),
        run=one.text("run"),
        name=one.text("name"),
        display_name=one.text("display_name"),
        description=one.text("description"),
        variant=one.text("variant"),
        tags={key: str(value) for key, value in one.mapping("tags").items()},
        column_mapping={key: _mapped(value) for key, value in one.mapping("column_mapping").items()},
        connections={
            node: {key: str(inner) for key, inner in value.items()} if isinstance(value, dict) else {}
            for node, value in one.mapping("connections").items()
        },
        environment_variables={key: str(value) for key, value in one.mapping("environment_variables").items()},
        init=one.mapping("init"),
        instance_type=str(resources.get("instance_type") or ""),
        compute=str(resources.get("compute") or ""),
    )
    if not found.flow:
        raise UsageError(f"{path} names no flow", "flow: . (or the flow's folder, or azureml:ID)")
    if not found.data and not found.run:
        raise UsageError(f"{path} names neither data nor a run to evaluate", "data: data.jsonl")
    return found


class _Keys:
    def __init__(self, path: FilePath, said: dict[str, Any]) -> None:
        self._path, self._said = path, said

    def text(self, key: str) -> str:
        value = self._said.get(key)
        if value is not None and not isinstance(value, str | int | float):
            raise UsageError(f"{self._path}: {key} must be a text")
        return "" if value is None else str(value)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._said.get(key)
        if value is not None and not isinstance(value, dict):
            raise UsageError(f"{self._path}: {key} must be a mapping of keys to values")
        return {str(name): inner for name, inner in (value or {}).items()}


def _mapped(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
