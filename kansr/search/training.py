"""Training of one structure: many random starts, of which the best go on."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from kansr.kan.network import random_network
from kansr.kan.structure import Structure
from kansr.search.journal import recorded
from kansr.search.sample import Sample
from kansr.train.network import Trained, train_splines

__all__ = ["TRAINING_ROWS", "train_structure"]

TRAINING_ROWS = 800
# Successive halving: (restarts, rows, iterations) of each stage, by the number of nodes (the last: or more).
_STAGES = (
    ((8, 300, 8), (1, TRAINING_ROWS, 32)),
    ((8, 300, 6), (3, 600, 8), (1, TRAINING_ROWS, 40)),
    ((24, 300, 6), (6, 600, 8), (1, TRAINING_ROWS, 40)),
)
_ORDER = 3
# A curve of one variable may well oscillate, and costs little; in several variables grids are refined later.
_GRID_SIZE, _GRID_SIZE_ALONE = 5, 24
# Rows that each coefficient needs at least: with fewer, grids get coarser and at last the structure is too large.
_ROWS_PER_COEFFICIENT = 3


@recorded
def train_structure(
    structure: Structure,
    sample: Sample,
    generator: torch.Generator,
    expired: Callable[[], bool],
) -> Trained | None:
    """Trains a structure by successive halving (K. Jamieson & A. Talwalkar, AISTATS 2016) of random starts.

    Args:
        structure: The graph.
        sample: Inputs in `[-1, 1]` and a target of variance one.
        generator: Source of the starts.
        expired: True ends the training where it is.

    Returns:
        The best network; None if the rows are too few or no start could be evaluated.
    """
    room = len(sample) // (_ROWS_PER_COEFFICIENT * len(structure.edges)) - _ORDER
    if room < 1 and len(structure.ops) > 1:  # the simplest structures are tried however few the rows
        return None
    grid_size = max(1, min(room, _GRID_SIZE_ALONE if structure.n_inputs == 1 else _GRID_SIZE))
    stages = _STAGES[min(len(structure.ops), len(_STAGES)) - 1]
    network = random_network(structure, stages[0][0], generator, grid_size=grid_size, order=_ORDER)
    trained: Trained | None = None
    for restarts, rows, iterations in stages:
        if trained is not None:
            network = trained.select(trained.loss.argsort()[:restarts].tolist()).network
        damping = 1e-2 if trained is None else 1e-3
        part = sample.head(rows)
        trained = train_splines(
            network, part.x, part.y, iterations=iterations, damping=damping, weight=part.weight, expired=expired
        )
    return trained if trained is not None and math.isfinite(trained.rmse) else None
