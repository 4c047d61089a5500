"""A flow from the branch to Studio's registry and back: over HTTPS, against the emulated workspace."""

from .world import GOOD, Office


def test_create_list_show(office: Office) -> None:
    office.commit_flow("chat")
    run = office.draft("create", "chat", "--name", "Chat with us", "--tag", "team=search")

    (record,) = office.records()
    assert record["flowName"] == "Chat with us"
    assert record["flowDefinitionFilePath"] == "Users/alice/promptflow/chat/flow.dag.yaml"
    assert record["tags"] == {"team": "search", "flowsync.commit": office.tip()}
    assert record["flowId"] in run.out
    assert office.on_share("chat") == {path: text.encode() for path, text in GOOD.items()}
