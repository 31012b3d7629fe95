"""Outliers: rows that stand far off count less, by Huber's weights (P. J. Huber, Ann. Math. Statist. 35, 1964).

Least squares with weights `min(1, k*s/|r|)`, refitted until they settle, minimise Huber's loss (P. W. Holland & R. E.
Welsch, Commun. Statist. A6, 1977), where s is the scale of the residuals r by their median. A formula that is wrong
must not pick its own outliers, so the search works with weights that a flexible network gave before; only afterwards do
the residuals of the best formula take its place, for all formulas alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from kansr.formula.constants import Template
from kansr.kan.network import Network
from kansr.search.finishing import Finisher
from kansr.search.journal import recorded
from kansr.search.ledger import Found
from kansr.search.lens import Lens, TargetView
from kansr.search.structures import probes
from kansr.search.table import Table
from kansr.search.training import TRAINING_ROWS, train_structure
from kansr.train.network import train_splines

__all__ = ["FORMULA_ROUNDS", "factors_by_formula", "factors_by_network", "huber_factors", "rescored"]

# Residuals above so many scales count less; the estimate keeps 95 % of its efficiency where noise is normal.
_K = 1.345
# The standard deviation of a normal distribution over its median absolute value.
_NORMAL = 1.4826
# Where more than half of the residuals are rounding, those above this share of the largest still count.
_ROUNDING = 1e-12
# Fits with new weights: of the network, and of the best formula.
_NETWORK_ROUNDS, FORMULA_ROUNDS = 4, 3
_ITERATIONS = 20
# Formulas that are fitted again in the end.
_MOST = 20


def huber_factors(residual: Tensor, reference: Tensor | None = None) -> Tensor:
    """Factor on each residual, the root of its weight, `(n,)`.

    Args:
        residual: `(n,)`.
        reference: Residuals that tell the scale; the same when absent.
    """
    size = residual.abs()
    known = size if reference is None else reference.abs()
    limit = _K * max(_NORMAL * float(known.median()), _ROUNDING * float(known.max()))
    return torch.where(size <= limit, 1.0, limit / size).sqrt()


@recorded
def factors_by_network(
    table: Table, generator: torch.Generator, expired: Callable[[], bool]
) -> tuple[Tensor, Tensor] | None:
    """Factors on the residuals of training and held rows, by what a flexible network leaves.

    Args:
        table: The rows.
        generator: Source of the network's starts.
        expired: True ends the training where it is.

    Returns:
        None if the rows are too few for the network.
    """
    lens = Lens.of(table.x, table.y, TargetView.RAW)
    *_, structure = probes(table.x.shape[1])
    trained = train_structure(structure, table.seen(lens, TRAINING_ROWS), generator, expired)
    if trained is None:
        return None
    network = trained.network
    factors = _by_network(table, network, lens)
    for _ in range(_NETWORK_ROUNDS - 1):
        sample = table.weighted(*factors).seen(lens, TRAINING_ROWS)
        network = train_splines(
            network, sample.x, sample.y, iterations=_ITERATIONS, weight=sample.weight, expired=expired
        ).network
        factors = _by_network(table, network, lens)
    return factors


def factors_by_formula(table: Table, best: Found, closing: Callable[[], bool]) -> tuple[Tensor, Tensor]:
    """Factors on the residuals of training and held rows, by what a formula leaves, whose constants follow them.

    Args:
        table: The rows.
        best: The formula.
        closing: True ends the fits where they are.
    """
    template = best.finished.template
    factors = _by_formula(table, template)
    for _ in range(FORMULA_ROUNDS - 1):
        template, _ = template.fit(table.weighted(*factors).rows(), expired=closing)
        factors = _by_formula(table, template)
    return factors


def rescored(formulas: Sequence[Found], table: Table, closing: Callable[[], bool]) -> list[Found]:
    """The best formulas with constants, lengths and errors as a table with other weights gives them, best first.

    Args:
        formulas: Best first.
        table: The rows with their weights.
        closing: True ends the fits where they are.
    """
    finisher = Finisher(table.rows(), table.rows(), closing)
    again = []
    for found in formulas[:_MOST]:
        finished = finisher.refit(found.finished.expression)
        error = table.formula_error(finished.template)
        if math.isfinite(finished.length + error):
            again.append(replace(found, finished=finished, held_error=error))
    return sorted(again, key=lambda f: f.finished.length)


def _by_network(table: Table, network: Network, lens: Lens) -> tuple[Tensor, Tensor]:
    train, held = (
        rows.weigh(lens.restore(network(lens.inputs(x))[0]) - rows.y)
        for rows, x in ((table.rows(), table.x), (table.held_rows(), table.x_held))
    )
    return huber_factors(train), huber_factors(held, train)


def _by_formula(table: Table, template: Template) -> tuple[Tensor, Tensor]:
    train, held = (
        rows.weigh(template.residuals(rows, template.values)[0]) for rows in (table.rows(), table.held_rows())
    )
    return huber_factors(train), huber_factors(held, train)
