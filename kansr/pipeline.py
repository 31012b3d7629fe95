"""The whole job as one function: dataset -> search -> Pareto front -> result."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.config import FitConfig
from kansr.data import Dataset, folds
from kansr.formula.constants import Rows, Template
from kansr.formula.domain import check_domain
from kansr.formula.evaluate import evaluate
from kansr.formula.names import symbol_names
from kansr.formula.parse import ON_REQUEST
from kansr.functions import Function, select, without_twins
from kansr.kan.edges import SymbolicEdge
from kansr.kan.state import to_state
from kansr.results import Candidate, Constant, EdgeRecord, FitResult, Metrics, Outcome, Recorder, Stage
from kansr.search.driver import Budget, Search
from kansr.search.ledger import Found, Listener, Origin
from kansr.search.lens import TargetView
from kansr.search.table import Table

__all__ = ["fit"]

# Seconds kept back for metrics and writing, and for finishing the formula at hand when the search must end.
_RESERVE, _FINISHING = 1.0, 2.0
# With this share of the time left a formula must be at hand, however noisy the data.
_LATE = 0.4


def fit(
    dataset: Dataset,
    config: FitConfig,
    recorder: Recorder,
    interrupted: Callable[[], bool],
    *,
    started: float | None = None,
) -> FitResult:
    """Searches for a formula.

    Args:
        dataset: The cleaned table.
        config: The merged configuration.
        recorder: Is told what happens.
        interrupted: Whether the user wants to stop; asked often.
        started: When the process started (`time.monotonic()`); the time limit counts from there.

    Returns:
        The result; reaching the time limit and being interrupted are outcomes.

    Raises:
        ConfigError: If the configuration names a function that is not in the library.
    """
    begun = time.monotonic()
    limit = (begun if started is None else started) + config.time_limit

    def before_end(seconds: float) -> Callable[[], bool]:
        end = limit - min(seconds, 0.05 * seconds * config.time_limit)
        return lambda: interrupted() or time.monotonic() > end

    functions = select(config.functions)
    judge = _Judge(dataset, config.seed, _written(functions.values()))
    train, validation = dataset.split.train, dataset.split.validation
    order = np.random.default_rng(config.seed).permutation(train)  # samples of rows are its first rows
    x, y = torch.from_numpy(dataset.x[order]), torch.from_numpy(dataset.y[order])
    x_held, y_held = torch.from_numpy(dataset.x[validation]), torch.from_numpy(dataset.y[validation])
    table = Table(x, y, *((x_held, y_held) if len(validation) else (x, y)), judge.symbols)
    search = Search(
        table,
        without_twins(functions),
        torch.Generator().manual_seed(config.seed),
        Budget(
            late=before_end(_LATE * config.time_limit),
            expired=before_end(_RESERVE + _FINISHING),
            closing=before_end(_RESERVE),
        ),
        _Bridge(recorder, judge),
    )
    result = search.run()
    recorder.stage(Stage.WRITE)
    outcome = Outcome.INTERRUPTED if interrupted() else result.outcome
    best = judge.candidate(result.found[0])
    front = _front([judge.candidate(found) for found in result.found], best)
    return FitResult(
        target=dataset.target,
        symbols=judge.names,
        best=best,
        front=front,
        noise=_noise(best, result.network_error, dataset),
        outcome=outcome,
        acceptable=bool(best.expression.free_symbols),
        seconds=time.monotonic() - begun,
        notes=(*judge.notes(), *_faults(best.expression, judge.names, dataset)),
        edges=_edges(result.found[0].origin, dataset),
        weights=_weights(result.found[0].origin),
    )


class _Judge:
    """Measures formulas on every part of the table, as their written form would give them."""

    def __init__(self, dataset: Dataset, seed: int, functions: Iterable[str]) -> None:
        self.names = symbol_names(dataset.features, functions)
        self.symbols = [sympy.Symbol(self.names[f], real=True) for f in dataset.features]
        self._dataset = dataset
        self._seed = seed
        self._known: dict[sympy.Expr, Candidate] = {}

    def candidate(self, found: Found) -> Candidate:
        """Everything that is reported about a formula."""
        expression = found.finished.expression
        if expression not in self._known:
            self._known[expression] = Candidate(
                expression=expression,
                complexity=found.complexity,
                description_length=found.finished.length,
                metrics=self._metrics(found.finished.template),
                constants=self._constants(found.finished.template),
            )
        return self._known[expression]

    def _metrics(self, template: Template) -> Mapping[str, Metrics]:
        split, y = self._dataset.split, self._dataset.y
        predicted = self._predict(template.expression(), np.arange(len(y)))
        metrics = {"train": _metrics(predicted[split.train], y[split.train])}
        if len(split.validation):
            metrics["validation"] = _metrics(predicted[split.validation], y[split.validation])
        if len(split.test):
            metrics["test"] = _metrics(predicted[split.test], y[split.test])
        if not len(split.validation) and not len(split.test):
            metrics["cross_validation"] = self._cross_validated(template)
        return metrics

    def _cross_validated(self, template: Template) -> Metrics:
        """Each row predicted by the same form with constants fitted to the other rows."""
        predicted = np.full(len(self._dataset.y), np.nan)
        for rows, held in folds(len(self._dataset.y), self._seed):
            fitted, _ = template.fit(self._rows(rows))
            predicted[held] = self._predict(fitted.expression(), held)
        return _metrics(predicted, self._dataset.y)

    def _predict(self, expression: sympy.Expr, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        columns = {s.name: column[rows] for s, column in zip(self.symbols, self._dataset.x.T, strict=True)}
        return evaluate(expression, columns)

    def _rows(self, rows: NDArray[np.int64]) -> Rows:
        columns: dict[sympy.Symbol, Tensor] = {
            s: torch.from_numpy(column[rows]) for s, column in zip(self.symbols, self._dataset.x.T, strict=True)
        }
        return Rows(columns, torch.from_numpy(self._dataset.y[rows]))

    def _constants(self, template: Template) -> tuple[Constant, ...]:
        errors = template.standard_errors(self._rows(self._dataset.split.train))
        values = zip(template.values.tolist(), errors, strict=True)
        return tuple(Constant(f"c{i}", value, error) for i, (value, error) in enumerate(values))

    def notes(self) -> tuple[str, ...]:
        """What the user should know of how errors were measured."""
        rows = len(self._dataset.y)
        if len(self._dataset.split.test) or len(self._dataset.split.validation):
            return ()
        return (
            f"{rows} rows are too few to set some aside: the error is also given by leave-one-out cross-validation "
            "(constants refitted each time, the form kept)",
        )


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


def _edges(origin: Origin | None, dataset: Dataset) -> tuple[EdgeRecord, ...]:
    """The named network behind a formula, edge by edge."""
    if origin is None:
        return ()
    structure = origin.named.structure
    inner = [f"node{k + 1}" for k in range(len(structure.ops) - 1)]
    columns = [f"log({f})" if log else f for f, log in zip(dataset.features, origin.lens.logs, strict=True)]
    names = [*columns, *inner, origin.lens.view.value.replace("y", dataset.target)]
    records = []
    for edge, function in zip(structure.edges, origin.named.edges, strict=True):
        if isinstance(function, SymbolicEdge):
            constants = function.constants[0].tolist()
            node = structure.op(edge.target).value
            records.append(EdgeRecord(names[edge.source], names[edge.target], node, function.function.name, *constants))
    return tuple(records)


def _weights(origin: Origin | None) -> bytes:
    """The spline network behind a formula, with the lens that scales its inputs and output."""
    if origin is None:
        return b""
    lens = origin.lens
    state = to_state(origin.splines) | {
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


def _held_out(candidate: Candidate) -> Metrics:
    """The errors that compare formulas: on rows that fitted no constant where there are any."""
    metrics = candidate.metrics
    return metrics.get("validation") or metrics.get("cross_validation") or metrics["train"]


def _front(candidates: Sequence[Candidate], best: Candidate) -> tuple[Candidate, ...]:
    """The candidates that no other one beats in complexity and held-out error; the best is always kept."""
    front: list[Candidate] = []
    least = math.inf
    for candidate in sorted(candidates, key=lambda c: (c.complexity, _held_out(c).rmse)):
        error = _held_out(candidate).rmse
        if error < 0.98 * least or candidate is best:
            front.append(candidate)
            least = min(least, error)
        if candidate is best:
            break
    return tuple(front)


def _noise(best: Candidate, network_error: float, dataset: Dataset) -> float:
    """Standard deviation of the target's noise: what neither the best formula nor the best network explains."""
    held = dataset.split.validation if len(dataset.split.validation) else dataset.split.train
    return min(_held_out(best).rmse, math.sqrt(network_error) * float(dataset.y[held].std()))


class _Bridge(Listener):
    """Passes what the search tells on to a recorder."""

    def __init__(self, recorder: Recorder, judge: _Judge) -> None:
        self._recorder = recorder
        self._judge = judge

    def stage(self, stage: Stage, detail: str) -> None:
        """Passes a stage on."""
        self._recorder.stage(stage, detail)

    def found(self, found: Found) -> None:
        """Passes a formula on."""
        self._recorder.best(self._judge.candidate(found))

    def network(self, edges: int, rmse: float) -> None:
        """Passes a trained network on."""
        self._recorder.event("network", edges=edges, rmse=rmse)
