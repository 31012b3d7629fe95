"""The search: structures simplest first, each trained, pruned and named; the best formula so far is always at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import sympy
import torch
from torch import Tensor

from kansr.formula.build import network_expression
from kansr.formula.constants import Rows, Template
from kansr.formula.dual import evaluate_dual
from kansr.formula.rewrite import complexity
from kansr.functions import Function
from kansr.kan.network import Network, random_network
from kansr.kan.structure import Op, Structure
from kansr.results import Outcome, Stage
from kansr.search.finishing import Finished, Finisher
from kansr.search.lens import Lens, TargetView, lenses
from kansr.search.naming import Named, Namer
from kansr.search.pruning import Pruned, finer, prune
from kansr.search.score import spline_length
from kansr.search.structures import structures
from kansr.train.network import Trained, train_splines

__all__ = ["Found", "Listener", "Search", "SearchResult"]

# Rows that structures are trained on and that names are tried on.
_TRAINING_ROWS, _NAMING_ROWS = 800, 500
# Successive halving: (restarts, rows, iterations) of each stage, by the number of inner nodes (the last: or more).
_STAGES = (
    ((8, 300, 8), (1, _TRAINING_ROWS, 32)),
    ((8, 300, 6), (3, 600, 8), (1, _TRAINING_ROWS, 40)),
    ((24, 300, 6), (6, 600, 8), (1, _TRAINING_ROWS, 40)),
)
_GRID_SIZE, _ORDER = 5, 3
# Rows that each coefficient needs at least, or grids get coarser and large structures are left out.
_ROWS_PER_COEFFICIENT = 3
# A pruned network is exact up to its grids if its error is this small (mean square over variance), or not much larger
# and caused by the grids; it is named at once.
_EXACT, _NEARLY_EXACT, _BY_GRIDS = 1e-9, 1e-6, 0.5
# A network on fine grids this good looks exact and is always pruned; any other one only if it is better than all
# before by this factor.
_LOOKS_EXACT, _BETTER = 1e-7, 0.9
# Networks that are not promising enough to be refined at all, compared with the best so far.
_HOPELESS = 25.0
# Networks with a larger error wait until all structures have been tried: only noise could make them right.
_NOISY = 1e-5
# Below this error even a network that waits may be named as soon as no better one turns up.
_HARDLY_NOISE = 1e-3
# After so many structures without a better network, the best one so far is named.
_PATIENCE = 6
# A formula with an error below this explains clean data completely.
_CLEAN = 1e-16
# An expression with more nodes explains nothing, whatever its error.
_TOO_LONG = 400
# Names are taken for right if the error of the network grows by no more than this factor.
_NAMES_RIGHT = 4.0
_ROUNDS = 1000
_BASELINES = 2


def _looks_right(pruned: Pruned) -> bool:
    return pruned.mse < _EXACT or (pruned.mse < _NEARLY_EXACT and pruned.blur > _BY_GRIDS * pruned.mse)


@dataclass(frozen=True)
class Found:
    """A finished formula with its error on the validation rows (over the target's variance there)."""

    finished: Finished
    validation: float

    @property
    def complexity(self) -> int:
        """Nodes of the expression tree."""
        return complexity(self.finished.expression)


class Listener:
    """What the search tells while it runs; the base class ignores it."""

    def stage(self, stage: Stage, detail: str) -> None:
        """The search turned to `stage`."""

    def found(self, found: Found) -> None:
        """A better formula than all before."""

    def network(self, structure: Structure, rmse: float) -> None:
        """A network was trained."""


@dataclass(frozen=True)
class SearchResult:
    """All formulas found, best first; the error of the best network; and how it ended."""

    found: list[Found]
    network_mse: float
    outcome: Outcome


@dataclass
class _Draft:
    """A pruned network with the lens it was trained through."""

    pruned: Pruned
    lens: Lens
    length: float
    validation: float
    named: int = 0

    @property
    def shape(self) -> tuple[Structure, TargetView]:
        """What two networks share that would be given the same names."""
        return self.pruned.network.structure, self.lens.view


@dataclass
class Search:
    """One search on one table.

    Attributes:
        x: Training inputs in the table's units, `(n, d)`.
        y: Training target, `(n,)`.
        x_validation: Rows that decide between formulas, `(m, d)`; the training rows where there are none.
        y_validation: `(m,)`.
        symbols: A symbol for each column.
        functions: What edges may be named.
        generator: Source of all random numbers.
        late: True when it is time to have a formula: what there is gets named.
        expired: True ends the search.
        closing: True ends the finishing of formulas too; comes a little later.
        listener: Is told what happens.
    """

    x: Tensor
    y: Tensor
    x_validation: Tensor
    y_validation: Tensor
    symbols: Sequence[sympy.Symbol]
    functions: Sequence[Function]
    generator: torch.Generator
    late: Callable[[], bool]
    expired: Callable[[], bool]
    closing: Callable[[], bool]
    listener: Listener = field(default_factory=Listener)
    found: list[Found] = field(default_factory=list)
    drafts: list[_Draft] = field(default_factory=list)
    _waiting: list[tuple[float, Trained, Lens]] = field(default_factory=list)
    _least: float = math.inf
    _idle: int = 0

    def run(self) -> SearchResult:
        """Searches until the data are explained, everything was tried or the time is up."""
        self._finisher = Finisher(
            self._rows(self.x, self.y),
            self._rows(self.x[:_NAMING_ROWS], self.y[:_NAMING_ROWS]),
            self._positive,
            self.closing,
        )
        self._baseline()
        outcome = self._rounds()
        self.found.sort(key=lambda f: f.finished.length)
        networks = [d.validation for d in self.drafts] or [math.inf]
        return SearchResult(self.found, min(networks), outcome)

    def _rounds(self) -> Outcome:
        views = lenses(self.x, self.y)
        for number in range(_ROUNDS):
            known = len(self.drafts)
            for structure in structures(self.x.shape[1]):
                for lens in views:
                    if self.expired():
                        return Outcome.TIME_LIMIT
                    if self.late() and len(self.found) <= _BASELINES:
                        self._name_best(thorough=False)
                    self._try(structure, lens)
                    if self._clean():
                        return Outcome.CONVERGED
            self._name_best(thorough=number > 0)
            if self._clean() or self._noise_reached():
                return Outcome.CONVERGED
            if len(self.drafts) == known:
                break
        return Outcome.EXHAUSTED

    # --- one structure

    def _try(self, structure: Structure, lens: Lens) -> None:
        """Trains one structure; prunes what is promising and names what is exact."""
        lens = lens.uncentred() if structure.op(structure.output) is Op.PRODUCT else lens
        self.listener.stage(Stage.TRAIN, f"{len(structure.edges)} edges, {lens.view.value}")
        z, t = lens.inputs(self.x[:_TRAINING_ROWS]), lens.target(self.y[:_TRAINING_ROWS])
        room = len(t) // (_ROWS_PER_COEFFICIENT * len(structure.edges)) - _ORDER
        if room < 1 and self.drafts:
            return
        trained = self._train(structure, z, t, max(1, min(room, _GRID_SIZE)))
        if trained is None:
            return
        self.listener.network(structure, trained.rmse)
        if not self._promising(trained, lens, z, t):
            self._idle += 1
            if self._idle == _PATIENCE and self._least < _HARDLY_NOISE:
                self._name_best(thorough=False, most=1)
            return
        self._idle = 0
        if self._least > _NOISY:
            self._waiting.append((self._least, trained, lens))
            return
        draft = self._prune(trained, lens)
        twin = any(d.named and d.shape == draft.shape for d in self.drafts)
        if _looks_right(draft.pruned) and not twin:
            self._name(draft, thorough=False)

    def _prune(self, trained: Trained, lens: Lens) -> _Draft:
        self.listener.stage(Stage.PRUNE, f"{len(trained.network.edges)} edges, {lens.view.value}")
        z, t = lens.inputs(self.x[:_TRAINING_ROWS]), lens.target(self.y[:_TRAINING_ROWS])
        draft = self._draft(prune(trained, z, t, self.expired), lens)
        if not any(abs(draft.length - d.length) < 1e-9 for d in self.drafts):
            self.drafts.append(draft)
        return draft

    def _promising(self, trained: Trained, lens: Lens, z: Tensor, t: Tensor) -> bool:
        """Whether a network, on finer grids, is better than all before or looks exact."""
        coarse = self._network_error(trained.network, lens, self.x_validation, self.y_validation)
        if coarse > _HOPELESS * max(self._least, 1e-5):
            return False
        fine, _ = finer(trained, z, t, self.expired)
        error = min(coarse, self._network_error(fine.network, lens, self.x_validation, self.y_validation))
        better = error < _BETTER * self._least
        self._least = min(self._least, error)
        return better or error < _LOOKS_EXACT

    def _train(self, structure: Structure, z: Tensor, t: Tensor, grid_size: int) -> Trained | None:
        """Successive halving: many short runs on few rows, the best go on on more."""
        stages = _STAGES[min(len(structure.ops), len(_STAGES)) - 1]
        network = random_network(structure, stages[0][0], self.generator, grid_size=grid_size, order=_ORDER)
        trained = None
        for restarts, rows, iterations in stages:
            if trained is not None:
                network = trained.select(trained.loss.argsort()[:restarts].tolist()).network
            trained = train_splines(
                network,
                z[:rows],
                t[:rows],
                iterations=iterations,
                damping=1e-2 if trained is None else 1e-3,
                expired=self.expired,
            )
        return trained if trained is not None and math.isfinite(trained.rmse) else None

    def _draft(self, pruned: Pruned, lens: Lens) -> _Draft:
        """Judges a pruned network in the table's own units, so that lenses can be compared."""
        train = self._network_error(pruned.network, lens, self.x[:_TRAINING_ROWS], self.y[:_TRAINING_ROWS])
        validation = self._network_error(pruned.network, lens, self.x_validation, self.y_validation)
        rows = min(_TRAINING_ROWS, len(self.y))
        return _Draft(pruned, lens, spline_length(train, rows, sum(pruned.network.sizes), pruned.blur), validation)

    def _network_error(self, network: Network, lens: Lens, x: Tensor, y: Tensor) -> float:
        output = lens.restore(network(lens.inputs(x))[0])
        # where the same rows fitted the coefficients, each of them has used up one
        spent = sum(network.sizes) if y.data_ptr() == self.y.data_ptr() else 0
        error = float((output - y).square().sum() / max(len(y) - spent, 1) / y.var(correction=0))
        return error if math.isfinite(error) else math.inf

    # --- names

    def _name_best(self, *, thorough: bool, most: int = 4) -> None:
        """Names the networks with the shortest descriptions, those that have waited so far included."""
        waiting = sorted(self._waiting, key=lambda w: w[0])[:most]
        self._waiting.clear()
        for error, trained, lens in waiting:
            if error <= 1.5 * waiting[0][0] and not self.expired():
                self._prune(trained, lens)
        for draft in sorted(self.drafts, key=lambda d: d.length)[:most]:
            if not self.expired() and not self._clean():
                self._name(draft, thorough=thorough)

    def _name(self, draft: _Draft, *, thorough: bool) -> None:
        level = 2 if thorough else 1
        if draft.named >= level:
            return
        draft.named = level
        self.listener.stage(Stage.NAME, f"{len(draft.pruned.network.edges)} edges")
        namer = Namer(
            draft.lens.inputs(self.x[:_NAMING_ROWS]),
            draft.lens.target(self.y[:_NAMING_ROWS]),
            self.functions,
            self.expired,
            draft.lens.logarithmic,
        )
        named = namer(draft.pruned, thorough=thorough)
        self.listener.stage(Stage.REFINE, f"{len(named)} formulas")
        for candidate in self._worth_finishing(named, draft):
            if not self.closing():
                self._finish(candidate, draft)

    @staticmethod
    def _worth_finishing(named: Sequence[Named], draft: _Draft, most: int = 3) -> Iterator[Named]:
        """The best, and the next ones unless the best is far ahead."""
        for candidate in named[:most]:
            if math.isfinite(candidate.length) and candidate.mse < 4 * named[0].mse + 1e-18:
                yield candidate
            if candidate.mse < _CLEAN or candidate.mse > 1e6 * draft.pruned.mse:
                return

    def _finish(self, named: Named, draft: _Draft) -> None:
        """Finishes a formula; one that is worse than its network is only fitted: its names are wrong somewhere."""
        output = network_expression(named.network, draft.lens.input_expressions(self.symbols))
        if complexity(output) > _TOO_LONG:
            return
        rough = self._finisher.rough(draft.lens.output_expression(output))
        right = min(named.mse, rough.mse) <= max(_CLEAN, _NAMES_RIGHT * draft.pruned.mse)
        self._add(self._finisher(rough.expression) if right else rough)

    # --- formulas

    def _baseline(self) -> None:
        """A constant and a linear formula: there is something to show from the first second on."""
        mean = sympy.Float(float(self.y.mean()), 17)
        self._add(self._finisher.fit(mean, self._finisher.rows))
        line = sympy.Add(
            mean,
            *(
                sympy.Float(1e-3 * float(self.y.std()) / float(c.std()), 17) * s
                for s, c in zip(self.symbols, self.x.T, strict=True)
            ),
        )
        self._add(self._finisher(line))

    def _add(self, finished: Finished) -> None:
        validation = self._formula_error(finished.template)
        if not math.isfinite(finished.length + validation):
            return
        found = Found(finished, validation)
        better = all(finished.length < f.finished.length for f in self.found)
        self.found.append(found)
        if better:
            self.listener.found(found)

    def _formula_error(self, template: Template) -> float:
        rows = self._rows(self.x_validation, self.y_validation)
        residual, _ = template.residuals(rows, template.values)
        error = float(residual.square().mean()) / max(rows.variance(), 1e-300)
        return error if math.isfinite(error) else math.inf

    def _rows(self, x: Tensor, y: Tensor) -> Rows:
        return Rows(dict(zip(self.symbols, x.T, strict=True)), y)

    def _positive(self, expression: sympy.Expr) -> bool:
        """Whether an expression is positive on every training row."""
        columns = dict(zip(self.symbols, self.x.T, strict=True))
        value, _ = evaluate_dual(expression, columns, {}, torch.empty(0, dtype=torch.float64))
        return bool((value > 0).all())

    # --- ends

    def _clean(self) -> bool:
        return any(f.finished.mse < _CLEAN and f.validation < 100 * _CLEAN for f in self.found)

    def _noise_reached(self) -> bool:
        """Whether a formula predicts unseen rows as well as the most flexible network does."""
        best = min(self.found, key=lambda f: f.finished.length)
        return best.validation <= 1.05 * min((d.validation for d in self.drafts), default=0.0)
