"""Run folders from strangers, and what the package as a whole must not do."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sympy.parsing import sympy_parser

import kansr
from kansr.cli.main import main
from kansr.export import to_latex
from kansr.report.markdown import to_markdown
from kansr.rundir import RunDirectory, write_file
from tests import examples

READ = ("config.yaml", "dataset.json", "formula.json", "candidates.csv", "edges.csv", "status.json", "network.pt")
COMMANDS = (
    ("show", "{}"),
    ("export", "{}", "-f", "python"),
    ("export", "{}", "-f", "json"),
    ("predict", "{}", "{}.csv"),
)
PACKAGE = Path(kansr.__file__).parent


def write_run(folder: Path) -> Path:
    found = examples.summary(examples.result("365.25*a**(3/2) + 0*b", ("a", "b")))
    with RunDirectory(folder, examples.CONFIG) as run:
        run.finish(found, "")
    folder.with_suffix(".csv").write_text("a,b\n1,2\n2,3\n")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def call(*arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command; an exception that leaves it is a bug."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["kansr", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
    assert isinstance(stop.value.code, int)
    return stop.value.code, out.getvalue(), err.getvalue()


def check_commands(run: Path) -> set[int]:
    """All commands that read a run end well, or with one line and a hint; the answers hold nothing that acts."""
    statuses = set()
    for command in COMMANDS:
        status, out, err = call(*(part.format(run) for part in command))
        statuses.add(status)
        assert status in (0, 2, 3), err
        assert "\x1b" not in out + err
        if status:
            assert out == ""
            first, *rest = err.splitlines()
            assert first.startswith("kansr: error: ")
            assert [line.partition(":")[0] for line in rest] == ["hint"]
            assert max(len(first), *map(len, rest)) < 800
        elif "python" in command:
            check_module(out)
    return statuses


def check_module(code: str) -> None:
    """The module is a docstring, imports of NumPy and SciPy, and functions: nothing else runs when it is imported."""
    docstring, *rest = ast.parse(code).body
    assert isinstance(docstring, ast.Expr)
    for node in rest:
        assert isinstance(node, (ast.Import, ast.FunctionDef))
        if isinstance(node, ast.Import):
            assert node.names[0].name in ("numpy", "scipy.special")
        else:
            assert node.name in ("predict", "lambert_w")
            called = {n.func for n in ast.walk(node) if isinstance(n, ast.Call)}
            assert all(isinstance(f, ast.Attribute) or f.id == "lambert_w" for f in called)  # type: ignore[attr-defined]


@pytest.fixture
def no_code(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries to run text or a program fails loudly, once the run is written."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise AssertionError(f"code was run: {arguments}")

    targets: list[tuple[Any, str]] = [(os, "system"), (os, "popen"), (subprocess, "Popen")]
    for module, name in (
        *targets,
        (pickle, "loads"),
        (pickle, "load"),
        (pickle, "Unpickler"),
        (sympy_parser, "eval_expr"),
    ):
        monkeypatch.setattr(module, name, refuse)


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join(10 * [f'*a{i - 1}'])}]\n" for i in range(1, 30))


def changed(key: str, value: object) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), key: value})


HOSTILE: dict[str, tuple[str, Callable[[str], str | bytes]]] = {
    "yaml bomb": ("config.yaml", lambda text: BOMB),
    "yaml tag": ("config.yaml", lambda text: text + "\ntarget: !!python/object/apply:os.system [touch x]"),
    "yaml depth": ("config.yaml", lambda text: "[" * 100_000),
    "yaml size": ("config.yaml", lambda text: text + "# x\n" * 300_000),
    "yaml duplicate": ("config.yaml", lambda text: text + "\nseed: 1"),
    "yaml two roles": ("config.yaml", lambda text: "data: x\nsigma: a\nweights: b"),
    "json depth": ("formula.json", lambda text: "[" * 100_000),
    "json depth in place": ("formula.json", changed("notes", json.loads("[" * 60 + "]" * 60))),
    "json size": ("formula.json", lambda text: text + " " * 17_000_000),
    "json nan": ("formula.json", lambda text: text.replace('"noise": 0.1', '"noise": NaN')),
    "json infinity": ("status.json", lambda text: text.replace("1.25", "-Infinity")),
    "json overflow": ("status.json", lambda text: text.replace("1.25", "1e999")),
    "json digits": ("formula.json", lambda text: text.replace('"seed": 0', '"seed": ' + "9" * 5000)),
    "json many digits": ("formula.json", lambda text: text.replace('"seed": 0', '"seed": ' + "9" * 400)),
    "json duplicate": ("formula.json", lambda text: text.replace('"seed": 0', '"seed": 0, "seed": 1')),
    "json half a character": ("formula.json", lambda text: text.replace('"target": "P"', '"target": "\\ud800"')),
    "json of another kind": ("formula.json", lambda text: "3"),
    "json key": ("dataset.json", changed("rows", {"\x1b" + "x" * 100_000: "y"})),
    "version": ("formula.json", changed("schema", 2)),
    "name of 10 MB": ("formula.json", changed("target", "x" * 10_000_000)),
    "name that no table can hold": ("formula.json", changed("target", "\x1b[2J")),
    "symbol that is code": ("formula.json", changed("symbols", {"a": "a", "b": "b=__import__('os').system('x')"})),
    "symbol of two columns": ("formula.json", changed("symbols", {"a": "a", "b": "a"})),
    "symbol that is a keyword": ("formula.json", changed("symbols", {"a": "a", "b": "lambda"})),
    "expression that is code": ("formula.json", changed("expression", "__import__('os').system('x')")),
    "expression that is long": ("formula.json", changed("expression", "a+" * 50_000 + "a")),
    "expression that is deep": ("formula.json", changed("expression", "sin(" * 200 + "a" + ")" * 200)),
    "candidate that is code": ("candidates.csv", lambda text: text.replace("450.1*a", "__import__('os')")),
    "many candidates": ("candidates.csv", lambda text: text + 1001 * (text.splitlines()[1] + "\n")),
    "candidate of a megabyte": ("candidates.csv", lambda text: text + "x" * 1_000_000),
    "cell beyond the limit of csv": ("edges.csv", lambda text: text + '"' + "x" * 200_000 + '"'),
    "edge without number": ("edges.csv", lambda text: text.replace("1.5", "os.system")),
    "binary": ("dataset.json", lambda text: b"\xff\xfe\x00\x01"),
    "empty": ("formula.json", lambda text: ""),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.usefixtures("no_code")
def test_a_hostile_file_is_refused_in_one_line(run: Path, case: str) -> None:
    name, change = HOSTILE[case]
    content = change((run / name).read_text())
    (run / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert check_commands(run) == {2}


HARMLESS = {
    "version": ("formula.json", changed("kansr", '"""\nimport os\nos.system("x")\n"""\x1b[2J\u202e')),
    "digest": ("dataset.json", changed("sha256", '"""\nimport os #`| \x1b]0;x\x07')),
    "source": ("dataset.json", changed("source", '\x1b[31m"""\nimport os\n<script>')),
    "notes": ("formula.json", changed("notes", ["\x1b[31m\r\x9b2J<b>[x](http://y)\n# h"])),
    "reason": ("formula.json", changed("reason", "\x1b[31m\n# <b>")),
    "target": ("formula.json", changed("target", '"""\nimport os\n\\input{x}$|\u202e')),
    "constant": ("formula.json", changed("constants", [{"name": '\x1b"""\nimport os', "value": 1.0, "stderr": None}])),
    "column": (
        "formula.json",
        lambda text: text.replace('"b": "b"', json.dumps('"""\nimport os\u202e')[:-1] + '": "b"'),
    ),
    "part": ("formula.json", lambda text: text.replace('"train"', json.dumps('\x1b"""\nimport os\n|'))),
}


