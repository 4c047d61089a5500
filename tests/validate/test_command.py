"""flowsync validate: which flows it finds, what it prints, how it ends."""

import json
import os
import re
from pathlib import Path

import pytest

from flow_repo import BROKEN, GOOD
from flowsync.core.rulebook import RULES

DEFINITION = "flows/chat/flow.dag.yaml"
PLACE = f"{DEFINITION}:4:35: FS101"


def found(done) -> list[dict]:
    flows = json.loads(done.stdout)["flows"]
    return [finding for flow in flows for finding in flow["findings"]]


def flows_of(done) -> list[str]:
    return [flow["flow"] for flow in json.loads(done.stdout)["flows"]]


class TestWhichFlows:
    @pytest.mark.parametrize(
        ("paths", "flows"),
        [
            ([], ["flows/chat", "flows/other"]),
            (["flows"], ["flows/chat", "flows/other"]),
            (["flows/chat"], ["flows/chat"]),
            (["flows/chat/"], ["flows/chat"]),
            (["flows/chat/echo.py"], ["flows/chat"]),
            (["flows/chat/flow.dag.yaml", "flows/chat/echo.py", "flows/other"], ["flows/chat", "flows/other"]),
            (["./flows/../flows/chat"], ["flows/chat"]),
            (["flows/chat/deep/er"], ["flows/chat"]),
            (["flows/chat/deep/er/x.txt"], ["flows/chat"]),
            (["README.md"], []),
        ],
    )
    def test_any_path_leads_to_its_flow(self, repo, paths, flows):
        repo.write("flows/chat/deep/er/x.txt", "x")
        repo.write("README.md", "x")
        done = repo.flowsync("validate", "--json", *paths)
        assert done.returncode == 0, done.stderr
        assert flows_of(done) == flows

    def test_from_a_subfolder_and_with_c(self, repo):
        repo.write(DEFINITION, BROKEN)
        done = repo.flowsync("validate", cwd=repo.top / "flows" / "chat")
        assert done.returncode == 1
        assert done.stdout.startswith("flow.dag.yaml:4:35: FS101 error: ")
        done = repo.flowsync("validate", cwd=repo.top / "flows" / "other")
        assert done.returncode == 0
        done = repo.flowsync("-C", str(repo.top / "flows" / "chat"), "validate", "--json", cwd=repo.home)
        assert [finding["path"] for finding in found(done)] == [DEFINITION]

    def test_a_folder_outside_of_any_repository(self, repo, tmp_path):
        folder = tmp_path / "loose" / "a flow"
        folder.mkdir(parents=True)
        for path, text in GOOD.items():
            (folder / path).write_text(BROKEN if path == "flow.dag.yaml" else text)
        for path in (folder, folder.parent, folder / "echo.py"):
            done = repo.flowsync("validate", str(path), cwd=tmp_path)
            assert done.returncode == 1
            assert "loose/a flow/flow.dag.yaml:4:35: FS101" in done.stdout

    def test_untracked_counts_and_ignored_does_not(self, repo):
        repo.write("flows/chat/.promptflow/flow.log", "x")
        repo.write("flows/chat/.env", "KEY=1")
        done = repo.flowsync("validate", "--json")
        assert {finding["code"] for finding in found(done)} == {"FS501", "FS602"}
        repo.write(".gitignore", ".promptflow/\n.env\n")
        done = repo.flowsync("validate", "--json")
        assert found(done) == []
        assert done.returncode == 0

    def test_a_link_is_reported_and_not_followed(self, repo):
        secret = repo.home / "secret.txt"
        secret.write_text("AccountKey=" + "Ab3+/9zX" * 10 + "abcdef==")
        os.symlink(secret, repo.top / "flows/chat/notes.txt")
        os.symlink(repo.home, repo.top / "flows/chat/folder")
        for staged in ([], ["--staged"]):
            repo.stage()
            done = repo.flowsync("validate", "--json", *staged)
            assert {(f["code"], f["path"]) for f in found(done)} == {
                ("FS505", "flows/chat/notes.txt"),
                ("FS505", "flows/chat/folder"),
            }

    def test_a_prompty_alone_is_a_flow_and_inside_of_one_it_is_not(self, repo):
        prompty = GOOD["chat.prompty"]
        repo.write("single/a.prompty", prompty)
        repo.write("flows/chat/prompts/b.prompty", prompty)
        done = repo.flowsync("validate", "--json")
        assert flows_of(done) == ["flows/chat", "flows/other", "single"]
        done = repo.flowsync("validate", "--json", "flows/chat/prompts/b.prompty")
        assert flows_of(done) == ["flows/chat"]

    def test_an_include_from_beside_and_from_outside(self, repo):
        repo.write("shared/loud.py", GOOD["echo.py"])
        (repo.home / "outside.py").write_text(GOOD["echo.py"])
        includes = "additional_includes:\n- ../../shared\n- ../../../home/outside.py\n"
        repo.write(DEFINITION, GOOD["flow.dag.yaml"] + includes)
        for staged in ([], ["--staged"]):
            repo.stage()
            done = repo.flowsync("validate", "--json", *staged)
            assert [(f["code"], f["line"]) for f in found(done)] == [("FS304", 12)]


