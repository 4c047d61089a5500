"""The table of validation rules: what each one finds, why that matters, what to do.

``docs/rules.md`` is generated from it, ``flowsync validate --explain`` prints it. Codes are stable: a rule that goes
leaves its code unused. The hundreds are groups: 0 text, 1 graph, 2 schema, 3 sources and tools, 4 flex and prompty,
5 the folder, 6 secrets, 7 run files.
"""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Rule(NamedTuple):
    """One rule; ``severity`` is what it has unless ``.flowsync.yaml`` says otherwise."""

    code: str
    name: str
    severity: Severity
    what: str
    why: str
    fix: str


class Finding(NamedTuple):
    """One result of validating a flow: where (path below the flow, line and column from 1), what, and what to do."""

    code: str
    name: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    fix: str


_TABLE: tuple[tuple[str, str, Severity, str, str, str], ...] = (
    # 0: the text
    (
        *("FS001", "yaml-syntax", "error", "A definition is not YAML."),
        *("Nothing can load the flow.", "Correct the YAML at the place given."),
    ),
    (
        *("FS002", "duplicate-key", "error", "A mapping has the same key twice."),
        *("Prompt flow refuses the file; other readers keep one value at random.", "Remove or rename one of them."),
    ),
    (
        *("FS003", "merge-marker", "error", "A line is a Git merge marker."),
        *("An unfinished merge is about to be committed.", "Settle the conflict and remove the marker lines."),
    ),
    (
        *("FS004", "tab-indent", "error", "YAML is indented with a tab."),
        *("YAML allows only blanks there, so nothing can load the flow.", "Replace the tab with blanks."),
    ),
    (
        *("FS005", "crlf", "warning", "A definition has CRLF line ends."),
        *(
            "Studio writes LF: every save there changes every line.",
            "Convert to LF, and put `text eol=lf` for it into .gitattributes.",
        ),
    ),
    (
        *("FS006", "not-utf8", "error", "A text of the flow is not UTF-8, or holds characters that YAML forbids."),
        *("Prompt flow opens every text as UTF-8.", "Save the file as UTF-8 and remove control characters."),
    ),
    (
        *("FS007", "not-checked", "warning", "A file is too large or too deeply nested to be checked."),
        *(
            "Checking it could take longer than a commit may.",
            "Split the file; or switch this rule off if it is meant to be so.",
        ),
    ),
    # 1: the graph
    (
        *("FS101", "undefined-reference", "error", "A reference names a flow input or node that does not exist."),
        *("The run fails before its first node.", "Correct the name, or define what it names."),
    ),
    (
        *("FS102", "cycle", "error", "Nodes wait for each other in a circle."),
        *("None of them can ever start.", "Cut one of the references in the circle."),
    ),
    (
        *("FS103", "duplicate-node", "error", "Two nodes have the same name."),
        *(
            "References cannot tell them apart, so prompt flow refuses the flow.",
            "Rename one of them and the references to it.",
        ),
    ),
    (
        *("FS104", "nameless-node", "error", "A node has no name."),
        *("Nothing can refer to it, and the flow does not load.", "Give it a `name`."),
    ),
    (
        *(
            "FS105",
            "aggregation-order",
            "error",
            "A normal node refers to an aggregation node, or the condition of an aggregation node to a normal one.",
        ),
        *(
            "Aggregation nodes run once, after all lines are done.",
            "Make the referring node an aggregation too, or refer to another node.",
        ),
    ),
    (
        *("FS106", "output-without-reference", "error", "A flow's output has no reference."),
        *(
            "Prompt flow refuses a flow whose output comes from nowhere.",
            "Add `reference: ${node.output}`, or remove the output.",
        ),
    ),
    (
        *("FS107", "unknown-section", "error", "A reference asks a node for something else than its output."),
        *("Only `output` exists.", "Write `${node.output}` or `${node.output.property}`."),
    ),
    (
        *("FS108", "partial-reference", "warning", "A reference stands inside a longer text."),
        *(
            "Prompt flow replaces only a value that is nothing but a reference; the text goes on as it is.",
            "Make the reference the whole value, or build the text in a prompt node.",
        ),
    ),
    (
        *("FS109", "aggregation-output", "warning", "A flow's output refers to an aggregation node."),
        *("Prompt flow drops such an output.", "Log it as a metric, or refer to a normal node."),
    ),
    (
        *("FS110", "incomplete-activate", "error", "A node's `activate` lacks `when` or `is`."),
        *("Prompt flow refuses the flow.", "Give both, or remove `activate`."),
    ),
    # 2: the schema
    (
        *("FS201", "unknown-key", "warning", "A key is none that prompt flow knows."),
        *("It has no effect; often it is a slip of the keyboard.", "Correct the key, or remove it."),
    ),
    (
        *("FS202", "missing-key", "error", "A key that must be there is missing."),
        *("The flow does not load without it.", "Add the key."),
    ),
    (
        *(
            "FS203",
            "wrong-shape",
            "error",
            "A value is not of the shape (mapping, list, text, true or false) that its key takes.",
        ),
        *("The flow does not load, or the value is ignored.", "Give it the shape that the message names."),
    ),
    (
        *("FS204", "unknown-node-type", "error", "A node's type is none that prompt flow knows."),
        *("The flow does not load.", "Use llm, python, prompt, custom_llm or csharp."),
    ),
    (
        *(
            "FS205",
            "unknown-source-type",
            "error",
            "A node's source has a type that does not exist or does not suit the node.",
        ),
        *("The node's code cannot be found.", "Use code or package; package_with_prompt for custom_llm."),
    ),
    (
        *("FS206", "unknown-value-type", "error", "An input or output has a type that does not exist."),
        *(
            "The flow does not load.",
            "Use int, double, bool, string, list, object or another type that the message names.",
        ),
    ),
    (
        *("FS207", "wrong-default", "error", "A default value, or a literal for a tool's input, is not of its type."),
        *("A run that relies on it fails.", "Write a value of the type, or change the type."),
    ),
    (
        *("FS208", "unknown-choice", "error", "A key that takes one of a few words has another."),
        *("Prompt flow refuses or ignores it.", "Use one of the words that the message lists."),
    ),
    (
        *("FS209", "reserved-name", "error", "A name is one that prompt flow uses itself, or cannot be referred to."),
        *(
            "References to it mean something else, or nothing.",
            "Choose another name, of letters, digits and underscores.",
        ),
    ),
    (
        *("FS210", "variant", "error", "A node's variants, or their default, do not exist."),
        *("The node has nothing to run.", "Define them in `node_variants`, or remove `use_variants`."),
    ),
    (
        *(
            "FS211",
            "chat-shape",
            "error",
            "A chat flow has not exactly one chat input, or more than one chat history or chat output.",
        ),
        *(
            "Studio's chat window does not know what to fill and what to show.",
            "Mark one input `is_chat_input`, at most one `is_chat_history`, and one output `is_chat_output`.",
        ),
    ),
    (
        *("FS212", "two-definitions", "error", "The folder has more than one flow definition."),
        *("Prompt flow refuses such a folder.", "Keep one of them."),
    ),
    (
        *("FS213", "empty-definition", "error", "The definition has no content."),
        *("The flow does not load.", "Restore its content."),
    ),
    (
        *("FS214", "missing-definition", "error", "A flow's definition is deleted and other files of it stay."),
        *("What stays is no flow any more.", "Delete the rest as well, or restore the definition."),
    ),
    # 3: sources and tools
    (
        *("FS301", "missing-source", "error", "A node's source file does not exist."),
        *(
            "The node cannot run; after a commit it is missing for everyone.",
            "Add the file (is it staged?), or correct the path.",
        ),
    ),
    (
        *("FS302", "outside-folder", "error", "A path leads out of the flow's folder."),
        *(
            "Only the folder is uploaded, so the file is missing in Studio.",
            "Move the file into the folder, or list it in `additional_includes`.",
        ),
    ),
    (
        *("FS303", "missing-requirements", "error", "The requirements file that `environment` names does not exist."),
        *("Studio builds an environment without the flow's packages, or none.", "Add the file, or correct the path."),
    ),
    (
        *("FS304", "missing-include", "error", "A path in `additional_includes` does not exist."),
        *("The flow can be neither run nor uploaded.", "Add the file, or correct the path."),
    ),
    (
        *(
            "FS305",
            "unknown-connection",
            "info",
            "A connection cannot be verified, or is not in the list of connections.",
        ),
        *(
            "A connection that the workspace lacks fails the run.",
            "Correct the name, or list it under `connections` in .flowsync.yaml.",
        ),
    ),
    (
        *(
            "FS306",
            "unknown-package-tool",
            "info",
            "A package tool cannot be verified, or is not in the list of tools.",
        ),
        *(
            "A tool whose package is not installed fails the run.",
            "Correct the name, or list it under `tools` in .flowsync.yaml.",
        ),
    ),
    (
        *("FS307", "no-connection", "error", "An llm node has no connection, or no api."),
        *("It does not know which model service to ask.", "Add `connection: NAME` and `api: chat`."),
    ),
    (
        *("FS308", "python-syntax", "error", "A Python file has a syntax error."),
        *("The node that uses it cannot be loaded.", "Correct the error at the place given."),
    ),
    (
        *("FS309", "no-tool", "error", "A node's Python file defines no function with `@tool`."),
        *("Prompt flow does not know what to call.", "Put `@tool` before the function that the node shall call."),
    ),
    (
        *("FS310", "several-tools", "error", "A node's Python file defines more than one `@tool`."),
        *("Prompt flow does not know which to call.", "Keep one `@tool` per file."),
    ),
    (
        *("FS311", "missing-input", "error", "A node does not give its tool an input that has no default."),
        *("The call fails.", "Add the input, or give the parameter a default value."),
    ),
    (
        *("FS312", "extra-input", "error", "A node gives its tool an input that the tool does not take."),
        *("The call fails.", "Remove the input, or add the parameter to the function."),
    ),
    (
        *("FS313", "template-syntax", "error", "A prompt template has a syntax error."),
        *("The prompt cannot be rendered.", "Correct the error at the place given."),
    ),
    (
        *("FS314", "missing-variable", "error", "A prompt template uses a variable that its node does not provide."),
        *(
            "It is rendered as nothing, without any error.",
            "Add the input to the node, or write `{{ name | default('') }}` if it may be missing.",
        ),
    ),
    (
        *("FS315", "unused-input", "warning", "A node provides an input that its prompt template does not use."),
        *("It has no effect; often the template's variable is misspelt.", "Use it in the template, or remove it."),
    ),
    (
        *("FS316", "no-source", "error", "A node has no source, or its source no path."),
        *("There is nothing to run.", "Add `source: {type: code, path: FILE}`."),
    ),
    # 4: flex and prompty
    (
        *("FS401", "bad-entry", "error", "A flex flow's `entry` is not `module:function`."),
        *("Prompt flow refuses the flow.", "Write `entry: module:function` or `entry: module:Class`."),
    ),
    (
        *(
            "FS402",
            "missing-entry",
            "error",
            "A flex flow's entry names a module, function or class that does not exist.",
        ),
        *("The run fails when it loads the flow.", "Add it (is the file staged?), or correct the entry."),
    ),
    (
        *("FS403", "front-matter", "error", "A .prompty file has no front matter between `---` lines."),
        *("It cannot be loaded.", "Start the file with `---`, the settings, `---`."),
    ),
    (
        *("FS404", "prompty-model", "warning", "A .prompty file's `model` is missing or incomplete."),
        *(
            "It can run only where code that loads it says which model to ask.",
            "Give `model.configuration` a `type` and what that type needs.",
        ),
    ),
    (
        *(
            "FS405",
            "flex-ports",
            "warning",
            "A flex flow declares inputs that its entry does not take, or the other way round.",
        ),
        *("Runs fail or ignore values.", "Make `inputs` and `init` match the entry's signature."),
    ),
    (
        *("FS406", "prompty-variable", "warning", "A .prompty file uses a variable that is not among its inputs."),
        *("It is rendered as nothing, without any error.", "Declare it in `inputs`."),
    ),
    (
        *("FS407", "prompty-role", "error", "A chat .prompty file has text before the first role, or no role."),
        *("A chat request needs messages with roles.", "Start the text with a line `system:` or `user:`."),
    ),
    # 5: the folder
    (
        *("FS501", "generated-file", "warning", "A file that tools generate is under version control."),
        *(
            "It changes with every run, may hold prompts and answers, and never syncs.",
            "Take it out with `git rm --cached`, and list it in .gitignore.",
        ),
    ),
    (
        *("FS502", "large-file", "warning", "A file is larger than the limit."),
        *(
            "Every clone and every sync carries it for ever.",
            "Keep large data outside the flow, or raise `max_file_size` in .flowsync.yaml.",
        ),
    ),
    (
        *("FS503", "unsyncable-name", "error", "A name is one that the share, Windows or Git cannot hold."),
        *("The file cannot be uploaded to Studio.", "Rename it."),
    ),
    (
        *("FS504", "name-twins", "error", "Two names differ only in case or Unicode form."),
        *("The share keeps only one of them.", "Rename one of them."),
    ),
    (
        *("FS505", "link", "warning", "A file is a symbolic link."),
        *("The share has no links: it is not synced.", "Replace it with the file, or use `additional_includes`."),
    ),
    # 6: secrets
    (
        *("FS601", "secret", "error", "A text looks like a key, token or connection string."),
        *(
            "What is committed or uploaded once is known for ever.",
            "Use a connection, revoke the secret, and take it out of the file.",
        ),
    ),
    (
        *("FS602", "env-file", "error", "A .env file is under version control."),
        *("Such files hold secrets.", "Remove it with `git rm --cached`, and list it in .gitignore."),
    ),
    # 7: run files
    (
        *("FS701", "missing-run-path", "error", "A run file names a flow or data that does not exist."),
        *("The run cannot start.", "Add the file, or correct the path."),
    ),
    (
        *(
            "FS702",
            "unknown-mapping",
            "error",
            "A run file maps a column to an input that its flow does not have, or leaves one without default unmapped.",
        ),
        *("The run fails or ignores the column.", "Make `column_mapping` match the flow's inputs."),
    ),
    (
        *(
            "FS703",
            "bad-mapping",
            "error",
            "A column mapping refers to neither `${data.…}`, `${run.inputs.…}` nor `${run.outputs.…}`.",
        ),
        *("The run cannot resolve it.", "Refer to a column of the data or of another run."),
    ),
    (
        *("FS704", "run-variant", "error", "A run file names a variant that its flow does not have."),
        *("The run cannot start.", "Write `variant: ${node.variant_id}` with an existing one."),
    ),
)

RULES = {row[0]: Rule(*row) for row in _TABLE}
BY_NAME = {rule.name: rule for rule in RULES.values()}