@pytest.mark.parametrize("case", HARMLESS)
@pytest.mark.usefixtures("no_code")
def test_hostile_text_is_shown_and_does_nothing(run: Path, case: str) -> None:
    name, change = HARMLESS[case]
    text = (run / name).read_text()
    assert change(text) != text
    (run / name).write_text(change(text))
    assert check_commands(run) == {0}


class Bomb:
    """Unpickling it runs code."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("false",)


PICKLE = pickle.dumps(Bomb())


@pytest.mark.usefixtures("no_code")
def test_a_pickle_in_place_of_the_network_does_not_go_off(run: Path) -> None:
    (run / "network.pt").write_bytes(PICKLE)
    assert check_commands(run) == {0}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("kind", ["outside", "circle", "pipe", "folder", "inside"])
def test_only_plain_files_of_the_folder_are_read(run: Path, name: str, kind: str) -> None:
    path, kept = run / name, run / "kept"
    path.rename(kept if kind == "inside" else run.parent / "elsewhere")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"outside": "../elsewhere", "circle": name, "inside": "kept"}[kind])
    assert check_commands(run) == ({0} if kind == "inside" else {2})
    if kind == "outside":
        assert "a link that leads out of the run folder" in call("show", str(run))[2]


def test_a_planted_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    with RunDirectory(tmp_path / "run", examples.CONFIG) as folder:
        for name in ("formula.json", "status.json", "network.pt"):
            (folder.path / name).symlink_to(victim)
        folder.finish(examples.summary(), "")
    assert victim.read_text() == "precious"
    assert not any(child.is_symlink() for child in folder.path.iterdir())
    (tmp_path / "link").symlink_to(victim)
    write_file(tmp_path / "link", "new", follow=False)
    assert (victim.read_text(), (tmp_path / "link").read_text()) == ("precious", "new")


TOKENS = [
    *(b"1e999", b"-1", b"null", b"[[[[", b'"', b"\\", b"\x00", b"\xff", b"\x1b[31m", b",", b"\n", b"'", b"=", b"&a *a"),
    *(b"__import__", b"(" * 300, b"9" * 5000, b"**9**9**9", b"{", b"}", b"\\ud800", b"NaN", b": ", b"- "),
]


@pytest.fixture(scope="module")
def good_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("mutated") / "run")


@given(st.sampled_from(READ), st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("no_code")
def test_any_change_of_a_file_is_survived(good_run: Path, name: str, data: st.DataObject) -> None:
    good = (good_run / name).read_bytes()
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.sampled_from([start, start, start + 1, start + 5, len(content)]))
        content[start:end] = data.draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)))
    try:
        (good_run / name).write_bytes(content)
        check_commands(good_run)
    finally:
        (good_run / name).write_bytes(good)


def test_names_that_are_latex_or_markdown_do_nothing() -> None:
    name = "\\input{/etc/passwd}$|<script>`x`[y](http://z)\n# \\end{document}%"
    found = examples.summary(examples.result(target=name))
    latex = to_latex(found)
    assert not {"$", "%", "#"} & set(re.sub(r"\\[$%#]", "", latex))
    assert "\\input" not in latex
    assert "\\end" not in latex
    report = to_markdown(replace(found, table=replace(found.table, notes=(name,))))
    assert "<script>" not in report
    assert "\n# \\\\end" not in report
    assert "://z" not in report.replace("[y](http{:}//z)", "")


@cache
def _walk() -> tuple[tuple[Path, ast.AST], ...]:
    """Each node of the syntax of each module of the package."""
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    return tuple((path.relative_to(PACKAGE), node) for path, tree in modules.items() for node in ast.walk(tree))


# Who may use what could run code or reach out, and why.
ALLOWED = {
    # each problem is a `kansr fit` of its own; no text of a file is among its arguments
    ("bench/process.py", "subprocess"),
    ("bench/process.py", "Popen"),
}
FORBIDDEN_CALLS = frozenset(
    {"eval", "exec", "compile", "__import__", "sympify", "parse_expr", "lambdify", "system", "popen", "Popen", "execv"}
    | {"unsafe_load", "full_load", "safe_load_all", "import_module", "breakpoint"}
)
FORBIDDEN_MODULES = frozenset(
    {"pickle", "marshal", "shelve", "dill", "joblib", "subprocess", "socket", "urllib", "http", "requests", "ftplib"}
    | {"smtplib", "importlib", "code", "codeop", "runpy", "xmlrpc", "webbrowser", "ssl", "asyncio"}
)


def test_nothing_in_the_package_evaluates_text_or_opens_a_connection() -> None:
    found = set()
    for path, node in _walk():
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            root = node.func.value if isinstance(node.func, ast.Attribute) else None
            if name in FORBIDDEN_CALLS and not (isinstance(root, ast.Name) and root.id == "re"):
                found.add((path.as_posix(), name))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            imported = [alias.name for alias in node.names]
            for module in modules:
                if module.split(".")[0] in FORBIDDEN_MODULES and (module, *imported) != ("importlib", "metadata"):
                    found.add((path.as_posix(), module.split(".")[0]))
    assert found == ALLOWED


def test_tensors_are_loaded_as_weights_and_yaml_by_the_strict_loader_only() -> None:
    for path, node in _walk():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        source, options = ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}
        if source == "torch.load":
            assert options.get("weights_only") == "True", path
        if source.endswith("allow_pickle"):
            raise AssertionError(path)
        assert options.get("allow_pickle", "False") == "False", path
        assert options.get("shell", "False") == "False", path
        if source in ("yaml.load", "yaml.safe_load"):
            assert (path.as_posix(), options.get("Loader")) == ("yaml_file.py", "_Loader")


def test_consoles_take_no_markup() -> None:
    consoles = [node for _, node in _walk() if isinstance(node, ast.Call) and ast.unparse(node.func) == "Console"]
    assert consoles
    for node in consoles:
        assert {k.arg: ast.unparse(k.value) for k in node.keywords}.get("markup") == "False"


def test_no_command_opens_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real search: what a library does at its first use counts too."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise AssertionError(f"a connection was tried: {arguments}")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname", "socketpair"):
        monkeypatch.setattr(socket, name, refuse)
    table, run = examples.write_table(tmp_path), tmp_path / "run"
    status, out, err = call("fit", str(table), "--out", str(run), "--time-limit", "10", "--functions", "x^2,x^3")
    assert status == 0, err
    assert "P = " in out
    shutil.copy(table, run.with_suffix(".csv"))
    assert check_commands(run) == {0}
    assert call("functions")[0] == 0
    assert call("fit", "https://example.org/data.csv")[0] in (2, 3)
