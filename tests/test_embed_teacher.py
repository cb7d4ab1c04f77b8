"""The teacher: a BERT written out by hand, against PyTorch's own encoder layers; and what is no teacher."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from broadsheet.embed import static
from broadsheet.embed.train import Recipe, train
from broadsheet.errors import Mistake

torch = pytest.importorskip("torch", reason="a teacher needs the train extra (PyTorch)")
safetensors = pytest.importorskip("safetensors.torch", reason="a teacher needs the train extra (safetensors)")

from broadsheet.embed._teacher import Teacher  # noqa: E402  (after the skips: it needs PyTorch)

HIDDEN, WIDE, HEADS, LAYERS, LONGEST = 32, 64, 4, 2, 24
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "we", "study", "graph", "##s", "deep", "learning", "on", "."]


def layer(number: int) -> Any:
    torch.manual_seed(number)
    block = torch.nn.TransformerEncoderLayer(HIDDEN, HEADS, WIDE, 0.0, "gelu", 1e-12, batch_first=True).eval()
    for values in block.parameters():
        torch.nn.init.normal_(values, std=0.3)
    return block


def weights() -> dict[str, Any]:
    """A small BERT's tensors by their published names, its layers taken from PyTorch's."""
    torch.manual_seed(9)
    tensors = {
        "embeddings.word_embeddings.weight": torch.randn(len(PIECES), HIDDEN),
        "embeddings.position_embeddings.weight": torch.randn(LONGEST, HIDDEN) / 4,
        "embeddings.token_type_embeddings.weight": torch.randn(2, HIDDEN) / 4,
        "embeddings.LayerNorm.weight": torch.ones(HIDDEN),
        "embeddings.LayerNorm.bias": torch.zeros(HIDDEN),
    }
    names = {
        "attention.output.dense": "self_attn.out_proj", "attention.output.LayerNorm": "norm1",
        "intermediate.dense": "linear1", "output.dense": "linear2", "output.LayerNorm": "norm2",
    }  # fmt: skip
    for number in range(LAYERS):
        own = layer(number).state_dict()
        for kind in ("weight", "bias"):
            parts = own[f"self_attn.in_proj_{kind}"].chunk(3)
            for part, values in zip(("query", "key", "value"), parts, strict=True):
                tensors[f"encoder.layer.{number}.attention.self.{part}.{kind}"] = values.clone()
            for ours, theirs in names.items():
                tensors[f"encoder.layer.{number}.{ours}.{kind}"] = own[f"{theirs}.{kind}"]
    return tensors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sentence-transformers folder of a small BERT with mean pooling."""
    home = tmp_path / "teacher"
    (home / "1_Pooling").mkdir(parents=True)
    config = {
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN, "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS, "max_position_embeddings": LONGEST, "layer_norm_eps": 1e-12,
    }  # fmt: skip
    (home / "config.json").write_text(json.dumps(config))
    (home / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": false}')
    safetensors.save_file({f"bert.{name}": tensor for name, tensor in weights().items()}, home / "model.safetensors")
    ids = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = tokenizers.Tokenizer(WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    ends = [(token, ids[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.save(str(home / "tokenizer.json"))
    return home


def expected(ids: list[int], pool_cls: bool) -> np.ndarray[Any, Any]:
    tensors = weights()
    states = tensors["embeddings.word_embeddings.weight"][ids]
    states = states + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    states = states + tensors["embeddings.token_type_embeddings.weight"][0]
    states = torch.nn.functional.layer_norm(states, (HIDDEN,), eps=1e-12)[None]
    with torch.no_grad():
        for number in range(LAYERS):
            states = layer(number)(states)
    pooled = states[0, 0] if pool_cls else states[0].mean(0)
    return np.asarray(torch.nn.functional.normalize(pooled, dim=0).numpy())


@pytest.mark.parametrize("pool_cls", [False, True])
def test_the_forward_pass_is_that_of_bert(folder: Path, pool_cls: bool) -> None:
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": pool_cls}))
    told: list[tuple[int, int]] = []
    vectors = Teacher(folder).encode(["We study graphs.", "deep", "we study"], lambda *step: told.append(step))
    assert vectors.dtype == np.float32 and told[-1] == (3, 3)
    by_hand = [[2, 4, 5, 6, 7, 11, 3], [2, 8, 3], [2, 4, 5, 3]]
    for vector, ids in zip(vectors, by_hand, strict=True):
        assert vector @ expected(ids, pool_cls) > 0.999  # bfloat16 where the processor has it
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_long_texts_and_none(folder: Path) -> None:
    teacher = Teacher(folder, max_tokens=1_000)
    assert teacher.dim == HIDDEN and teacher.pieces() == PIECES
    assert teacher.encode([], lambda *_: None).shape == (0, HIDDEN)
    long, cut = teacher.encode(["deep " * 500, "deep " * (LONGEST - 2)], lambda *_: None)
    np.testing.assert_allclose(long, cut, atol=1e-5)


def test_a_teacher_teaches(folder: Path, tmp_path: Path) -> None:
    """What the teacher holds alike, the student does too."""
    papers = [(f"Graphs {number}", "We study deep learning. We study graphs on graphs.") for number in range(220)]
    recipe = Recipe(dim=16, words=60, pairs=5, draw_epochs=2, epochs=1, batch=32)
    report = train(papers, tmp_path / "model", teacher=folder, recipe=recipe)
    encoder = static.load(tmp_path / "model")
    assert report.dim == encoder.contract.dim == 16
    assert {b"graph", b"##s", b"deep", b"graphs"} <= set(encoder.parts.vocabulary)
    assert b"[CLS]" not in encoder.parts.vocabulary


def test_what_is_no_teacher(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"has no config\.json, tokenizer\.json, model\.safetensors"):
        Teacher(tmp_path / "nowhere")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "mpnet"}))
    with pytest.raises(Mistake, match="is a 'mpnet' model; only BERT with GELU"):
        Teacher(folder)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(Mistake, match="cannot be read as a BERT"):
        Teacher(folder)


def test_a_teacher_of_too_few_dimensions(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="dim is 256; with this teacher it can be 8 to 32"):
        train([], tmp_path / "model", teacher=folder)
