"""Makes the synthetic tables of this folder: `python sample_data/make.py`.

Each has its own seed, so that a change of one leaves the others alone. Values are rounded to six digits, as an
instrument would, which also hides the last bit in which machines may differ.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["TABLES", "make"]

Table = dict[str, NDArray[np.float64]]

GRAVITY = 9.80665  # m/s^2
GAS_CONSTANT = 8.314462618  # J/(mol K)


def pendulum(rng: np.random.Generator) -> Table:
    """T = 2 pi sqrt(L/g) (1 + theta0^2/16), timed to 2 ms."""
    length = rng.uniform(0.2, 3.0, 200)
    angle = rng.uniform(0.05, 1.5, 200)
    period = 2 * np.pi * np.sqrt(length / GRAVITY) * (1 + angle**2 / 16)
    return {"L": length, "theta0": angle, "T": period + rng.normal(0, 0.002, 200)}


def ideal_gas(rng: np.random.Generator) -> Table:
    """P = n R T / V, with a gauge good to 0.5 %."""
    amount = rng.uniform(0.5, 5.0, 300)
    temperature = rng.uniform(250, 500, 300)
    volume = rng.uniform(0.005, 0.05, 300)
    pressure = amount * GAS_CONSTANT * temperature / volume
    return {"n": amount, "T": temperature, "V": volume, "P": pressure * (1 + rng.normal(0, 0.005, 300))}


def damped_oscillation(rng: np.random.Generator) -> Table:
    """Position x = 1.5 exp(-0.25 t) cos(3 t), sampled every 50 ms and good to 0.01 m."""
    time = np.arange(201) * 0.05
    position = 1.5 * np.exp(-0.25 * time) * np.cos(3 * time)
    return {"t": time, "x": position + rng.normal(0, 0.01, 201)}


# Name of the table: its seed and its law.
TABLES: dict[str, tuple[int, Callable[[np.random.Generator], Table]]] = {
    "pendulum": (1, pendulum),
    "ideal_gas": (2, ideal_gas),
    "damped_oscillation": (3, damped_oscillation),
}


def make(name: str) -> str:
    """The content of `<name>.csv`."""
    seed, law = TABLES[name]
    columns = law(np.random.default_rng(seed))
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(f"{value:.6g}" for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def springs() -> str:
    """The content of `springs.txt`: T = 2 pi sqrt(m/k), timed to 2 ms, as a German spreadsheet writes a lab book."""
    rng = np.random.default_rng(4)
    lines = ["# periods of a mass on a spring, by stopwatch", "spring;day;m [kg];T [s]"]
    for day, (spring, stiffness) in enumerate({"soft": 20.0, "stiff": 80.0}.items(), start=4):
        for mass in np.arange(0.1, 1.0, 0.05):
            period = 2 * np.pi * np.sqrt(mass / stiffness) + rng.normal(0, 0.002)
            lines.append(f"{spring};{day:02}.03.2024;{mass:.3f};{period:.3f}".replace("0.", "0,").replace("1.", "1,"))
    lines[9] = lines[9].rsplit(";", 1)[0] + ";missed"
    lines[20] = lines[20].rsplit(";", 1)[0] + ";"
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for table in TABLES:
        (Path(__file__).parent / f"{table}.csv").write_text(make(table))
    (Path(__file__).parent / "springs.txt").write_text(springs())
