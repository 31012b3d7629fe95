"""The whole job as one function: dataset -> search -> Pareto front -> result."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import sympy
import torch

from kansr.choice import ROUNDING, choose
from kansr.config import FitConfig
from kansr.data import Dataset
from kansr.formula.domain import check_domain
from kansr.formula.parse import ON_REQUEST
from kansr.formula.rewrite import shape
from kansr.functions import Function, allowed_heads, select, without_twins
from kansr.kan.edges import SymbolicEdge
from kansr.kan.state import to_state
from kansr.measuring import Judge
from kansr.results import EdgeRecord, FitResult, Outcome, Recorder, Stage
from kansr.search.budget import Budget
from kansr.search.driver import Search, SearchResult
from kansr.search.ledger import Found, Listener, Origin
from kansr.search.lens import TargetView
from kansr.search.limits import Limits
from kansr.search.robust import factors_by_formula, factors_by_network, rescored
from kansr.search.structures import layered

__all__ = ["fit"]


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
        ConfigError: If the configuration names a function that is not in the library, excludes one that must stay, or
            asks for a network with another number of inputs than there are features.
    """
    begun = time.monotonic()
    functions = select(config.functions, config.exclude)
    free = config.functions is None and not config.exclude
    limits = Limits(None if free else allowed_heads(functions), config.max_complexity)
    judge = Judge(dataset, config, _written(functions.values()))
    budget = Budget.until((begun if started is None else started) + config.time_limit, config.time_limit, interrupted)
    result = _search(judge, config, functions, limits, budget, recorder)
    recorder.stage(Stage.WRITE)
    outcome = Outcome.INTERRUPTED if interrupted() else result.outcome
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
        seconds=time.monotonic() - begun,
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
    judge: Judge,
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


def _edges(origin: Origin | None, judge: Judge, target: str) -> tuple[EdgeRecord, ...]:
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


def _weights(origin: Origin | None, judge: Judge) -> bytes:
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


class _Bridge(Listener):
    """Passes what the search tells on to a recorder."""

    def __init__(self, recorder: Recorder, judge: Judge) -> None:
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
