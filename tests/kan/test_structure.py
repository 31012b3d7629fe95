from __future__ import annotations

import pytest

from kansr.kan.structure import Edge, Op, Structure
from tests.networks import STRUCTURES


def test_a_layered_structure_is_fully_connected() -> None:
    structure = Structure.layered([2, 3, 1])
    assert structure.ops == (Op.SUM,) * 4
    assert set(structure.edges) == {Edge(s, t) for s in (0, 1) for t in (2, 3, 4)} | {Edge(s, 5) for s in (2, 3, 4)}
    assert (structure.n_nodes, structure.output) == (6, 5)


@pytest.mark.parametrize("width", [[2], [], [2, 3], [2, 0, 1]])
def test_a_width_must_end_in_one_node(width: list[int]) -> None:
    with pytest.raises(ValueError, match="width"):
        Structure.layered(width)


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=list(STRUCTURES))
def test_edges_are_found_from_both_ends(structure: Structure) -> None:
    for node in range(structure.n_nodes):
        assert [structure.edges[e].target for e in structure.incoming[node]] == [node] * len(structure.incoming[node])
        assert [structure.edges[e].source for e in structure.outgoing[node]] == [node] * len(structure.outgoing[node])
    assert sum(map(len, structure.incoming)) == sum(map(len, structure.outgoing)) == len(structure.edges)


@pytest.mark.parametrize(
    ("ops", "edges"),
    [
        ((), ()),
        ((Op.SUM,), (Edge(2, 2),)),
        ((Op.SUM, Op.SUM), (Edge(3, 2),)),
        ((Op.SUM,), (Edge(0, 3),)),
        ((Op.SUM,), (Edge(0, 1),)),
    ],
)
def test_what_is_no_graph_is_refused(ops: tuple[Op, ...], edges: tuple[Edge, ...]) -> None:
    with pytest.raises(ValueError, match=r"output node|later node|incoming"):
        Structure(2, ops, edges)


def test_inputs_that_nothing_reads() -> None:
    assert Structure.of(3, [(Op.SUM, [0, 2])]).used_inputs() == (0, 2)
    assert hash(Structure.layered([2, 1])) == hash(Structure.of(2, [(Op.SUM, [0, 1])]))
