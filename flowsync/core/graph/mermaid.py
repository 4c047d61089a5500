"""A graph as Mermaid text, which GitHub, Azure Repos and editors draw."""

from flowsync.core.graph.model import ADDED, BROKEN, CHANGED, REMOVED, Graph

STYLES = {
    ADDED: ("added", "fill:#dafbe1,stroke:#1a7f37,color:#1a7f37"),
    REMOVED: ("removed", "fill:#ffebe9,stroke:#cf222e,color:#cf222e,stroke-dasharray:4"),
    CHANGED: ("changed", "fill:#fff8c5,stroke:#9a6700,color:#9a6700"),
    BROKEN: ("broken", "fill:#cf222e,stroke:#82071e,color:#ffffff"),
}


def as_mermaid(graph: Graph) -> str:
    """Returns a graph as a Mermaid flowchart. Names only ever stand in quotes, so that none can break it."""
    ids = {box.key: f"n{number}" for number, box in enumerate(graph.boxes)}
    lines = ["flowchart TD"]
    for box in graph.boxes:
        said = [f"{box.badge} {box.title}" if box.badge else box.title, box.detail]
        style = f":::{STYLES[box.badge][0]}" if box.badge in STYLES else ""
        lines.append(f'  {ids[box.key]}["{"<br/>".join(_quoted(text) for text in said if text)}"]{style}')
    for edge in graph.edges:
        arrow = {ADDED: "==>", REMOVED: "-.->"}.get(edge.badge, "-->")
        lines.append(f"  {ids[edge.source]} {arrow} {ids[edge.target]}")
    used = {box.badge for box in graph.boxes}
    lines += [f"  classDef {name} {style}" for badge, (name, style) in STYLES.items() if badge in used]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Returns a text with everything that Mermaid or HTML would take for its own as a character code."""
    return "".join(c if c.isalnum() or c in " _-.,+−~!" else f"#{ord(c)};" if c.isprintable() else "?" for c in text)
