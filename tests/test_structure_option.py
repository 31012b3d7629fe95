"""A network of the user's own choice, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.config import FitConfig
from kansr.data import Dataset
from kansr.data.split import split_rows
from kansr.errors import ConfigError
from kansr.formula.evaluate import evaluate
from kansr.kan.structure import Structure
from kansr.pipeline import fit
from kansr.results import SilentRecorder, Stage
from kansr.search import driver
from kansr.search.sample import Sample
from kansr.train.network import Trained

COLUMNS = np.random.default_rng(8).uniform(0.5, 2.0, (300, 2))


def table(y: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Dataset:
    return Dataset("t", ("a", "b"), "y", COLUMNS, y, split_rows(300, 0, 0.15, 0.15), (), "00" * 32, 300)


class Stages(SilentRecorder):
    def __init__(self) -> None:
        self.seen: set[Stage] = set()

    def stage(self, stage: Stage, detail: str = "") -> None:
        self.seen.add(stage)


def test_only_this_network_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: set[Structure] = set()
    train = driver.train_structure

    def train_structure(structure: Structure, sample: Sample, *rest: object) -> Trained | None:
        trained.add(structure)
        return train(structure, sample, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(driver, "train_structure", train_structure)
    a, b = COLUMNS.T
    recorder = Stages()
    config = FitConfig(data="t.csv", structure=(2, 1, 1), time_limit=20.0)
    result = fit(table(np.sqrt(a**2 + np.exp(b))), config, recorder, lambda: False)
    assert trained == {Structure.layered([2, 1, 1])}
    assert Stage.RELATE not in recorder.seen
    assert result.edges
    predicted = evaluate(result.best.expression, {"a": a, "b": b})
    np.testing.assert_allclose(predicted, np.sqrt(a**2 + np.exp(b)), rtol=1e-6)


def test_its_inputs_are_the_features() -> None:
    config = FitConfig(data="t.csv", structure=(3, 2, 1))
    with pytest.raises(ConfigError, match=r"--structure \[3,2,1\]: the first number must be .* 2") as caught:
        fit(table(COLUMNS[:, 0] ** 2), config, SilentRecorder(), lambda: False)
    assert "[2,2,1]" in caught.value.hint
