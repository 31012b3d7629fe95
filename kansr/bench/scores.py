"""What comes out of a run of a suite: a score for each problem, and their summary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

__all__ = ["Score", "Settings", "Summary", "Verdict", "summarise"]


@dataclass(frozen=True)
class Settings:
    """How a suite is run.

    Attributes:
        limit: Seconds that each fit may take.
        rows: Rows of a table, where the problem has no wish of its own.
        noise: Standard deviation of the target's noise, as a share of its root mean square.
        dummies: Columns that have no effect, uniform on [0, 1].
        seed: Seed of tables and fits.
        jobs: Fits at the same time.
    """

    limit: float = 60.0
    rows: int = 2000
    noise: float = 0.0
    dummies: int = 0
    seed: int = 0
    jobs: int = 1


@dataclass(frozen=True)
class Verdict:
    """How a formula compares with the true one.

    Attributes:
        complexity: Nodes of the formula's expression tree.
        true_complexity: Nodes of the true one.
        dummies_used: Columns without effect that the formula uses.
        nrmse: Error on fresh points, over the target's standard deviation there.
        r2: Coefficient of determination on the same points.
        extrapolated: Share of points of widened ranges at which the formula is right.
        recovered: Whether it is the law as far as numbers can tell.
        clean: Whether it is also about as short as the law.
    """

    complexity: int
    true_complexity: int
    dummies_used: int
    nrmse: float
    r2: float
    extrapolated: float
    recovered: bool
    clean: bool


@dataclass(frozen=True)
class Score:
    """One problem, fitted and judged.

    Attributes:
        id: Of the problem.
        wall: Seconds from start to end of the process.
        cpu: Seconds of processor time.
        rss_mb: Peak memory in MB.
        exit: Exit status; negative for a signal.
        killed: Whether it had to be ended from outside.
        expression: The formula found, in the columns' symbols.
        verdict: The judgement of it.
        problem: Why there is none.
    """

    id: str
    wall: float
    cpu: float
    rss_mb: int
    exit: int
    killed: bool
    expression: str = ""
    verdict: Verdict | None = None
    problem: str = ""

    @property
    def recovered(self) -> bool:
        """Whether the formula is the law."""
        return self.verdict is not None and self.verdict.recovered

    @property
    def clean(self) -> bool:
        """Whether it is also about as short."""
        return self.verdict is not None and self.verdict.clean

    def record(self, settings: Settings) -> dict[str, object]:
        """As one flat mapping for JSON, which has no infinities."""
        values = {"id": self.id, "noise": settings.noise, "seed": settings.seed, "limit": settings.limit}
        values |= {k: v for k, v in asdict(self).items() if k not in ("id", "verdict")}
        values |= {"recovered": False, "clean": False} if self.verdict is None else asdict(self.verdict)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


@dataclass(frozen=True)
class Summary:
    """Sums over the problems that were run.

    Attributes:
        problems: How many.
        recovered: How many laws were found.
        clean: How many of them in about their shortest form.
        accurate: How many formulas have R² above 0.999.
        wall_median: Seconds.
        wall_max: Seconds.
        cpu_total: Seconds of processor time.
        rss_mb_max: Peak memory of the largest process, in MB.
    """

    problems: int
    recovered: int
    clean: int
    accurate: int
    wall_median: float
    wall_max: float
    cpu_total: float
    rss_mb_max: int


def summarise(scores: Sequence[Score]) -> Summary:
    """The summary of at least one score; the median of an even number is the upper one."""
    walls = sorted(score.wall for score in scores)
    return Summary(
        problems=len(scores),
        recovered=sum(score.recovered for score in scores),
        clean=sum(score.clean for score in scores),
        accurate=sum(score.verdict is not None and score.verdict.r2 > 0.999 for score in scores),
        wall_median=walls[len(walls) // 2],
        wall_max=walls[-1],
        cpu_total=round(sum(score.cpu for score in scores), 2),
        rss_mb_max=max(score.rss_mb for score in scores),
    )
