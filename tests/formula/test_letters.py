"""Names in LaTeX's mathematics mode: plain ASCII that compiles, whatever the name holds."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kansr.formula.letters import latex_letters
from kansr.formula.names import latex_name

# All that plain LaTeX knows in mathematics mode and that names are written with.
COMMANDS = frozenset(
    """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma varsigma tau upsilon
    phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega grave acute hat tilde bar
    breve dot ddot mathring check vec mathrm mbox backslash wedge sim prime circ cdot times pm partial nabla
    infty surd hbar imath ell ss ae AE oe OE o O l L
    """.split()  # noqa: SIM905 (seventy names)
)


def check(latex: str) -> None:
    """Fails on what pdflatex would stumble over."""
    assert latex.isascii()
    assert latex.isprintable()
    tokens = re.findall(r"\\[A-Za-z]+|\\.|.", latex)
    commands = [token[1:] for token in tokens if token.startswith("\\") and len(token) > 1]
    assert {c for c in commands if c.isalpha()} <= COMMANDS
    assert {c for c in commands if not c.isalpha()} <= set("&%$#_{} ")
    assert not {"&", "%", "$", "#", "~", '"', "'", "`"} & set(tokens)
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        assert depth >= 0
    assert depth == 0
    # Two superscripts on one base are an error in TeX: `{}` in front gives each a base of its own.
    assert not re.search(r"\^\{[^{}]*\}\^", latex)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("θ", r"\theta"),
        ("ΔT", r"\Delta T"),
        ("Α", "A"),
        ("λ", r"\lambda"),
        ("ς", r"\varsigma"),
        ("µ", r"\mu"),
        ("é", r"\acute{e}"),
        ("x\u0302", r"\hat{x}"),
        ("ώ", r"\acute{\omega}"),
        ("Å", r"\mathring{A}"),
        ("ａ１", "a1"),
        ("𝜃", r"\theta"),
        ("m/s²", "m/s{}^{2}"),
        ("50%", r"50\%"),
        ("$x", r"\$x"),
        ("#1", r"\#1"),
        ("a b", r"a\ b"),
        ("x\\y", r"x{\backslash}y"),
        ("a~b^c", r"a{\sim}b{\wedge}c"),
        ("\\input{/etc/passwd}", r"{\backslash}input\{/etc/passwd\}"),
        ("\\write18{rm}", r"{\backslash}write18\{rm\}"),
        ("\\end{document}", r"{\backslash}end\{document\}"),
        ("質", "U{+}8CEA"),
        ("🚀", "U{+}1F680"),
        ("a\x1b[31m", "aU{+}001B[31m"),
    ],
)
def test_letters(text: str, latex: str) -> None:
    assert latex_letters(text) == latex
    check(latex)


@given(st.text(st.one_of(st.characters(), st.sampled_from("\\{}$%&#_^~'\"` éθΔ\u0301\u0302²°")), max_size=12))
def test_any_text_compiles(text: str) -> None:
    check(latex_letters(text))


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("θ", r"\theta"),
        ("theta_1", r"\theta_{1}"),
        ("θ_1", r"\theta_{1}"),
        ("ΔT", r"\Delta T"),
        ("ΔT_max", r"\Delta T_{\mathrm{max}}"),
        ("α_0", r"\alpha_{0}"),
        ("x\u0302", r"\hat{x}"),
        ("E", "E"),
        ("lambda_", r"\lambda"),
        ("mass", r"\mathrm{mass}"),
        ("a_b", r"a_{b}"),
        ("x_2nd", r"x_{\mathrm{2nd}}"),
        ("_", r"\mathrm{\_}"),
    ],
)
def test_names(name: str, latex: str) -> None:
    assert latex_name(name) == latex
    check(latex.replace("\\mathrm{\\_}", ""))
