"""Comments as HTML: what Markdown means here, and that nothing hostile comes out of it, whatever goes in."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.community.discussion import MOST_TEXT
from broadsheet.text import clean_lines
from broadsheet.web import mathml
from broadsheet.web.markdown import TAGS, html

MATH = mathml._ELEMENTS
VOID = {"br", "hr"}
DIRECTION = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)]


class Judge(HTMLParser):
    """Complains about every tag, attribute and address that is not ours, and about tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.complaints: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if not self._fits(tag, name, value or ""):
                self.complaints.append(f"<{tag} {name}={value!r}>")
        if tag not in TAGS and tag not in MATH and tag != "span":
            self.complaints.append(f"<{tag}>")
        if tag == "a" and dict(attrs).get("rel") != "nofollow ugc noopener":
            self.complaints.append("a link without its rel")

    def _fits(self, tag: str, name: str, value: str) -> bool:
        if tag == "a":
            self.links += [value] if name == "href" else []
            return name == "rel" or (name == "href" and value.lower().startswith(("http://", "https://")))
        if tag == "ol":
            return name == "start" and value.isdigit()
        if tag == "span":
            return (name, value) == ("class", "tex")
        return tag in MATH and mathml._allowed(name, value)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}> out of order")

    def handle_comment(self, data: str) -> None:
        self.complaints.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.complaints.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.complaints.append(f"instruction {data}")


def judged(text: str) -> Judge:
    judge = Judge()
    written = html(text)
    judge.feed(written)
    judge.close()
    assert judge.complaints == [] and judge.open == [], (judge.complaints, written)
    assert not any(sign in written for sign in [*DIRECTION, "\x00", "\ufdd0", "\ufdd1"])
    return judge


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One *word*, **two** and `x<y`.", "<p>One <em>word</em>, <strong>two</strong> and <code>x&lt;y</code>.</p>"),
        ("a\nb\n\nc", "<p>a<br>\nb</p>\n<p>c</p>"),
        ("~~no~~", "<p><s>no</s></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("```py\nx = 1 & 2\n```", "<pre><code>x = 1 &amp; 2\n</code></pre>"),
        ("# no heading", "<p># no heading</p>"),
        ("| a |\n|---|\n| b |", "<p>| a |<br>\n|---|<br>\n| b |</p>"),
        ("&lt;b&gt;", "<p>&amp;lt;b&amp;gt;</p>"),
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
        ("$5 and $10, not $ 7$", "<p>$5 and $10, not $ 7$</p>"),
        ("", ""),
    ],
)
def test_markdown_means_what_it_says(text: str, expected: str) -> None:
    assert html(text) == expected


def test_formulas_are_drawn_and_their_underscores_are_no_emphasis() -> None:
    written = html(r"As $a_1 + b_1$, \(x_i^2\) and $$\sum_i y_i$$ show; $\text{<b>}$ too.")
    assert written.count("<math>") == 4 and "<em>" not in written and "<mtext>&lt;b&gt;</mtext>" in written
    assert html(r"\$5").count("$") == 1


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see (https://example.org/a_(b)).", ["https://example.org/a_(b)"]),
        ("https://example.org/?q=1&r=2, and http://example.org!", ["https://example.org/?q=1&r=2", "http://example.org"]),
        ("[words](https://example.org \"title\")", ["https://example.org"]),
        ("<https://example.org>", ["https://example.org"]),
        ("![image](https://example.org/x.png)", ["https://example.org/x.png"]),
        ("`https://example.org`", []),
        ("xhttps://example.org and https:// alone", []),
    ],
)  # fmt: skip
def test_links_lead_to_the_web(text: str, links: list[str]) -> None:
    judge = judged(text)
    assert judge.links == links


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>1</script></svg>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/sign-out)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=1>)",
    "[x]: javascript:alert(1)\n\n[x]",
    '[a](https://e.org ""onmouseover=alert(1)")',
    '[a](https://e.org"onclick=1)',
    '<a href="https://e.org" onclick=alert(1)>',
    "</p></div></main>",
    "<!-- -->",
    "<![CDATA[x]]>",
    "<?php x ?>",
    "<style>*{display:none}</style>",
    "<base href=//evil>",
    "<form action=/vote method=post>",
    "<math><mi xlink:href=x>",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\style{color:red}{x}$",
    "$\\text{</math><script>alert(1)</script>}$",
    "$\\unicode{x3c}$",
    "\\(<script>\\)",
    "$$<svg onload=1>$$",
    "&#x202e;",
    "&#xfdd0;0&#xfdd1;",
    "\ufdd00\ufdd1",
    "<https://e.org/%EF%B7%900%EF%B7%91>",
    "https://e.org/\u202egnp.exe",
    "e" + "\u0301" * 60,
    "\x00\x08",
    "\u2066x\u2069",
    '```"><script>\nx\n```',
    "    <script>",
    "> " * 40 + "x",
    "- " * 40 + "x",
    "*" * 60,
    "`" * 31,
    "[" * 60,
    "](" * 20,
    "http://" * 9,
    "https://e.org/'\"><b>",
    "\\",
    "\n",
    "\n\n",
    " ",
    "*a",
    "_b_",
    "~~",
    "$x_1$",
    "<",
    ">",
    "&",
    '"',
)


def test_the_judge_can_complain() -> None:
    judge = Judge()
    judge.feed("<p onclick=x><a href='javascript:x'>x</a><script></script><!-- x --></b>")
    assert len(judge.complaints) == 6


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_out(text: str) -> None:
    for around in ("{}", "a {} b", "- {}\n- b", "> {}", "[{}](https://e.org)", "*{}*", "${}$"):
        judged(around.replace("{}", text))


@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=12).map("".join))
def test_nothing_hostile_comes_out_of_any_mixture(text: str) -> None:
    judged(text)


@given(st.text(max_size=60))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_lines(clean_lines(text)) == clean_lines(text)


def test_what_is_cleaned() -> None:
    assert clean_lines("a\r\nb \rc\u202e\x00\td  \n\n\n\n\n\ne") == "a\nb\nc    d\n\n\ne"
    assert clean_lines("e" + "\u0301" * 60 + "f") == "\u00e9" + "\u0301" * 4 + "f", "a heap of accents"
    assert (
        clean_lines("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "[a](",
        "*a ",
        "*a**b",
        ">",
        "> - ",
        "- ",
        "1. ",
        "<",
        "![",
        "$a_1$ ",
        "$a ",
        "\\(",
        "_a_ ",
        "~~a",
        "http://a ",
        "https://",
        "http://a!)",
        "```\n",
        "    a\n",
        "\\",
        "<https://a ",
        "[]()",
        "$x^{",
        "`` ",
        "\n> ",
        "&#x202e;",
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    text = (unit * (MOST_TEXT // len(unit) + 1))[:MOST_TEXT]
    began = time.process_time()
    judged(text)
    assert time.process_time() - began < 1.5
