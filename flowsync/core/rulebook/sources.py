"""Rules about what a definition runs: sources and tools, flex flows, .prompty files. Groups 3 and 4."""

from flowsync.core.rulebook.rule import Row

TABLE: tuple[Row, ...] = (
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
    (
        *("FS317", "template-loader", "error", "A template includes, extends or imports another one."),
        *(
            "Prompt flow gives templates no way to find each other: rendering fails.",
            "Copy the text, or build it in a prompt node.",
        ),
    ),
    (
        *(
            "FS318",
            "unused-python-syntax",
            "warning",
            "A Python file that nothing in the flow uses has a syntax error.",
        ),
        *("Whoever uses it next fails.", "Correct the error, or delete the file."),
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
            "error",
            "A flex flow declares inputs that its entry does not take, or the other way round.",
        ),
        *("Prompt flow refuses the flow.", "Make `inputs` and `init` match the entry's signature, or remove them."),
    ),
    (
        *("FS406", "prompty-variable", "warning", "A .prompty file uses a variable that is not among its inputs."),
        *("It is rendered as nothing, without any error.", "Declare it in `inputs`."),
    ),
    (
        *("FS407", "prompty-role", "error", "A chat .prompty file has text before the first role, or no role."),
        *("A chat request needs messages with roles.", "Start the text with a line `system:` or `user:`."),
    ),
    (
        *("FS408", "unknown-flex-key", "error", "A flex flow has a key that prompt flow does not know there."),
        *("Prompt flow refuses the flow; in a DAG it only ignores such keys.", "Correct the key, or remove it."),
    ),
    (
        *(
            "FS409",
            "flex-class",
            "error",
            "The class that a flex flow's entry names has no `__init__`, or no `__call__`.",
        ),
        *("Prompt flow reads both, and refuses the flow without them.", "Define both methods in the class."),
    ),
    (
        *(
            "FS410",
            "flex-annotation",
            "error",
            "An annotation of a flex flow's entry is one that prompt flow cannot read.",
        ),
        *(
            "It takes str, int, float, bool, list, dict and connections, unquoted, and returns a str or a class.",
            "Use a plain type such as list or dict, or no annotation.",
        ),
    ),
)
