"""How long a commit waits: our hook beside `pf flow validate`, check-yaml and check-jsonschema; whole processes.

    python tests/bench/bench_hooks.py [--flows 1 50] [--rounds 7] [--tools FOLDER] [--pf PF] [--pf-flows 3]

``--tools`` is a folder with check-yaml (pre-commit-hooks) and check-jsonschema, ``--pf`` prompt flow's command. What
is not there is left out. The contenders take turns, so that a busy machine is unfair to none of them; the table shows
the best and the middle of the rounds, and the best processor time, which says what an idle machine would take. `pf`
validates one flow per process; for more flows than ``--pf-flows`` its time is scaled up, which the table says.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from flow_repo import FlowRepo

DEFINITION = """\
$schema: https://azuremlschemas.azureedge.net/promptflow/latest/Flow.schema.json
inputs:
  question: {type: string, is_chat_input: true}
  chat_history: {type: list, is_chat_history: true, default: []}
outputs:
  answer: {type: string, reference: '${shorten.output}', is_chat_output: true}
nodes:
- name: ask
  type: prompt
  source: {type: code, path: ask.jinja2}
  inputs: {question: '${inputs.question}'}
- name: chat
  type: llm
  source: {type: code, path: chat.jinja2}
  inputs:
    deployment_name: gpt-4o
    temperature: 0.2
    prompt_text: ${ask.output}
    chat_history: ${inputs.chat_history}
  connection: open_ai_connection
  api: chat
- name: shorten
  type: python
  source: {type: code, path: shorten.py}
  inputs: {text: '${chat.output}', limit: 80}
environment:
  python_requirements_txt: requirements.txt
"""
FLOW = {
    "flow.dag.yaml": DEFINITION,
    "ask.jinja2": "Be brief: {{question}}\n",
    "chat.jinja2": "system:\nYou help.\n\n{% for item in chat_history %}\nuser:\n{{item.inputs.question}}\nassistant:\n"
    "{{item.outputs.answer}}\n{% endfor %}\n\nuser:\n{{prompt_text}}\n",
    "shorten.py": "from promptflow.core import tool\n\n\n@tool\ndef shorten(text: str, limit: int = 100) -> str:\n"
    "    return text[:limit]\n",
    "requirements.txt": "promptflow\n",
    "data.jsonl": '{"question": "Why?"}\n' * 20,
    "README.md": "# A flow\n\nIt answers.\n",
}
SCHEMA = {
    "type": "object",
    "required": ["nodes"],
    "properties": {
        "inputs": {"type": "object", "additionalProperties": {"type": "object", "required": ["type"]}},
        "nodes": {"type": "array", "items": {"type": "object", "required": ["name", "type"]}},
    },
}
TARGETS = {1: 120.0, 50: 600.0}  # milliseconds


def main() -> int:
    options = arguments()
    rows = [row for count in options.flows for row in measured(count, options)]
    print_table(rows)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tools", default="")
    parser.add_argument("--pf", default=os.environ.get("FLOWSYNC_PF", ""))
    parser.add_argument("--pf-flows", type=int, default=3)
    parser.add_argument("--json", default="")
    return parser.parse_args()


def measured(count: int, options: argparse.Namespace) -> list[dict[str, object]]:
    """Measures every contender on one repository with this many changed flows."""
    with tempfile.TemporaryDirectory() as folder:
        repo = made(Path(folder), count)
        contenders = contenders_for(repo, count, options)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        for _ in range(options.rounds):
            for name, (run, _factor) in contenders.items():
                began, before = time.perf_counter(), processor_time()
                run()
                times[name].append(((time.perf_counter() - began) * 1000, (processor_time() - before) * 1000))
        return [row(name, count, times[name], contenders[name][1]) for name in contenders]


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(name: str, count: int, times: list[tuple[float, float]], factor: float) -> dict[str, object]:
    walls, busy = [wall * factor for wall, _ in times], min(cpu for _, cpu in times) * factor
    return {
        "contender": name,
        "flows": count,
        "best_ms": round(min(walls), 1),
        "median_ms": round(statistics.median(walls), 1),
        "cpu_ms": round(busy, 1),
    }


def made(folder: Path, count: int) -> FlowRepo:
    """Makes a repository with flows, each committed once and with a staged change."""
    repo = FlowRepo(folder / "repo", folder / "home")
    for number in range(count):
        for path, text in FLOW.items():
            repo.write(f"flows/flow-{number:03}/{path}", text)
    repo.stage()
    repo.git("commit", "-q", "-m", "flows")
    for number in range(count):
        repo.write(f"flows/flow-{number:03}/flow.dag.yaml", DEFINITION.replace("0.2", "0.3"))
    repo.stage()
    done = repo.flowsync("hooks", "install")
    assert done.returncode == 0, done.stderr
    return repo


def contenders_for(
    repo: FlowRepo, count: int, options: argparse.Namespace
) -> dict[str, tuple[Callable[[], None], float]]:
    """Returns what is compared: each contender's run, and what its time is to be multiplied with."""
    names = [f"flows/flow-{number:03}" for number in range(count)]
    definitions = [f"{name}/flow.dag.yaml" for name in names]
    bare = repo.environment | {"PATH": f"{Path(shutil.which('git') or '').parent}:/usr/bin:/bin"}
    found: dict[str, tuple[Callable[[], None], float]] = {
        "python -c pass": (process(repo, bare, sys.executable, "-c", "pass"), 1),
        "flowsync (the installed hook)": (process(repo, bare, "sh", ".git/hooks/pre-commit"), 1),
    }
    path = os.pathsep.join((options.tools, os.environ["PATH"]))
    if tool := shutil.which("check-yaml", path=path):
        found["check-yaml"] = (process(repo, bare, tool, *definitions), 1)
    if tool := shutil.which("check-jsonschema", path=path):
        schema = repo.home / "schema.json"
        schema.write_text(json.dumps(SCHEMA))
        found["check-jsonschema"] = (process(repo, bare, tool, "--schemafile", str(schema), *definitions), 1)
    if options.pf:
        home = repo.home / "pf"
        home.mkdir()
        (home / "pf.yaml").write_text("telemetry:\n  enabled: false\ntrace:\n  destination: none\n")
        some = names[: options.pf_flows]
        runs = [
            process(repo, bare | {"PF_HOME_DIRECTORY": str(home)}, options.pf, "flow", "validate", "--source", n)
            for n in some
        ]
        scale = count / len(some)
        label = "pf flow validate" + (f" (of {len(some)}, scaled)" if scale > 1 else "")
        found[label] = (lambda: [run() for run in runs] and None, scale)
    return found


def process(repo: FlowRepo, environment: dict[str, str], *command: str) -> Callable[[], None]:
    def run() -> None:
        done = subprocess.run(command, cwd=repo.top, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    return run


def print_table(rows: list[dict[str, object]]) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"{'flows':>5}  {'best ms':>9}  {'median ms':>9}  {'cpu ms':>9}  {'to ours':>8}  contender")
    for row in rows:
        ours = next(r for r in rows if r["flows"] == row["flows"] and str(r["contender"]).startswith("flowsync"))
        ratio = float(str(row["best_ms"])) / float(str(ours["best_ms"]))
        target = TARGETS.get(int(str(row["flows"])))
        note = f"  (target {target:.0f})" if row is ours and target else ""
        figures = "  ".join(f"{row[key]:>9}" for key in ("best_ms", "median_ms", "cpu_ms"))
        print(f"{row['flows']:>5}  {figures}  {ratio:>7.1f}x  {row['contender']}{note}")


if __name__ == "__main__":
    sys.exit(main())
