"""The static encoder: its contract, its file, and what it does with any text."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import embed
from broadsheet.embed import static
from broadsheet.embed.static import MAX_LENGTH, Parts, StaticEncoder
from broadsheet.errors import Mistake, NotFound, UnknownName, WorldError

HASH = "731afdb54bb1161c"
HELLO = [0.1179071, 0.009246, 0.0688708, 0.0930711, 0.1538515]
WORDS = [b"a", b"b", b"##b", b"##c", b"cat", b"dog", b"deep", b"learning", b"self", b"deep learning"]


def tiny(name: str = "tiny", seed: int = 3) -> Parts:
    table, scales = static.quantize(np.random.default_rng(seed).standard_normal((len(WORDS), 16)).astype(np.float32))
    return Parts(name, WORDS, table, scales, made="by hand")


def vector(parts: Parts, *tokens: bytes) -> embed.Vectors:
    """The unit sum of *tokens*, from the definition."""
    rows = [parts.vocabulary.index(token) for token in tokens]
    summed = (parts.table[rows].astype(np.float32) * parts.scales[rows, None]).sum(0)
    return np.asarray(summed / np.linalg.norm(summed), np.float32)


@pytest.fixture(scope="module")
def general() -> StaticEncoder:
    return static.general()


def test_the_general_model_keeps_its_contract(general: StaticEncoder) -> None:
    contract = general.contract
    assert (contract.name, contract.dim, contract.max_length) == ("general", 256, MAX_LENGTH)
    assert len(contract.hash) == 16 and int(contract.hash, 16)
    assert general.made
    vectors = general.encode(["graph neural networks", "", "a proof of the theorem"], "query")
    assert vectors.dtype == np.float32 and vectors.shape == (3, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1], atol=1e-6)


def test_the_general_model_fits_the_package() -> None:
    folder = Path(static.__file__).parent / "models" / static.GENERAL
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 16_000_000


def test_canonical_vectors(general: StaticEncoder) -> None:
    """The same weights and tokenizer give these numbers; a change here means a new contract hash, and a rebuild."""
    first = general.encode(["hello world"], "query")[0, :5]
    np.testing.assert_allclose(first, HELLO, atol=1e-5)
    assert general.contract.hash == HASH


def test_meaning(general: StaticEncoder) -> None:
    texts = ["object detection in images", "recognising things in photographs", "bounds for convex optimisation"]
    image, photo, convex = general.encode(texts, "passage")
    assert image @ photo > 0.3 > image @ convex


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("cat", [b"cat"]),
        ("CAT, dog!", [b"cat", b"dog"]),
        ("Càt", [b"cat"]),
        ("cat\u2014dog", [b"cat", b"dog"]),  # an em dash parts words as a comma does
        ("abc", [b"a", b"##b", b"##c"]),
        ("self-learning", [b"self", b"learning"]),
        ("-cat-", [b"cat"]),
        ("deep learning", [b"deep", b"learning", b"deep learning"]),
        ("deep. learning", [b"deep", b"learning", b"deep learning"]),
        ("learning deep", [b"learning", b"deep"]),
        ("cat xyz", [b"cat"]),
        ("c" * 100 + " cat", [b"cat"]),
    ],
)
def test_words_to_tokens(text: str, tokens: list[bytes]) -> None:
    parts = tiny()
    encoder = StaticEncoder(parts)
    wanted = vector(parts, *tokens)
    np.testing.assert_allclose(encoder.encode([text], "query")[0], wanted, atol=1e-6)
    np.testing.assert_allclose(encoder.encode([text] * (static.FEW + 1), "passage")[-1], wanted, atol=1e-6)


def test_a_word_said_again_counts_for_less() -> None:
    parts = tiny()
    cat, dog = (parts.table[WORDS.index(word)] * parts.scales[WORDS.index(word)] for word in (b"cat", b"dog"))
    wanted = 4**static.DAMPING * cat + dog
    said = StaticEncoder(parts).encode(["cat cat dog cat cat"], "passage")[0]
    np.testing.assert_allclose(said, wanted / np.linalg.norm(wanted), atol=1e-6)


def test_a_pair_does_not_reach_over_two_texts() -> None:
    parts = tiny()
    texts = ["dog deep", "learning dog"] * static.FEW
    vectors = StaticEncoder(parts).encode(texts, "passage")
    np.testing.assert_allclose(vectors[0], vector(parts, b"dog", b"deep"), atol=1e-6)
    np.testing.assert_allclose(vectors[1], vector(parts, b"learning", b"dog"), atol=1e-6)


@pytest.mark.parametrize("text", ["", " ", "?!", "\x00", "\ud800", "的", "xyz", "-", "'", "\u202e"])
def test_nothing_known_is_a_zero_row(text: str) -> None:
    encoder = StaticEncoder(tiny())
    assert not encoder.encode([text], "query").any()
    assert not encoder.encode([text] * (static.FEW + 1), "passage").any()


def test_no_texts() -> None:
    assert StaticEncoder(tiny()).encode([], "passage").shape == (0, 16)


def test_only_the_beginning_of_a_huge_text_is_read() -> None:
    encoder = StaticEncoder(tiny())
    huge = "cat " * (MAX_LENGTH // 4) + "dog " * 3_000_000
    assert np.array_equal(encoder.encode([huge], "passage"), encoder.encode(["cat " * (MAX_LENGTH // 4)], "passage"))


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
def test_any_text_and_any_batch(texts: list[str]) -> None:
    """One by one or together, and beside any other texts, a text has the same vector, of length one or zero."""
    encoder = StaticEncoder(tiny())
    alone = np.concatenate([encoder.encode([text], "query") for text in texts])
    together = encoder.encode(texts + ["cat"] * static.FEW, "passage")[: len(texts)]
    np.testing.assert_allclose(alone, together, atol=1e-5)
    lengths = np.linalg.norm(alone, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


@given(st.lists(st.characters(exclude_categories=()), max_size=40).map("".join))
def test_surrogates_and_control_characters(text: str) -> None:
    assert np.isfinite(StaticEncoder(tiny()).encode([text, "cat " + text], "query")).all()


def test_threads_share_an_encoder(general: StaticEncoder) -> None:
    texts = [f"unheard-of{number} words{number % 7} of learning" for number in range(300)]
    wanted = general.encode(texts, "passage")
    fresh, wrong = static.general(), []

    def read(start: int) -> None:
        for _ in range(5):
            batch, single = fresh.encode(texts, "passage"), fresh.encode(texts[start : start + 1], "query")
            if not (np.array_equal(batch, wanted) and np.allclose(single[0], wanted[start], atol=1e-6)):
                wrong.append(start)

    threads = [threading.Thread(target=read, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_int8_keeps_a_row_to_half_a_step() -> None:
    rows = np.random.default_rng(5).standard_normal((40, 16)).astype(np.float32)
    rows[3] = 0
    table, scales = static.quantize(rows)
    assert table.dtype == np.int8 and np.abs(table).max() == 127
    assert np.all(np.abs(table * scales[:, None] - rows) <= scales[:, None] * 0.5001)


def test_the_hash_is_of_weights_and_tokens_but_not_of_the_name() -> None:
    base = tiny()
    changed = Parts("tiny", [*WORDS[:-1], b"cat dog"], base.table, base.scales)
    louder = Parts("tiny", WORDS, base.table, base.scales * np.float32(2))
    hashes = [static.digest(parts) for parts in (base, tiny("other"), changed, louder, tiny(seed=4))]
    assert hashes[0] == hashes[1] and len(set(hashes)) == 4


def test_round_trip(tmp_path: Path) -> None:
    parts = tiny()
    code = static.save(parts, tmp_path / "deep" / static.FILE)
    for path in (tmp_path / "deep", tmp_path / "deep" / static.FILE):
        again = static.load(path)
        assert again.contract == StaticEncoder(parts).contract and again.contract.hash == code
        assert again.made == "by hand" and list(again.parts.vocabulary) == WORDS
        texts = ["deep learning cat", "abc"]
        assert np.array_equal(again.encode(texts, "query"), StaticEncoder(parts).encode(texts, "query"))
    assert [file.name for file in (tmp_path / "deep").iterdir()] == [static.FILE]


def test_other_programs_can_read_the_file(tmp_path: Path) -> None:
    numpy_reader = pytest.importorskip("safetensors.numpy", reason="safetensors comes with the train extra")
    static.save(tiny(), tmp_path / "m.safetensors")
    arrays = numpy_reader.load_file(tmp_path / "m.safetensors")
    assert np.array_equal(arrays["table"], tiny().table)
    assert bytes(arrays["vocabulary"]).split(b"\n") == WORDS


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / static.FILE / "in the way").mkdir(parents=True)
    for path in (tmp_path / "file" / static.FILE, tmp_path / static.FILE):
        with pytest.raises(WorldError, match="cannot write model"):
            static.save(tiny(), path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", static.FILE]


def header(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    """A file's bytes with its header changed."""

    def changed(data: bytes) -> bytes:
        size = int.from_bytes(data[:8], "little")
        values = json.loads(data[8 : 8 + size])
        change(values)
        text = json.dumps(values).encode()
        return len(text).to_bytes(8, "little") + text + data[8 + size :]

    return changed


