"""A record's genealogy as pages draw it: both ways in one picture, and the same as a table."""

from batches.materials.tracing import BACKWARD, FORWARD, Edge, Node, trace


def genealogy(record, *, user) -> dict:
    """Return {"graph": {"nodes", "edges"}, "edges": rows, "before": n, "after": n}: two queries."""
    back = trace(record, BACKWARD, user=user)
    ahead = trace(record, FORWARD, user=user)
    nodes: dict[int, Node] = {node.ref: node for node in (*ahead.nodes, *back.nodes)}
    edges: dict[Edge, None] = dict.fromkeys((*back.edges, *ahead.edges))
    return {
        "graph": {
            "nodes": [node.as_json() for node in nodes.values()],
            "edges": [edge.as_json() for edge in edges],
        },
        "rows": [_row(edge, nodes) for edge in edges],
        "before": len(back.nodes) - 1,
        "after": len(ahead.nodes) - 1,
    }


def _row(edge: Edge, nodes) -> dict:
    return {
        "source": nodes[edge.source_ref],
        "target": nodes[edge.target_ref],
        "quantity": edge.quantity,
        "unit": edge.unit,
        "kind": edge.kind,
    }