class TestStaged:
    def test_only_what_would_be_committed(self, repo):
        assert flows_of(repo.flowsync("validate", "--staged", "--json")) == []
        repo.write(DEFINITION, BROKEN)
        assert flows_of(repo.flowsync("validate", "--staged", "--json")) == []
        repo.stage()
        repo.write(DEFINITION, GOOD["flow.dag.yaml"])
        done = repo.flowsync("validate", "--staged", "--json", cwd=repo.top / "flows" / "other")
        assert done.returncode == 1
        assert [(f["code"], f["path"]) for f in found(done)] == [("FS101", DEFINITION)]
        assert repo.flowsync("validate").returncode == 0

    def test_a_definition_that_goes_alone(self, repo):
        repo.git("rm", "-q", DEFINITION)
        done = repo.flowsync("validate", "--staged", "--json")
        assert done.returncode == 1
        assert [(f["code"], f["path"]) for f in found(done) if f["severity"] == "error"] == [("FS214", DEFINITION)]
        repo.git("rm", "-q", "-r", "flows/chat")
        assert repo.flowsync("validate", "--staged").returncode == 0

    def test_a_definition_that_changes_its_kind(self, repo):
        repo.git("rm", "-q", DEFINITION)
        repo.write("flows/chat/flow.flex.yaml", "entry: echo:echo\n")
        repo.stage()
        done = repo.flowsync("validate", "--staged", "--json")
        assert (done.returncode, found(done)) == (0, [])

    def test_takes_no_paths(self, repo):
        assert repo.flowsync("validate", "--staged", "flows").returncode == 2

    def test_outside_of_a_repository(self, repo, tmp_path):
        assert repo.flowsync("validate", "--staged", cwd=tmp_path).returncode == 3

    def test_a_submodule_is_passed_over(self, repo):
        head = repo.head()
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},flows/chat/sub")
        done = repo.flowsync("validate", "--staged", "--json")
        assert (done.returncode, flows_of(done)) == (0, ["flows/chat"])

    def test_an_index_with_conflicts(self, repo):
        repo.git("checkout", "-q", "-b", "side")
        repo.write(DEFINITION, GOOD["flow.dag.yaml"] + "description: side\n")
        assert repo.commit("-a").returncode == 0
        repo.git("checkout", "-q", "main")
        repo.write(DEFINITION, GOOD["flow.dag.yaml"] + "description: main\n")
        assert repo.commit("-a").returncode == 0
        assert repo.run("git", "merge", "side").returncode != 0
        assert repo.flowsync("validate", "--staged").returncode in (0, 1)
        done = repo.flowsync("validate", "--json")
        assert {f["code"] for f in found(done)} == {"FS003"}


class TestFormats:
    @pytest.fixture
    def odd(self, repo):
        """A flow whose name needs every escape, and whose finding has a column to count."""
        repo.flow("flows/a%b:c,d;e]f é", flow__dag__yaml=BROKEN + "colour: red\n")
        return repo

    def output(self, repo, form, *arguments):
        done = repo.flowsync("validate", "--format", form, *arguments)
        assert done.returncode == 1, done.stderr
        return done.stdout

    def test_text(self, odd):
        lines = self.output(odd, "text").splitlines()
        assert lines[0].startswith("flows/a%b:c,d;e]f é/flow.dag.yaml:4:35: FS101 error: Output 'out' refers to")
        assert lines[1] == "    Did you mean 'echo'?"
        assert lines[-1] == "3 flows: 1 error, 1 warning, 0 infos".removesuffix(", 0 infos")

    def test_json(self, odd):
        value = json.loads(self.output(odd, "json"))
        assert value["version"] == 1
        finding = next(f for flow in value["flows"] for f in flow["findings"])
        assert finding == {
            "code": "FS101",
            "name": "undefined-reference",
            "severity": "error",
            "path": "flows/a%b:c,d;e]f é/flow.dag.yaml",
            "line": 4,
            "column": 35,
            "message": "Output 'out' refers to the node 'ecco', which does not exist.",
            "fix": "Did you mean 'echo'?",
        }

    def test_github(self, odd):
        lines = self.output(odd, "github").splitlines()
        assert lines[0] == (
            "::error file=flows/a%25b%3Ac%2Cd;e]f é/flow.dag.yaml,line=4,col=35,title=FS101 undefined-reference::"
            "Output 'out' refers to the node 'ecco', which does not exist. Did you mean 'echo'?"
        )
        assert lines[1].startswith("::warning ")

    def test_azdo(self, odd):
        lines = self.output(odd, "azdo").splitlines()
        assert lines[0] == (
            "##vso[task.logissue type=error;sourcepath=flows/a%AZP25b:c,d%3Be%5Df é/flow.dag.yaml;linenumber=4;"
            "columnnumber=35;code=FS101;]Output 'out' refers to the node 'ecco', which does not exist. "
            "Did you mean 'echo'?"
        )

    def test_sarif(self, odd):
        log = json.loads(self.output(odd, "sarif"))
        assert log["version"] == "2.1.0"
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == ["FS101", "FS201"]
        assert all(re.fullmatch(r"[A-Za-z]+", rule["name"]) for rule in rules)
        first = run["results"][0]
        assert (first["ruleId"], rules[first["ruleIndex"]]["id"], first["level"]) == ("FS101", "FS101", "error")
        place = first["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {
            "uri": "flows/a%25b%3Ac%2Cd%3Be%5Df%20%C3%A9/flow.dag.yaml",
            "uriBaseId": "%SRCROOT%",
        }
        assert place["region"] == {"startLine": 4, "startColumn": 35}

    def test_sarif_keeps_to_its_schema(self, odd):
        jsonschema = pytest.importorskip("jsonschema")
        schema = Path(os.environ.get("FLOWSYNC_SARIF_SCHEMA", "missing"))
        if not schema.is_file():
            pytest.skip("FLOWSYNC_SARIF_SCHEMA names no copy of sarif-schema-2.1.0.json")
        jsonschema.validate(json.loads(self.output(odd, "sarif")), json.loads(schema.read_text()))

    def test_into_a_file(self, odd):
        done = odd.flowsync("validate", "--format", "sarif", "-o", "out.sarif")
        assert (done.returncode, done.stdout) == (1, "")
        assert json.loads((odd.top / "out.sarif").read_text())["version"] == "2.1.0"

    @pytest.mark.parametrize(
        ("name", "value", "start"), [("GITHUB_ACTIONS", "true", "::"), ("TF_BUILD", "True", "##vso")]
    )
    def test_ci_systems_are_noticed(self, odd, name, value, start):
        import sys

        done = odd.run(sys.executable, "-P", "-m", "flowsync", "validate", extra={name: value})
        assert done.stdout.startswith(start)

    def test_colour_only_where_it_is_welcome(self, odd):
        assert "\x1b" not in self.output(odd, "text")


