"""``flowsync diff --graph`` and ``--mermaid``: what Studio changed, drawn."""

from merge_scenarios import BASE, RENAMED, RERANK, after_nodes, edit
from world import World


def changed(world: World) -> World:
    world.commit({"flows/chat/flow.dag.yaml": BASE})
    world.sync()
    world.studio({"chat/flow.dag.yaml": edit(BASE, *RENAMED, after_nodes(RERANK))})
    world.sync("--dry-run")
    world.run("fetch")
    return world


def test_a_drawing_marks_what_studio_changed(world: World) -> None:
    shown = str(changed(world).run("diff", "chat", "--graph").out)
    assert shown.startswith("chat  (+ added, ~ changed)\n")
    assert "│ ~ tidy  │" in shown
    assert "│ + rerank  │" in shown


def test_mermaid(world: World) -> None:
    shown = changed(world).run("diff", "chat", "--mermaid").out
    assert shown.startswith("flowchart TD\n")
    assert '["+ rerank<br/>python"]:::added' in shown
