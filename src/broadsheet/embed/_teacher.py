"""A teacher for training: a local BERT sentence encoder (a sentence-transformers folder), run by PyTorch on the CPU.

The forward pass is written out here (Devlin et al. 2019, as published with mean or [CLS] pooling by Reimers and
Gurevych 2019), because sixty lines that never change are less upkeep than a dependency that always does.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from broadsheet.embed import Vectors
from broadsheet.errors import Mistake

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 192  # of a text that are read: the rest of an abstract says little more, and takes a third of the time
BATCH_TOKENS = 8192  # padded tokens in one batch; larger batches fall out of the processor's caches
LAYERS = "encoder.layer.{}.{}"
_FILES = ("config.json", "tokenizer.json", "model.safetensors")


class Teacher:
    """Texts to unit vectors of the teacher's own width."""

    def __init__(self, folder: Path, max_tokens: int = MAX_TOKENS) -> None:
        """*folder* holds config.json, tokenizer.json and model.safetensors of a BERT with absolute positions."""
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise Mistake(f"teacher {str(folder)!r} has no {', '.join(missing)}: give a sentence-transformers folder")
        import tokenizers

        self._config = _config(folder)
        self._weights = _weights(folder)
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(min(max_tokens, int(self._config["max_position_embeddings"])))
        self._tokenizer.no_padding()
        self._cls = _pools_cls(folder)
        self.dim = int(self._config["hidden_size"])

    def pieces(self) -> list[str]:
        """The vocabulary, by id."""
        ids = self._tokenizer.get_vocab(with_added_tokens=True)
        return sorted(ids, key=lambda piece: ids[piece])

    def encode(self, texts: Sequence[str], progress: Callable[[int, int], None]) -> Vectors:
        """float32, shape (len(texts), dim), rows of unit length; *progress* hears (done, all) after each batch."""
        import torch

        ids = [code.ids for code in self._tokenizer.encode_batch_fast(list(texts))] if texts else []
        out = np.zeros((len(ids), self.dim), np.float32)
        done = 0
        with torch.inference_mode():
            for rows in _batches([len(row) for row in ids]):
                out[rows] = self._pool([ids[row] for row in rows])
                done += len(rows)
                progress(done, len(ids))
        return out

    def _pool(self, batch: list[list[int]]) -> Any:
        import torch

        longest = max(map(len, batch))
        tokens = torch.zeros(len(batch), longest, dtype=torch.long)
        mask = torch.zeros(len(batch), longest)
        for row, ids in enumerate(batch):
            tokens[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = 1.0
        states = self._forward(tokens, mask).float()
        mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        pooled = states[:, 0] if self._cls else mean
        return torch.nn.functional.normalize(pooled, dim=1).numpy()

    def _forward(self, tokens: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        """Token ids (n, length) and a 0/1 mask -> the last layer's states (n, length, hidden)."""
        import torch

        w = self._weights
        positions = torch.arange(tokens.shape[1])
        states = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][positions]
        states = self._norm(states + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        hidden = (1.0 - mask)[:, None, None, :].to(states.dtype) * torch.finfo(states.dtype).min
        for layer in range(int(self._config["num_hidden_layers"])):
            states = self._layer(states, hidden, layer)
        return states

    def _layer(self, states: "torch.Tensor", hidden: "torch.Tensor", layer: int) -> "torch.Tensor":
        """One block: attention and feed-forward, each with a residual and a norm after it."""
        import torch.nn.functional as f

        heads = int(self._config["num_attention_heads"])
        shape = (*states.shape[:2], heads, states.shape[2] // heads)
        query, key, value = (
            self._linear(states, LAYERS.format(layer, f"attention.self.{part}")).view(shape).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = (
            f.scaled_dot_product_attention(query, key, value, attn_mask=hidden).transpose(1, 2).reshape(states.shape)
        )
        attended = self._linear(mixed, LAYERS.format(layer, "attention.output.dense"))
        states = self._norm(states + attended, LAYERS.format(layer, "attention.output.LayerNorm"))
        wide = f.gelu(self._linear(states, LAYERS.format(layer, "intermediate.dense")))
        narrow = self._linear(wide, LAYERS.format(layer, "output.dense"))
        return self._norm(states + narrow, LAYERS.format(layer, "output.LayerNorm"))

    def _linear(self, states: "torch.Tensor", name: str) -> "torch.Tensor":
        import torch.nn.functional as f

        return f.linear(states, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, states: "torch.Tensor", name: str) -> "torch.Tensor":
        import torch.nn.functional as f

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return f.layer_norm(states, weight.shape, weight, bias, float(self._config.get("layer_norm_eps", 1e-12)))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    except ValueError as error:
        raise Mistake(f"teacher {str(folder)!r} cannot be read as a BERT: its config.json is no JSON") from error
    kind = config.get("model_type")
    if kind != "bert" or config.get("hidden_act", "gelu") != "gelu":
        raise Mistake(f"teacher {str(folder)!r} is a {kind!r} model; only BERT with GELU is understood as a teacher")
    return config


def _weights(folder: Path) -> "dict[str, torch.Tensor]":
    """The tensors without a leading ``bert.``; in bfloat16 where the processor multiplies that natively."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    kind = torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
    try:
        tensors = load_file(folder / "model.safetensors")
    except SafetensorError as error:
        raise Mistake(f"teacher {str(folder)!r} cannot be read as a BERT: {error}") from error
    return {
        name.removeprefix("bert."): tensor.to(kind) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def _pools_cls(folder: Path) -> bool:
    path = folder / "1_Pooling" / "config.json"
    return path.is_file() and bool(json.loads(path.read_bytes()).get("pooling_mode_cls_token", False))


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Row numbers in batches of like length, so that little is padded; longest first, so that memory peaks at once."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        batch.append(row)
        if len(batch) * lengths[batch[0]] >= BATCH_TOKENS:
            yield batch
            batch = []
    if batch:
        yield batch
