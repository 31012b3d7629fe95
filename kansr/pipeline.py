"""The whole job as one function: dataset -> search -> Pareto front -> result."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.choice import ROUNDING, Option, choose
from kansr.config import FitConfig
from kansr.data import Dataset, folds
from kansr.formula.constants import Rows, Template
from kansr.formula.domain import check_domain
from kansr.formula.evaluate import evaluate
from kansr.formula.names import symbol_names
from kansr.formula.parse import ON_REQUEST
from kansr.formula.rewrite import shape
from kansr.functions import Function, allowed_heads, select, without_twins
from kansr.kan.edges import SymbolicEdge
from kansr.kan.state import to_state
from kansr.results import Candidate, Constant, EdgeRecord, FitResult, Metrics, Outcome, Recorder, Stage
from kansr.search.budget import Budget
from kansr.search.driver import Search, SearchResult
from kansr.search.journal import Journal
from kansr.search.ledger import Found, Listener, Origin
from kansr.search.lens import TargetView
from kansr.search.limits import Limits
from kansr.search.robust import factors_by_formula, factors_by_network, rescored
from kansr.search.structures import layered
from kansr.search.table import Table

__all__ = ["fit"]

_T = TypeVar("_T")


def fit(
    dataset: Dataset,
    config: FitConfig,
    recorder: Recorder,
    interrupted: Callable[[], bool],
    *,
    started: float | None = None,
    journal: Journal | None = None,
) -> FitResult:
    """Searches for a formula.

    Args:
        dataset: The cleaned table.
        config: The merged configuration.
        recorder: Is told what happens.
        interrupted: Whether the user wants to stop; asked often.
        started: When the process started (`time.monotonic()`); the time limit counts from there.
        journal: Where the long steps are recorded, and read from if an earlier run of the same search was killed.

    Returns:
        The result; reaching the time limit and being interrupted are outcomes.

    Raises:
        ConfigError: If the configuration names a function that is not in the library, excludes one that must stay, or
            asks for a network with another number of inputs than there are features.
    """
    journal = journal or Journal()
    clock = journal.clock
    clock.start(interrupted, started)
    begun = clock.elapsed()
    functions = select(config.functions, config.exclude)
    free = config.functions is None and not config.exclude
    limits = Limits(None if free else allowed_heads(functions), config.max_complexity)
    judge = _Judge(dataset, config, _written(functions.values()))
    budget = Budget.until(clock, config.time_limit, config.time_limit)
    with journal.kept():
        result = _search(judge, config, functions, limits, budget, recorder)
    recorder.stage(Stage.WRITE)
    clock.now()  # the user may want to end after the last step too
    outcome = Outcome.INTERRUPTED if clock.interrupted else result.outcome
    offered = _distinct(result.found)
    options = [judge.option(found) for found in offered]
    choice = choose(options, config.choose, options[0].rmse if result.outcome is Outcome.CONVERGED else 0.0)
    chosen = offered[choice.chosen]
    best = judge.candidate(chosen)
    return FitResult(
        target=dataset.target,
        symbols=judge.names,
        best=best,
        front=tuple(judge.candidate(offered[i]) for i in choice.front),
        noise=judge.noise(offered[0], result.network_error),
        outcome=outcome,
        acceptable=bool(best.expression.free_symbols),
        seconds=clock.elapsed() - begun,
        notes=(
            *judge.notes(chosen),
            *_faults(best.expression, judge.names, dataset),
            *_unseen([judge.column(s) for s in result.unseen if s not in best.expression.free_symbols]),
            *_left_out(result.refused, chosen, limits),
        ),
        edges=_edges(chosen.origin, judge, dataset.target),
        weights=_weights(chosen.origin, judge),
        choice=config.choose,
        reason=choice.reason,
    )


def _search(
    judge: _Judge,
    config: FitConfig,
    functions: Mapping[str, Function],
    limits: Limits,
    budget: Budget,
    recorder: Recorder,
) -> SearchResult:
    """The search; with Huber's loss the rows' weights come from a network before it, from the best formula after it."""
    only = None if config.structure is None else layered(config.structure, len(judge.symbols))
    generator = torch.Generator().manual_seed(config.seed)
    if config.loss == "huber":
        recorder.stage(Stage.TRAIN, "for outliers")
        judge.reweigh(factors_by_network(judge.table(), generator, budget.late))
    search = Search(judge.table(), without_twins(functions), generator, budget, _Bridge(recorder, judge), limits, only)
    result = search.run()
    if config.loss == "huber":
        judge.reweigh(None)
        judge.reweigh(factors_by_formula(judge.table(), result.found[0], budget.closing))
        found, refused = (rescored(_distinct(f), judge.table(), budget.closing) for f in (result.found, result.refused))
        result = replace(result, found=found or result.found, refused=refused)
    return result


def _distinct(formulas: Sequence[Found]) -> list[Found]:
    """Of formulas that differ in nothing but their numbers the first one."""
    distinct: dict[Hashable, Found] = {}
    for found in formulas:
        distinct.setdefault(shape(found.finished.expression), found)
    return list(distinct.values())


def _unseen(columns: Sequence[str]) -> Iterator[str]:
    if columns:
        yield f"left out, no visible influence: {', '.join(columns)}"


def _left_out(refused: Sequence[Found], chosen: Found, limits: Limits) -> Iterator[str]:
    """What the user's limits cost: the best of the formulas that they leave out, where it is better than the chosen."""
    better = [f for f in refused if f.finished.length < chosen.finished.length and f.held_error < chosen.held_error]
    held = [(found, ", ".join(limits.foreign(found.finished.expression))) for found in better]
    for found, _ in [pair for pair in held if not pair[1]][:1]:
        yield f"--max-complexity leaves out a better formula: {found.complexity} nodes, {_error_text(found, chosen)}"
    for found, names in [pair for pair in held if pair[1]][:1]:
        yield f"--functions or --exclude leaves out a better formula: with {names}, {_error_text(found, chosen)}"


