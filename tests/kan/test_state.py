"""Networks as plain tensors."""

from __future__ import annotations

import io

import pytest
import torch

from kansr.kan.network import Network, random_network
from kansr.kan.state import from_state, to_state
from tests.networks import STRUCTURES, inputs, symbolic


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("base_function", [False, True])
def test_a_network_comes_back_from_its_file(name: str, base_function: bool) -> None:
    """Stored without any code and read with `weights_only`, it gives the same output."""
    structure = STRUCTURES[name]
    generator = torch.Generator().manual_seed(3)
    network = random_network(structure, 2, generator, order=2, base_function=base_function)
    file = io.BytesIO()
    torch.save(to_state(network), file)
    file.seek(0)
    back = from_state(torch.load(file, weights_only=True))
    assert back.structure == structure
    x = inputs(30)[:, [0] * structure.n_inputs]
    torch.testing.assert_close(back(x), network(x), rtol=0, atol=0)


def test_a_named_edge_is_no_spline() -> None:
    """Only splines have a state."""
    structure = STRUCTURES["one product"]
    with pytest.raises(TypeError, match="edge 0 is no spline"):
        to_state(Network(structure, (symbolic("x"),) * len(structure.edges)))
