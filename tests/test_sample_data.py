from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kansr.config import FitConfig
from kansr.data import load

FOLDER = Path(__file__).parent.parent / "sample_data"
NAMES = sorted(path.stem for path in FOLDER.glob("*.csv"))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_data_make", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["pendulum", "ideal_gas", "damped_oscillation"])
def test_the_synthetic_tables_are_what_the_script_makes(maker: ModuleType, name: str) -> None:
    assert name in maker.TABLES
    assert (FOLDER / f"{name}.csv").read_text() == maker.make(name)


@pytest.mark.parametrize("name", NAMES)
def test_each_table_loads_without_a_remark_and_stands_in_the_readme(name: str) -> None:
    data = load(FitConfig(data=str(FOLDER / f"{name}.csv")))
    readme = (FOLDER / "README.md").read_text()
    assert data.notes == ()
    assert f"| `{name}.csv` |" in readme
    assert f"| {len(data.y)} |" in readme
    for column in (*data.features, data.target):
        assert f"`{column}`:" in readme


def test_the_lab_book_is_what_the_script_makes_and_holds_its_law(maker: ModuleType) -> None:
    path = FOLDER / "springs.txt"
    assert path.read_text() == maker.springs()
    for spring, stiffness in (("soft", 20), ("stiff", 80)):
        data = load(FitConfig(data=str(path), drop=("day",), group_by="spring", group=spring))
        residual = data.y - 2 * np.pi * np.sqrt(data.x[:, 0] / stiffness)
        assert len(data.y) == 17
        assert 0.001 < np.sqrt(np.mean(residual**2)) < 0.003


# Each law as its README states it, and the standard deviation of its noise, which may depend on the target.
LAWS = {
    "kepler": (lambda x: 365.25 * x[0] ** 1.5, lambda y: 0.001 * y),
    "hubble1929": (lambda x: 424 * x[0], lambda y: 240),
    "pendulum": (lambda x: 2 * np.pi * np.sqrt(x[0] / 9.80665) * (1 + x[1] ** 2 / 16), lambda y: 0.002),
    "ideal_gas": (lambda x: x[0] * 8.314462618 * x[1] / x[2], lambda y: 0.005 * y),
    "damped_oscillation": (lambda x: 1.5 * np.exp(-0.25 * x[0]) * np.cos(3 * x[0]), lambda y: 0.01),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_stated_law_and_noise_hold(name: str) -> None:
    law, noise = LAWS[name]
    data = load(FitConfig(data=str(FOLDER / f"{name}.csv")))
    expected = law(data.x.T)
    residual = (data.y - expected) / noise(expected)
    assert np.sqrt(np.mean(residual**2)) < 1.1
    if name in {"pendulum", "ideal_gas", "damped_oscillation"}:
        assert np.sqrt(np.mean(residual**2)) > 0.9
