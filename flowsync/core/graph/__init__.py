"""A flow's graph for people: placed in layers for terminals, as plain text, and as Mermaid, with changes marked.

``placed`` gives coordinates to whoever draws by themselves (the terminal UI); ``as_text`` and ``as_mermaid`` draw.

    model → layers (who stands above whom, in which order) → placing (columns, rows, wires) → drawing
"""

from flowsync.core.graph.drawing import LEGEND, as_lines, as_text, drawable, wire_cells
from flowsync.core.graph.mermaid import as_mermaid
from flowsync.core.graph.model import Box, Edge, Graph, changed_graph, graph_of
from flowsync.core.graph.placing import Picture, Placed, Wire, placed

__all__ = [
    "LEGEND",
    "Box",
    "Edge",
    "Graph",
    "Picture",
    "Placed",
    "Wire",
    "as_lines",
    "as_mermaid",
    "as_text",
    "changed_graph",
    "drawable",
    "graph_of",
    "placed",
    "wire_cells",
]
