"""What LaTeX commands look like in Unicode. Tables only; read by `latex` and `mathml`."""

import re

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ "
    "mu μ nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi φ varphi ϕ chi χ psi ψ omega ω "
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω eps ε"
)
_RELATIONS = (
    "le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ ll ≪ gg ≫ approx ≈ equiv ≡ sim ~ simeq ≃ propto ∝ in ∈ notin ∉ subset ⊂ "
    "subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ to → rightarrow → leftarrow ← Rightarrow ⇒ Leftarrow ⇐ "
    "leftrightarrow ↔ mapsto ↦ uparrow ↑ downarrow ↓ times × cdot · pm ± mp ∓ div ÷ star ⋆ ast ∗ circ ∘ otimes ⊗ "
    "oplus ⊕ wedge ∧ vee ∨ neg ¬ forall ∀ exists ∃ perp ⊥ top ⊤ bot ⊥ parallel ∥ mid | vert | Vert ‖ gtrsim ≳ lesssim ≲"
)
_OTHERS = (
    "infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ ell ℓ hbar ℏ Re ℜ Im ℑ emptyset ∅ ldots … dots … cdots ⋯ prime ′ "
    "langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ degree ° dag † ddag ‡ S § P ¶ copyright © pounds £ euro € "
    "texttrademark ™ textregistered ® textdegree ° textasciitilde ~ textbackslash \\ textendash – textemdash — "
    "ss ß ae æ AE Æ oe œ OE Œ o ø O Ø aa å AA Å l ł L Ł i ı j ȷ dh ð th þ checkmark ✓ R ℝ N ℕ Z ℤ "
    "LaTeX LaTeX TeX TeX BibTeX BibTeX ie i.e. eg e.g. etal et\u00a0al. iid i.i.d. quad \u2003 qquad \u2003 item •"
)


def _pairs(table: str) -> dict[str, str]:
    parts = table.split(" ")
    return dict(zip(parts[::2], parts[1::2], strict=True))


SIGNS = _pairs(_GREEK) | _pairs(_RELATIONS) | _pairs(_OTHERS)

# A command whose argument is shown, and what opens and closes around it: ``\sqrt{x}`` is √(x).
_FORMATTING = (
    "emph textit textbf texttt textsc textsf textrm textup textmd textnormal text mbox hbox underline em it bf tt sc "
    "sf rm sl cal url path bm boldsymbol mathbf mathrm mathit mathsf mathtt mathcal mathscr mathfrak mathbb mathnormal "
    "operatorname ensuremath hat widehat Tilde tilde widetilde bar overline vec dot ddot smash textsuperscript "
    "textsubscript uppercase lowercase mathop mathrel mathbin phantom centering noindent small large footnotesize "
    "xspace newline par protect"
)
ARGUMENT: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_FORMATTING.split(), ("", "")),
    "sqrt": ("√(", ")"),
    "footnote": (" (", ")"),
    "thanks": (" (", ")"),
    **dict.fromkeys(("frac", "tfrac", "dfrac", "cfrac"), ("(", "/")),
}
FUNCTIONS = frozenset("log ln exp min max sin cos tan sup inf arg argmin argmax det dim lim poly polylog".split())
KNOWN = FUNCTIONS | SIGNS.keys() | ARGUMENT.keys()

# Sources that dropped all braces left ``\sqrtT`` and ``\mathbbR``: a known command and one letter too many.
GLUED = re.compile(
    r"(?:sqrt|mathcal|mathbb|mathbf|mathrm|mathsf|ensuremath|widetilde|tilde|emph|textit|textbf|propto)(?=[A-Za-z]+$)"
)

_DIGITS = "0123456789+-=()"
BELOW = dict(zip(_DIGITS, "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True)) | dict(
    zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
ABOVE = dict(zip(_DIGITS, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾", strict=True)) | dict(
    zip("abcdefghijklmnoprstuvwxyzT*′∗⋆", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ*′∗⋆", strict=True)
)
