"""`environment.json`: the versions and the machine that a run depends on, besides its table and its options."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib import metadata

from pydantic import BaseModel, ConfigDict

from kansr import __version__

__all__ = ["Environment"]

_PACKAGES = ("numpy", "pandas", "scipy", "sympy", "torch")


class Environment(BaseModel):
    """The content of the file.

    Attributes:
        kansr: Version of kansr.
        python: Version of Python.
        platform: Operating system.
        machine: Kind of processor.
        cpus: Number of processors.
        packages: Versions of the libraries that compute.
    """

    model_config = ConfigDict(frozen=True)

    kansr: str
    python: str
    platform: str
    machine: str
    cpus: int | None
    packages: dict[str, str]

    @classmethod
    def here(cls) -> Environment:
        """That of this process."""
        return cls(
            kansr=__version__,
            python=platform.python_version(),
            platform=platform.platform(),
            machine=platform.machine(),
            cpus=os.cpu_count(),
            packages={name: metadata.version(name) for name in _PACKAGES},
        )

    def other_versions(self, here: Environment) -> Iterator[str]:
        """What has another version here, such as `torch 2.12 there, 2.13 here`."""
        there = {"kansr": self.kansr, "Python": self.python, **self.packages}
        for name, version in {"kansr": here.kansr, "Python": here.python, **here.packages}.items():
            if there.get(name) != version:
                yield f"{name} {there.get(name, 'unknown')} there, {version} here"

    def other_machine(self, here: Environment) -> Iterator[str]:
        """What is different of the machine; it may change the last digits."""
        for name in ("platform", "machine"):
            if getattr(self, name) != getattr(here, name):
                yield f"{name} {getattr(self, name)} there, {getattr(here, name)} here"
