"""Rules about the files around a definition: the folder, secrets, run files. Groups 5 to 7."""

from flowsync.core.rulebook.rule import Row

TABLE: tuple[Row, ...] = (
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