def about(**values: str) -> Callable[[bytes], bytes]:
    def change(found: dict[str, object]) -> None:
        metadata = found["__metadata__"]
        assert isinstance(metadata, dict)
        metadata.update(values)

    return header(change)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda data: b"", WorldError, "is empty"),
        (lambda data: b"PK\x03\x04" + bytes(200), Mistake, "not a model file"),
        (lambda data: data[:40], WorldError, "damaged in its header"),
        (lambda data: data[:-1], WorldError, "cut short at its scales"),
        (lambda data: data[:-100], WorldError, "cut short at its table"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], WorldError, "hash to"),
        (lambda data: (2).to_bytes(8, "little") + b"[]", Mistake, "not a JSON object"),
        (header(lambda values: values.pop("__metadata__")), Mistake, "not a Broadsheet static model"),
        (header(lambda values: values.pop("table")), WorldError, "at its table"),
        (header(lambda values: values.update(table="?")), WorldError, "at its table"),
        (header(lambda values: values.update(vocabulary=values["scales"])), WorldError, "at its vocabulary"),
        (about(format="other"), Mistake, "not a Broadsheet static model"),
        (about(version="99"), Mistake, "format version 99, this Broadsheet reads 1"),
        (about(hash="0" * 16), WorldError, "its header says 0000000000000000"),
    ],
)
def test_files_that_are_no_model(
    tmp_path: Path, change: Callable[[bytes], bytes], error: type[Exception], says: str
) -> None:
    file = tmp_path / static.FILE
    static.save(tiny(), file)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(error, match=says) as caught:
        static.load(tmp_path)
    assert str(file) in str(caught.value)


def test_rows_and_tokens_must_agree(tmp_path: Path) -> None:
    parts = tiny()
    static.save(Parts("x", WORDS[:-1], parts.table, parts.scales), tmp_path / static.FILE)
    with pytest.raises(WorldError, match="differ in number"):
        static.load(tmp_path)


def test_names(tmp_path: Path, general: StaticEncoder) -> None:
    static.save(tiny(), tmp_path / "mine" / static.FILE)
    assert embed.load("general", tmp_path).contract == general.contract
    assert embed.load("mine", tmp_path).contract.name == "tiny"
    assert embed.load(str(tmp_path / "mine"), tmp_path / "nowhere").contract.name == "tiny"
    with pytest.raises(UnknownName, match=r"no encoder named 'minne' \(have: general, mine\)"):
        embed.load("minne", tmp_path)
    with pytest.raises(NotFound, match="model train"):
        static.load(tmp_path / "nowhere")