class TestExits:
    def test_warnings_fail_only_if_strict(self, repo):
        repo.write(DEFINITION, GOOD["flow.dag.yaml"] + "colour: red\n")
        assert repo.flowsync("validate").returncode == 0
        assert repo.flowsync("validate", "--strict").returncode == 1

    def test_infos_on_request(self, repo):
        repo.write("flows/chat/a.prompty", GOOD["chat.prompty"])
        assert "FS305" not in repo.flowsync("validate").stdout
        done = repo.flowsync("validate", "--info", "--strict")
        assert "FS305 info" in done.stdout
        assert done.returncode == 0

    def test_usage(self, repo):
        assert repo.flowsync("validate", "nowhere").returncode == 2
        assert repo.flowsync("validate", "..").returncode == 2
        (repo.top / "empty").mkdir()
        assert repo.flowsync("validate", "empty").returncode == 2
        assert repo.flowsync("validate", "--explain", "FS999").returncode == 2

    @pytest.mark.parametrize("text", ["rules: {FS101: loud}\n", "rules: [\n", "a: 1\na: 2\n"])
    def test_a_wrong_configuration_names_its_line(self, repo, text):
        repo.write(".flowsync.yaml", "# settings\n" + text)
        done = repo.flowsync("validate")
        assert done.returncode == 2
        assert re.search(r"\.flowsync\.yaml:[23]: ", done.stderr)

    def test_the_configuration_counts(self, repo):
        repo.write(DEFINITION, BROKEN)
        repo.write(".flowsync.yaml", "rules: {undefined-reference: warning}\n")
        assert repo.flowsync("validate").returncode == 0


class TestExplain:
    @pytest.mark.parametrize("asked", ["FS101", "fs101", "undefined-reference"])
    def test_one_rule(self, repo, asked):
        done = repo.flowsync("validate", "--explain", asked)
        assert done.returncode == 0
        assert done.stdout.startswith("FS101 undefined-reference (error)\n")
        for part in ("Why: ", "Fix: ", "# flowsync: ignore[FS101]", "rules: {FS101: off}"):
            assert part in done.stdout

    def test_all_rules(self, repo):
        lines = repo.flowsync("validate", "--rules").stdout.splitlines()
        assert [line.split()[0] for line in lines] == list(RULES)


def test_a_repository_of_a_megabyte_each(repo):
    """Files at the limits, in one flow: the command still ends and says what it did not look at."""
    repo.write("flows/chat/data.jsonl", b'{"text": "' + b"lorem ipsum " * 100_000 + b'"}\n')
    repo.write("flows/chat/big.py", "x = 1\n" * 100_000)
    repo.write("flows/chat/big.jinja2", "{{ x }}\n" * 100_000)
    repo.write("flows/chat/run.yml", "flow: .\ndata: data.jsonl\n" + "# x\n" * 200_000)
    done = repo.flowsync("validate", "--json")
    assert {(f["code"], f["path"]) for f in found(done)} == {
        ("FS007", "flows/chat/big.py"),
        ("FS007", "flows/chat/run.yml"),
    }