def _error_text(other: Found, chosen: Found) -> str:
    if other.held_error < ROUNDING**2:
        return "exact to rounding"
    return f"{math.sqrt(other.held_error / chosen.held_error):.2g} times the error"


class _Judge:
    """Measures formulas on every part of the table, as their written form would give them."""

    def __init__(self, dataset: Dataset, config: FitConfig, functions: Iterable[str]) -> None:
        self.names = symbol_names(dataset.features, functions)
        self.symbols = [sympy.Symbol(self.names[f], real=True) for f in dataset.features]
        self._dataset = dataset
        self._weight = dataset.weight
        self._robust: NDArray[np.float64] | None = None
        self._seed = config.seed
        self._sigma = config.sigma is not None
        self._known: dict[sympy.Expr, tuple[Candidate, Option]] = {}
        # samples of rows are its first rows
        self._order = np.random.default_rng(self._seed).permutation(dataset.split.train)

    def column(self, symbol: sympy.Symbol) -> str:
        """The name in the table of the column that a symbol stands for."""
        return self._dataset.features[self.symbols.index(symbol)]

    def input(self, expression: sympy.Expr) -> str:
        """The name of an input of a network: a column's own name, or a product of powers of columns."""
        return self.column(expression) if expression in self.symbols else str(expression)

    def exponents(self, expression: sympy.Expr) -> list[float]:
        """The exponents of all features in a product of powers of some."""
        powers = expression.as_powers_dict()
        return [float(powers.get(symbol, 0)) for symbol in self.symbols]

    def table(self) -> Table:
        """The rows that the search works on."""
        split = self._dataset.split
        order = self._order
        x, y = torch.from_numpy(self._dataset.x[order]), torch.from_numpy(self._dataset.y[order])
        weight = self._relative_weight(order)
        if not len(split.validation):
            return Table(x, y, x, y, self.symbols, weight, weight)
        held = split.validation
        x_held, y_held = torch.from_numpy(self._dataset.x[held]), torch.from_numpy(self._dataset.y[held])
        return Table(x, y, x_held, y_held, self.symbols, weight, self._relative_weight(held))

    def _relative_weight(self, rows: NDArray[np.int64]) -> Tensor | None:
        """Factor on the residual of each of the rows, rms one on the training rows."""
        weight, known = self._rows(rows).weight, self._rows(self._order).weight
        return None if weight is None or known is None else weight / known.square().mean().sqrt()

    def reweigh(self, factors: tuple[Tensor, Tensor] | None) -> None:
        """Takes factors on the residuals of the table's training and held rows, in its order; None takes them back."""
        self._known.clear()
        self._robust, self._weight = None, self._dataset.weight
        if factors is not None:
            self._robust = np.ones(len(self._dataset.y))
            held = self._dataset.split.validation
            self._robust[self._order] = factors[0].numpy()
            self._robust[held] = factors[1].numpy()[: len(held)]
            self._weight = self._robust if self._weight is None else self._weight * self._robust

    def candidate(self, found: Found) -> Candidate:
        """Everything that is reported about a formula."""
        return self._measured(found)[0]

    def option(self, found: Found) -> Option:
        """Everything that decides whether a formula is chosen."""
        return self._measured(found)[1]

    def noise(self, best: Found, network_error: float) -> float:
        """Standard deviation of the target's noise: what neither the best formula nor the best network explains."""
        held = self.table().held_rows()
        return min(_deciding(self.candidate(best).metrics).rmse, math.sqrt(network_error * held.variance()))

    def _measured(self, found: Found) -> tuple[Candidate, Option]:
        expression = found.finished.expression
        if expression not in self._known:
            metrics, held = self._errors(found.finished.template)
            constants = self._constants(found.finished.template)
            length = found.finished.length
            candidate = Candidate(expression, found.complexity, length, metrics, constants)
            self._known[expression] = candidate, Option(found.complexity, length, held)
        return self._known[expression]

    def _errors(self, template: Template) -> tuple[Mapping[str, Metrics], NDArray[np.float64]]:
        """Errors on each part, and on each row of the part that decides, over the target's standard deviation there.

        The first are errors of the target, all alike; the second are weighted as the rows are.

        The parts are `train`, `validation` and `test`, or `train` and `cross_validation`. Constants were fitted to the
        first, so another one decides if there is one; `test` never does.
        """
        split, y = self._dataset.split, self._dataset.y
        every = np.arange(len(y))
        predicted = self._predict(template.expression(), every)
        named = {"train": split.train, "validation": split.validation, "test": split.test}
        parts = {part: rows for part, rows in named.items() if len(rows)}
        values = {part: predicted[rows] for part, rows in parts.items()}
        if set(parts) == {"train"}:
            parts["cross_validation"], values["cross_validation"] = every, self._cross_validated(template)
        metrics = {part: _metrics(values[part], y[rows]) for part, rows in parts.items()}
        held = self._rows(_deciding(parts))
        errors = held.weigh(torch.from_numpy(_deciding(values)) - held.y)
        return metrics, errors.numpy() / max(math.sqrt(held.variance()), 1e-150)

    def _cross_validated(self, template: Template) -> NDArray[np.float64]:
        """Each row predicted by the same form with constants fitted to the other rows."""
        predicted = np.full(len(self._dataset.y), np.nan)
        for rows, held in folds(len(self._dataset.y), self._seed):
            fitted, _ = template.fit(self._rows(rows))
            predicted[held] = self._predict(fitted.expression(), held)
        return predicted

    def _predict(self, expression: sympy.Expr, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        columns = {s.name: column[rows] for s, column in zip(self.symbols, self._dataset.x.T, strict=True)}
        return evaluate(expression, columns)

    def _rows(self, rows: NDArray[np.int64]) -> Rows:
        columns: dict[sympy.Symbol, Tensor] = {
            s: torch.from_numpy(column[rows]) for s, column in zip(self.symbols, self._dataset.x.T, strict=True)
        }
        weight = None if self._weight is None else torch.from_numpy(self._weight[rows])
        return Rows(columns, torch.from_numpy(self._dataset.y[rows]), weight)

    def _constants(self, template: Template) -> tuple[Constant, ...]:
        # measurement errors are known in the target's units, weights only up to a factor
        errors = template.standard_errors(self._rows(self._dataset.split.train), known=1.0 if self._sigma else 0.0)
        values = zip(template.values.tolist(), errors, strict=True)
        return tuple(Constant(f"c{i}", value, error) for i, (value, error) in enumerate(values))

    def notes(self, best: Found) -> Iterator[str]:
        """What the user should know of how errors were measured."""
        split, template = self._dataset.split, best.finished.template
        if not (len(split.test) or len(split.validation)):
            yield (
                f"{len(self._dataset.y)} rows are too few to set some aside: the error is also given by leave-one-out "
                "cross-validation (constants refitted each time, the form kept)"
            )
        if self._robust is not None:
            rows = np.concatenate([split.train, split.validation])
            light = int((self._robust[rows] ** 2 < 0.5).sum())
            yield f"--loss huber: {light} of {len(rows)} rows count less than half"
        freedom = len(split.train) - len(template.symbols)
        if self._sigma and freedom > 0:
            known = self._rows(split.train)
            squares = float(known.weigh(template.residuals(known, template.values)[0]).square().sum())
            yield f"chi-square per degree of freedom: {squares / freedom:.3g} on the training rows"


def _written(functions: Iterable[Function]) -> frozenset[str]:
    """SymPy's names of those functions that are there only because the user asked for them."""
    return ON_REQUEST & {function.sympy(sympy.Symbol("u", real=True)).func.__name__ for function in functions}


def _faults(expression: sympy.Expr, names: Mapping[str, str], dataset: Dataset) -> Iterator[str]:
    """Says where between the training rows the formula has no finite value, if that is so anywhere."""
    x = dataset.x[dataset.split.train]
    lows, highs = x.min(axis=0).tolist(), x.max(axis=0).tolist()
    ranges = dict(zip(names.values(), zip(lows, highs, strict=True), strict=True))
    fault = check_domain(expression, ranges).fault
    if fault is not None:
        place = [f"{c} = {_legible(fault.point[s], *ranges[s])}" for c, s in names.items() if s in fault.point]
        yield f"the formula {fault.trouble.value} the range of the data, for instance near {', '.join(place)}"


def _legible(value: float, low: float, high: float) -> str:
    """A value to a hundred-thousandth of its range."""
    return f"{round(value, 5 - math.floor(math.log10(high - low))) + 0.0:.10g}" if high > low else f"{value:.10g}"


def _edges(origin: Origin | None, judge: _Judge, target: str) -> tuple[EdgeRecord, ...]:
    """The named network behind a formula, edge by edge, with the table's own names of the columns that it sees."""
    if origin is None:
        return ()
    structure = origin.named.structure
    inner = [f"node{k + 1}" for k in range(len(structure.ops) - 1)]
    seen = zip(map(judge.input, origin.inputs), origin.lens.logs, strict=True)
    columns = [f"log({column})" if log else column for column, log in seen]
    quotient = target if origin.factor == 1 else f"{target}/({origin.factor})"
    names = [*columns, *inner, origin.lens.view.value.replace("y", quotient)]
    records = []
    for edge, function in zip(structure.edges, origin.named.edges, strict=True):
        if isinstance(function, SymbolicEdge):
            constants = function.constants[0].tolist()
            node = structure.op(edge.target).value
            records.append(EdgeRecord(names[edge.source], names[edge.target], node, function.function.name, *constants))
    return tuple(records)


def _weights(origin: Origin | None, judge: _Judge) -> bytes:
    """The spline network behind a formula, with the lens that scales its inputs and output.

    The lens starts with the exponents of the features in each input, `(inputs, features)`: most inputs are a feature as
    it is, some a product of powers of several.
    """
    if origin is None:
        return b""
    lens = origin.lens
    state = to_state(origin.splines) | {
        "lens.exponents": torch.tensor([judge.exponents(i) for i in origin.inputs], dtype=torch.float64),
        "lens.logs": torch.tensor(lens.logs),
        "lens.centre": lens.centre,
        "lens.scale": lens.scale,
        "lens.view": torch.tensor(list(TargetView).index(lens.view)),
        "lens.shift": torch.tensor(lens.shift, dtype=torch.float64),
        "lens.spread": torch.tensor(lens.spread, dtype=torch.float64),
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _metrics(predicted: NDArray[np.float64], y: NDArray[np.float64]) -> Metrics:
    error = predicted - y
    if not np.isfinite(error).all():
        error = np.where(np.isfinite(error), error, np.inf)
    rmse = float(np.sqrt(np.mean(error**2)))
    spread = float(y.std())
    return Metrics(
        r2=1 - (rmse / spread) ** 2 if spread > 0 else math.nan,
        rmse=rmse,
        nrmse=rmse / spread if spread > 0 else math.inf,
        mae=float(np.mean(np.abs(error))),
        max_abs=float(np.max(np.abs(error))),
        rows=len(y),
    )


def _deciding(parts: Mapping[str, _T]) -> _T:
    """What belongs to the rows that decide between formulas: those that fitted no constant where there are any."""
    return next(parts[part] for part in ("validation", "cross_validation", "train") if part in parts)


class _Bridge(Listener):
    """Passes what the search tells on to a recorder."""

    def __init__(self, recorder: Recorder, judge: _Judge) -> None:
        self._recorder = recorder
        self._judge = judge

    def stage(self, stage: Stage, detail: str = "") -> None:
        """Passes a stage on."""
        self._recorder.stage(stage, detail)

    def found(self, found: Found) -> None:
        """Passes a formula on."""
        self._recorder.best(self._judge.candidate(found))

    def network(self, edges: int, rmse: float) -> None:
        """Passes a trained network on."""
        self._recorder.event("network", edges=edges, rmse=rmse)
