"""Text of strangers where it may do harm: a terminal, Markdown, a spreadsheet, the file system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from kansr.text import brief, markdown_text, safe_name, safe_names, spreadsheet_plain, spreadsheet_safe, visible

# What terminals and spreadsheets react to comes often.
hostile = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\r\n\t\0'=+-@＝0159.,eE|`<>[]()$\u202e\u2066"))
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mass [kg]", "mass [kg]"),
        ("θ, ΔT, 質量, 👩\u200d🔬", "θ, ΔT, 質量, 👩\u200d🔬"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\nc\td", "a\\rb\\nc\\td"),
        ("del\x7f", "del\\x7f"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("a\u2066b\u200bc\u2028d", "a\\u2066b\\u200bc\\u2028d"),
        ("a\u00a0b", "a b"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_act_on_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(hostile)
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    categories = {unicodedata.category(c) for c in shown if c not in "\u200c\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert visible(shown) == shown


def test_values_are_cut_in_messages() -> None:
    assert brief("a\x1b") == "'a\\x1b'"
    assert len(brief("x" * 10**6)) == 60
    assert len(brief([[1] * 1000] * 1000)) == 60
    assert brief(10**5000) == "a number or list that is too long to be shown"


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+A1", "-2*a + b", "\t=1", "\r=1", " =1", "'=1", "＝1", "-", "--1"]
)
def test_formulas_of_a_spreadsheet_are_text(cell: str) -> None:
    safe = spreadsheet_safe(cell)
    assert safe == (cell if cell == "-" else f"'{cell}")


@pytest.mark.parametrize("cell", ["", "a", "-1.5", "+3e-5", "-1,5", "-.5", "1e5", "a=b", "'quoted'", "x@y.org", "+"])
def test_numbers_and_other_text_stay(cell: str) -> None:
    assert spreadsheet_safe(cell) == cell == spreadsheet_plain(cell)


@given(hostile)
def test_a_cell_comes_back_and_starts_nothing(cell: str) -> None:
    safe = spreadsheet_safe(cell)
    assert spreadsheet_plain(safe) == cell
    starts = safe[:1] in set("=@\t\r\n＝＠") or safe[:1] in set("+-＋－")
    assert not starts or re.fullmatch(r"[+-][0-9.,]*([eE][+-]?[0-9]+)?", safe)


def test_markdown_has_no_formatting_links_html_or_formulas() -> None:
    text = "*a* _b_ `c` [d](http://e) <script> | # & $x$ ~~y~~ www.z.org a@b.c !\nnew"
    shown = markdown_text(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)[*_`\[\]<>|#&$~@!]", shown)
    assert "://" not in shown
    assert "www." not in shown


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("period", "period"),
        ("mass [kg]", "mass_kg"),
        ("θ", "θ"),
        ("../../etc/passwd", "etc_passwd"),
        ("a/b\\c", "a_b_c"),
        ("CON", "CON_"),
        ("nul.txt", "nul_txt_"),
        ("LPT1", "LPT1_"),
        (".", "unnamed"),
        ("..", "unnamed"),
        ("", "unnamed"),
        (" .hidden ", "hidden"),
        ("1.5", "1.5"),
        ("🚀", "unnamed"),
        ("\u202eabc\x1b", "abc"),
        ("C:\\x", "C_x"),
        ("a\0b", "a_b"),
        ("-rf", "rf"),
        ("ﬁle", "file"),
    ],
)
def test_any_text_becomes_the_name_of_a_folder(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.lists(hostile, max_size=6))
def test_names_of_folders_differ_and_are_portable(texts: list[str]) -> None:
    names = safe_names(texts)
    assert set(names) == set(texts)
    folded = {unicodedata.normalize("NFC", name.casefold()) for name in names.values()}
    assert len(folded) == len(names)
    for name in names.values():
        assert Path(name).name == name
        assert 0 < len(name.encode()) <= 200
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
        assert name[0] not in ".-"
        assert name[-1] not in ". "
        assert name.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}


def test_upper_and_lower_case_count_alike() -> None:
    assert safe_names(["A", "a", "A-2", "å", "a\u030a"]) == {
        "A": "A",
        "a": "a-2",
        "A-2": "A-2-2",
        "å": "å",
        "a\u030a": "å-2",
    }


@given(hostile)
@settings(max_examples=30)
def test_the_file_system_takes_the_name(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("names") / safe_name(text)
    folder.mkdir()
    assert [child.name for child in folder.parent.iterdir()] == [folder.name]
