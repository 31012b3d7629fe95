"""`formula.json`: the formula with everything that was measured about it, to be read by other programs."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kansr.config import Rule
from kansr.formula.names import format_expression, is_symbol, latex_expression
from kansr.results import Constant, Metrics, Summary
from kansr.text import brief

__all__ = ["ConstantEntry", "FormulaFile", "MetricsEntry", "to_json"]


class MetricsEntry(BaseModel):
    """Errors on some rows; JSON has no NaN, so what is not finite is null."""

    model_config = ConfigDict(frozen=True)

    r2: float | None
    rmse: float | None
    nrmse: float | None
    mae: float | None
    max_abs: float | None
    rows: int

    @classmethod
    def of(cls, metrics: Metrics) -> MetricsEntry:
        """The entry of measured errors."""
        return cls.model_validate(vars(metrics))

    def metrics(self) -> Metrics:
        """The errors again."""
        return Metrics(
            r2=_number(self.r2),
            rmse=_number(self.rmse),
            nrmse=_number(self.nrmse),
            mae=_number(self.mae),
            max_abs=_number(self.max_abs),
            rows=self.rows,
        )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


class ConstantEntry(BaseModel):
    """A fitted constant."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    stderr: float | None

    @classmethod
    def of(cls, constant: Constant) -> ConstantEntry:
        """The entry of a constant."""
        return cls.model_validate(vars(constant))

    def constant(self) -> Constant:
        """The constant again."""
        return Constant(self.name, self.value, self.stderr)


class FormulaFile(BaseModel):
    """The content of `formula.json`.

    Attributes:
        schema_: Version of this layout.
        target: Name of the explained column.
        features: Names of the columns that were offered.
        symbols: Column name of each feature to the symbol that stands for it in `expression`.
        expression: SymPy syntax, full precision, original units.
        latex: With rounded constants, to be read by people.
        complexity: Nodes of the expression tree.
        constants: The fitted constants in order of appearance, with standard errors.
        noise: Estimated standard deviation of the target's noise.
        metrics: Errors by `train`, `validation`, `test` or `cross_validation`.
        outcome: How the search ended: `converged`, `exhausted`, `time_limit` or `interrupted`.
        acceptable: Whether the formula explains the target better than its mean does.
        choice: The rule that chose it among the formulas of `candidates.csv`: `simplest`, `balanced` or `best`.
        reason: What spoke for it, in one line.
        notes: What the user should know, one line each.
        kansr: Version of kansr.
        seed: Seed of the split and of every random start.
        data_sha256: Digest of the table's bytes.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(1, alias="schema")
    target: str
    features: tuple[str, ...]
    symbols: dict[str, str]
    expression: str
    latex: str
    complexity: int
    constants: tuple[ConstantEntry, ...]
    noise: float | None
    metrics: dict[str, MetricsEntry]
    outcome: Literal["converged", "exhausted", "time_limit", "interrupted"]
    acceptable: bool
    # folders that older versions wrote have neither
    choice: Rule = "balanced"
    reason: str = ""
    notes: tuple[str, ...]
    kansr: str
    seed: int
    data_sha256: str

    @field_validator("symbols")
    @classmethod
    def _are_symbols(cls, symbols: dict[str, str]) -> dict[str, str]:
        # They become names in the exported Python module.
        for symbol in symbols.values():
            if not is_symbol(symbol):
                raise ValueError(f"{brief(symbol)} cannot be a symbol")
        if len(set(symbols.values())) < len(symbols):
            raise ValueError("two columns have the same symbol")
        return symbols


def to_json(summary: Summary) -> str:
    """The content of `formula.json`."""
    result, best = summary.result, summary.result.best
    content = FormulaFile.model_validate(
        {
            "target": result.target,
            "features": summary.table.features,
            "symbols": dict(result.symbols),
            "expression": format_expression(best.expression),
            "latex": latex_expression(best.expression, result.target),
            "complexity": best.complexity,
            "constants": [ConstantEntry.of(constant) for constant in best.constants],
            "noise": result.noise,
            "metrics": {part: MetricsEntry.of(metrics) for part, metrics in best.metrics.items()},
            "outcome": result.outcome.name.lower(),
            "acceptable": result.acceptable,
            "choice": result.choice,
            "reason": result.reason,
            "notes": summary.notes,
            "kansr": summary.version,
            "seed": summary.seed,
            "data_sha256": summary.table.sha256,
        }
    )
    return content.model_dump_json(by_alias=True, indent=2) + "\n"
