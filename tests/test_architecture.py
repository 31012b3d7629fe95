"""What holds for the project as a whole; the layers are checked by `make lint`."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import kansr

ROOT = Path(__file__).parent.parent
MODULES = ["kansr", *(module.name for module in pkgutil.walk_packages(kansr.__path__, "kansr."))]
MAX_BYTES = 100_000

IMPORT_EACH_ALONE = """
import importlib, sys, traceback
failed = False
for name in sys.argv[1:]:
    for loaded in [loaded for loaded in sys.modules if loaded.split(".")[0] == "kansr"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception:
        failed = True
        print(f"import {name}:", file=sys.stderr)
        traceback.print_exc(limit=-2)
sys.exit(failed)
"""

HELP = """
import sys
from kansr.cli.main import main
sys.argv = ["kansr", "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(*sorted({"torch", "sympy", "pandas", "scipy"} & set(sys.modules)), file=sys.stderr)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_each_module_imports_alone() -> None:
    """In one interpreter that forgets kansr's modules between imports: a circular import would show."""
    done = run(IMPORT_EACH_ALONE, *MODULES)
    assert done.returncode == 0, done.stderr


def test_tables_and_run_folders_are_read_without_torch() -> None:
    """A table that is refused, `inspect`, `show` and `predict` should not wait a second for it."""
    done = run("import sys, kansr.data, kansr.rundir, kansr.report.terminal; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_help_imports_nothing_heavy() -> None:
    done = run(HELP)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == []


@pytest.mark.parametrize("name", MODULES)
def test_each_module_names_what_is_public(name: str) -> None:
    module = importlib.import_module(name)
    public = getattr(module, "__all__", None)
    if public is None:
        assert module.__file__ is not None
        assert module.__file__.endswith("__init__.py"), f"{name} has no __all__"
    else:
        assert [entry for entry in public if not hasattr(module, entry)] == []
        assert len(set(public)) == len(public)


def test_tracked_files_are_small() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert [str(path) for path in paths if path.is_file() and path.stat().st_size > MAX_BYTES] == []
