"""Rules about a definition: its text, its graph, its schema. Groups 0 to 2."""

from flowsync.core.rulebook.rule import Row

TABLE: tuple[Row, ...] = (
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
        *("FS004", "tab-indent", "error", "YAML holds a tab outside of quotes, literal texts and comments."),
        *(
            "YAML allows only blanks in an indent, and prompt flow allows no tab at the end of a line either.",
            "Replace the tab with blanks.",
        ),
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
    (
        *("FS111", "ignored-section", "warning", "A flow's output asks a node for something else than its output."),
        *(
            "Prompt flow gives the node's whole output all the same.",
            "Write `${node.output}` or `${node.output.property}`.",
        ),
    ),
    (
        *("FS112", "joined-references", "error", "A value is several references, or one with braces inside."),
        *(
            "Prompt flow takes all between the first `${` and the last `}` for one name, and refuses the flow.",
            "Make one reference the whole value, or build the text in a prompt node.",
        ),
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
    (
        *("FS215", "text-for-boolean", "warning", "A text or number stands where true or false is meant."),
        *(
            "To prompt flow `yes`, `no`, `on` and `off` are texts, and a node's key counts as true with any text.",
            "Write true or false, without quotes.",
        ),
    ),
    (
        *("FS216", "strict-schema", "warning", "A value is null, or is no text where `pf flow validate` wants one."),
        *(
            "The flow runs, but `pf flow validate` and an upload by the official client refuse it.",
            "Put the value in quotes, or remove the key.",
        ),
    ),
)
