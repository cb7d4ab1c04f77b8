"""An edition as a letter: one content in two forms, headers that hold, templates that are checked at the start."""

import email
import email.policy
import re
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from unicodedata import normalize

import pytest

import edition_made
from broadsheet import latex
from broadsheet.editions.letters import octets
from broadsheet.errors import Mistake
from broadsheet.mail import compose, samples, write
from broadsheet.mail.languages import ALL
from broadsheet.mail.sheet import Item, Section, Sheet
from edition_made import headers, item, sheet

SENDER = "The Papers <papers@example.org>"
READER = "ada@example.org"
FULL = sheet([item(number) for number in range(1, 13)])
GMAIL = 102_400  # octets of HTML, beyond which the rest is hidden behind a link


def made(what: Sheet = FULL, to: str = READER, sender: str = SENDER, **more: object) -> EmailMessage:
    """The letter as its reader's program takes it apart."""
    data = octets(compose.compose(what, to, sender, headers(**more)))
    letter = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(letter, EmailMessage)
    for part in letter.walk():
        assert part.defects == []
    return letter


def lines(what: Sheet = FULL, to: str = READER, sender: str = SENDER, **more: object) -> list[bytes]:
    """The lines of its head, as they travel."""
    head, _, _ = octets(compose.compose(what, to, sender, headers(**more))).partition(b"\r\n\r\n")
    return head.split(b"\r\n")


