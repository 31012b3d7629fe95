from __future__ import annotations

import pytest

from kansr.kan.structure import Op
from kansr.search.structures import structures


@pytest.mark.parametrize("n_inputs", [1, 2, 5, 9])
def test_each_structure_comes_once_and_reads_every_input(n_inputs: int) -> None:
    every = list(structures(n_inputs))
    assert len(every) == len(set(every)) > 20
    for structure in every:
        assert structure.used_inputs() == tuple(range(n_inputs))
        for node in range(n_inputs, structure.n_nodes):
            assert structure.incoming[node], "a node that nothing feeds"
            assert node == structure.output or structure.outgoing[node], "a node that nothing reads"


def test_the_simplest_come_first() -> None:
    every = list(structures(3))
    assert (every[0].ops, len(every[0].edges)) == ((Op.SUM,), 3)
    assert every[1].ops == (Op.PRODUCT,)
    assert (every[2].ops, len(every[2].edges)) == ((Op.SUM, Op.SUM), 4)
    assert len(every[-1].edges) > 2 * len(every[0].edges)


def test_the_order_is_always_the_same() -> None:
    assert list(structures(4)) == list(structures(4))