def body(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    content: str = found.get_content()
    return content.replace("\r\n", "\n")


def words(html: str) -> str:
    """What is read of HTML, in one line."""
    return " ".join(unescape(re.sub(r"<(style|title)>.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)).split())


# -- two forms of one content ------------------------------------------------------------------------------------------

MATHS = item(title=r"Sorting in $O(n \log n)$ & <b>less</b>", summary=r"For $\ell_1$ and Fr\'echet means.")


@pytest.mark.parametrize("what", [FULL, sheet([MATHS]), sheet(), *samples.sheets()])
def test_both_forms_say_the_same(what: Sheet) -> None:
    letter = made(what)
    text, html = body(letter, "plain"), body(letter, "html")
    plain, read = " ".join(text.split()), words(html)
    said = [what.page, what.manage, what.leave, *(one.link for one in what.items)]
    assert [link for link in said if link not in text or f'href="{link}"' not in html] == []
    for one in what.items:
        for part in (one.authors, one.venue, one.when, *one.why):
            assert part in plain
            assert part in read
        assert latex.plain(one.title) in plain
    assert [note for note in what.notes if note not in plain or note not in read] == []
    assert READER in text
    assert READER in html


def test_mathematics_is_read_in_both() -> None:
    letter = made(sheet([MATHS]))
    assert "Sorting in O(n log n) & <b>less</b>" in body(letter, "plain")
    assert "ℓ₁ and Fréchet means" in body(letter, "plain")
    html = re.sub(r"<(i|sub|sup|b) style[^>]*>", r"<\1>", body(letter, "html"))
    assert "Sorting in <i>O</i>(<i>n</i>\u2009log\u2009<i>n</i>) &amp; &lt;b&gt;less&lt;/b&gt;" in html
    assert "ℓ<sub>1</sub> and Fréchet" in html
    assert not re.search(r"<math|\\ell|\$", html)


def test_nothing_is_loaded_and_nothing_runs() -> None:
    html = body(made(), "html")
    assert not re.search(r"<(img|script|link|iframe|object|form|input|video|audio|svg)\b", html)
    assert not re.search(r"url\(|@import|@font-face|\son\w+=|javascript:|srcset|background=", html)
    addresses = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert {address.partition("://")[0] for address in addresses} == {"https"}


def test_the_look_is_in_every_element_and_the_dark_one_above() -> None:
    html = body(made(), "html")
    assert html.count('<meta name="color-scheme" content="light dark">') == 1
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == 1
    assert "prefers-color-scheme: dark" in style[0]
    assert style[0].lstrip().startswith("@media")  # all that does not depend on anything is in the elements
    body_of = html.partition("<body")[2]
    plain = [tag for tag in re.findall(r"<(?:p|h2|h3|a|body)\b[^>]*>", body_of) if "style=" not in tag]
    assert plain == []
    dark = set(re.findall(r"\.([a-z]+)", style[0]))
    assert dark <= set(" ".join(re.findall(r'class="([^"]*)"', html)).split())


def test_a_long_letter_is_not_cut_by_its_reader() -> None:
    rich = item(title="Words " * 40, summary="Summary " * 60, why=("a reason of many words, " * 4,) * 3)
    letter = made(sheet([rich] * 20))
    assert len(body(letter, "html").encode()) < GMAIL


def test_text_has_lines_that_are_shown_as_they_are() -> None:
    text = body(made(), "plain")
    assert [line for line in text.splitlines() if len(line) > write.WIDTH and "://" not in line] == []
    assert "\n-- \n" in text  # what follows is no part of an answer


def test_a_paper_of_which_little_is_known() -> None:
    bare = Item("A title", "", "", "", "", (), "https://papers.example.org/paper/x", ())
    html = body(made(sheet([bare])), "html")
    assert not re.search(r'<p class="(by|summary|why)"', html)
    assert not re.search(r"<p[^>]*>\s*</p>", html)


def test_hostile_words_are_words() -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)> </style> {{ 7 * 7 }} {x} %s"
    letter = made(sheet([item(title=bad, authors=bad, venue=bad, when=bad, summary=bad, why=(bad,))], site=bad))
    html = body(letter, "html")
    assert "<script" not in html
    assert "<img" not in html
    assert "49" not in words(html)
    assert html.count("</style>") == 1
    assert bad in " ".join(body(letter, "plain").split())


# -- the subject -------------------------------------------------------------------------------------------------------

SUBJECTS = [
    ([item(title="Sparse attention at scale"), *[item()] * 11], "en", "Sparse attention at scale, and 11 more"),
    ([item(title="Sparse attention at scale"), item()], "en", "Sparse attention at scale, and 1 more"),
    ([item(title="Sparse attention at scale")], "en", "Sparse attention at scale"),
    ([item(title="Sparse attention at scale"), *[item()] * 11], "de", "Sparse attention at scale, und 11 weitere"),
    ([item(title="Sparse attention at scale"), *[item()] * 11], "fr", "Sparse attention at scale, et 11 autres"),
    ([item(title="Sparse attention at scale"), *[item()] * 11], "es", "Sparse attention at scale, y otros 11"),
    ([], "en", "Nothing new on 20 November 2026"),
    ([], "de", "Nichts Neues am 20. November 2026"),
    ([item(title="It’s “all” you need – or not…")], "en", 'It\'s "all" you need - or not...'),
    ([item(title=r"Sorting in $O(n \log n)$")], "en", "Sorting in O(n log n)"),
    ([item(title="Fréchet means of noisy maps"), item()], "en", "Fréchet means of noisy maps, and 1 more"),
]


@pytest.mark.parametrize(("items", "language", "subject"), SUBJECTS)
def test_a_subject_says_what_is_in_the_letter(items: list[Item], language: str, subject: str) -> None:
    assert made(sheet(items, language=language))["subject"] == subject


@pytest.mark.parametrize(
    "title",
    [
        "word " * 2_000,
        "w" * 10_000,
        "語" * 10_000,
        "Ünïcödé wörds " * 700,
        "🧪" * 3_000,
        "a\u0301" * 5_000,
        r"$x^{2}$" * 900,
    ],
    ids=["words", "one word", "Chinese", "accents", "emoji", "marks", "formulas"],
)
def test_a_title_of_ten_thousand_characters_is_clipped(title: str) -> None:
    letter = made(sheet([item(title=title), item()]))
    assert 5 <= len(letter["subject"]) <= 70
    assert normalize("NFC", latex.plain(title)).startswith(letter["subject"][:4].strip())
    assert max(map(len, lines(sheet([item(title=title), item()])))) <= 120


def test_a_subject_drops_how_many_more_before_it_drops_the_title() -> None:
    letter = made(sheet([item(title="稀疏注意力机制在长文档检索中的大规模应用研究与评估方法综述"), item()]))
    assert letter["subject"].startswith("稀疏注意力机制在长文")
    assert "more" not in letter["subject"]


# -- headers -----------------------------------------------------------------------------------------------------------

NAMES = (
    "From To Subject Date Message-ID List-Id List-Unsubscribe List-Unsubscribe-Post Feedback-ID Auto-Submitted "
    "Precedence Content-Language MIME-Version Content-Type"
).split()


def test_the_headers_of_an_edition() -> None:
    letter = made(mailto="letters+1.dddd@example.org")
    assert letter.keys() == NAMES
    assert {name: letter[name] for name in NAMES[3:11]} == {
        "Date": "Fri, 20 Nov 2026 06:00:00 +0000",
        "Message-ID": "<20261120.1.x@example.org>",
        "List-Id": '"The Papers" <edition.papers.example.org>',
        "List-Unsubscribe": "<https://papers.example.org/u/1.cccc>, <mailto:letters+1.dddd@example.org>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": "20261120:en:edition:papersexampleor",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
    }
    assert letter["content-language"] == "en"
    assert [part.get_content_type() for part in letter.walk()] == [
        "multipart/alternative", "text/plain", "text/html"
    ]  # fmt: skip


def test_one_click_is_offered_only_where_it_is_encrypted() -> None:
    letter = made(sheet([item()], leave="http://localhost:8008/u/1.cccc", home="http://localhost:8008/"))
    assert letter["list-unsubscribe"] == "<http://localhost:8008/u/1.cccc>"
    assert letter["list-unsubscribe-post"] is None
    assert letter["list-id"] == '"The Papers" <edition.example.org>'


HOSTS = ["papers.example.org", "a-library-of-research-papers.department-of-physics.university.example.edu"]
LONG = "1.kq3v7a2mzx5d4wfh"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("language", ALL)
@pytest.mark.parametrize("site", ["The Papers", "Die Bücher des Lehrstuhls für Übersetzung " * 4, 'A "quoted" \\ name'])
def test_no_header_is_folded(host: str, language: str, site: str) -> None:
    what = sheet(
        [item(title="Ünïcödé " * 99), item()], site=site, language=language, home=f"https://{host}/",
        leave=f"https://{host}/u/{LONG}",
    )  # fmt: skip
    sender = f"{write.mailbox(SENDER).display_name} <letters@{host}>"
    found = lines(what, "a" * 60 + "@" + "b" * 50 + ".example.org", sender, mailto=f"letters+{LONG}@{host}")
    assert [line for line in found if line[:1] in b" \t"] == []
    assert len(found) == len(NAMES)
    assert [line for line in found if not line.isascii()] == []
    assert max(map(len, found)) <= 998
    short = [line for line in found if not line.startswith((b"List-Unsubscribe:", b"To:", b"From:"))]
    assert max(map(len, short)) <= 110


INJECTED = [
    "Ada\r\nBcc: eve@example.org",
    "Ada\nBcc: eve@example.org",
    "Ada\rX: y",
    "Ada\x00\x0b\u2028Bcc: z",
    "A" * 10_000,
]


@pytest.mark.parametrize("bad", INJECTED)
def test_no_value_becomes_a_header_of_its_own(bad: str) -> None:
    what = sheet([item(title=bad, authors=bad, venue=bad, why=(bad,), summary=bad)], site=bad, notes=(bad,))
    assert made(what).keys() == NAMES
    assert len(lines(what)) == len(NAMES)


@pytest.mark.parametrize("bad", ["Ada\r\nBcc: eve@example.org", "nobody", "a@b@c", "", "a@x, b@y"])
def test_a_sender_or_receiver_that_is_none(bad: str) -> None:
    with pytest.raises(Mistake, match="no sender or receiver"):
        made(sender=bad)
    with pytest.raises(Mistake, match="no sender or receiver"):
        made(to=bad)


def test_the_same_edition_is_the_same_letter_to_the_last_octet() -> None:
    one, two = (octets(compose.compose(FULL, READER, SENDER, headers())) for _ in range(2))
    assert one == two


def test_addresses_of_other_scripts() -> None:
    letter = made(sender="Zoë’s Papers <papers@bücher.example>")
    assert letter["from"].addresses[0].domain == "xn--bcher-kva.example"
    assert letter["from"].addresses[0].display_name == "Zoë’s Papers"
    assert letter["message-id"].endswith("@xn--bcher-kva.example>")
    head = b"\n".join(lines(sender="Zoë’s Papers <papers@bücher.example>"))
    assert head.isascii()  # any server takes it
    head = b"\n".join(lines(to="用户@xn--bcher-kva.example"))
    assert "To: 用户@xn--bcher-kva.example".encode() in head  # one that knows SMTPUTF8 does


@pytest.mark.parametrize("name", ["Bücher " * 30, "文献" * 60, "x" * 500, "Ünï"])
def test_a_name_of_the_sender_is_one_word_as_it_is_written(name: str) -> None:
    sender = f"{name.strip()} <papers@example.org>"
    found = made(sender=sender)["from"].addresses[0].display_name
    assert name.startswith(found.rstrip("…"))
    assert found
    assert all(
        len(word) <= 75 for line in lines(sender=f"{name.strip()} <papers@example.org>") for word in line.split()
    )


# -- the owner's templates ---------------------------------------------------------------------------------------------


def put(home: Path, name: str, text: str) -> None:
    file = home / "templates" / "mail" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def checked(home: Path) -> None:
    write.check(home)
    compose.check(home)


def test_our_templates_are_whole() -> None:
    write.check()
    compose.check()


def test_the_owners_own_file_stands_in_for_ours(tmp_path: Path) -> None:
    put(tmp_path, "edition/body.txt", "{{ say('letter.why') }} {{ sheet.items[0].title | plain if sheet.items }}\n")
    put(tmp_path, "edition/style.css", ".title { color: #123456; }")
    put(tmp_path, "sign-in/subject.txt", "Come in, {{ name }}")
    checked(tmp_path)
    letter = compose.compose(FULL, READER, SENDER, headers(), tmp_path)
    text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content() == "Why Velvet tides, part 1\n"
    assert "color: #123456" in html.get_content()
    for home, subject in ((tmp_path, "Come in, Ada"), (None, "Sign in to Papers")):
        come = write.letter("sign-in", READER, SENDER, home=home, site="Papers", name="Ada", link="x", minutes=15)
        assert come["subject"] == subject


WRONG = [
    ("edition/body.html", "{{ papers }}", "asks for papers"),
    ("edition/body.html", "{% for one in sheet.items %}{{ one.titel }}{% endfor %}", "cannot be filled"),
    ("edition/body.txt", "{{ say('letter.hello') }}", "cannot be filled"),
    ("edition/body.txt", "{{ say('subject.more') }}", "cannot be filled"),
    ("edition/body.txt", "{% for one in sheet.items %}", "cannot be read"),
    ("edition/body.txt", "{{ sheet.items[0].title | shout }}", "cannot be read"),
    ("edition/subject.txt", "{{ sheet.items[0].title }}", "cannot be filled"),  # a quiet day has none
    ("edition/style.css", "{{ colour }}", "cannot be filled"),
    ("sign-in/body.html", "{{ token }}", "asks for token"),
    ("edition/boddy.html", "", "no letter is made of it"),
    ("farewell/body.txt", "", "no letter is made of it"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_a_template_that_cannot_work_is_refused_at_the_start(tmp_path: Path, name: str, text: str, said: str) -> None:
    put(tmp_path, name, text)
    with pytest.raises(Mistake, match=said):
        checked(tmp_path)


def test_a_template_that_is_no_text(tmp_path: Path) -> None:
    put(tmp_path, "edition/body.txt", "")
    (tmp_path / "templates/mail/edition/body.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(Mistake, match="cannot be read"):
        checked(tmp_path)


def test_sections_without_end_and_names_of_any_script() -> None:
    sections = tuple(Section("wishes", f"موضوع {number}", (item(number, title="שלום עולם"),)) for number in range(15))
    html = body(made(sheet([], sections=sections, notes=())), "html")
    assert html.count("<h2") == 15
    assert html.count('dir="auto"') >= 30
    assert edition_made.ROOT in html
