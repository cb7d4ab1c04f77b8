"""What training goes down: losses with their gradients, and the optimiser. Pure numpy, written out by hand.

A static encoder is one table, so its gradients are four lines of algebra; that is why training needs no framework.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from broadsheet.embed import Vectors

Bags = Any  # scipy.sparse.csr_matrix of float32 counts, shape (texts, rows); scipy's own type needs its stubs installed


class Sums:
    """Unit sums of token rows, and the way back from their gradient to the rows'."""

    def __init__(self, bags: Bags, rows: Vectors) -> None:
        """*bags* shape (n, k), *rows* shape (k, dim); a text without tokens must not be among them."""
        summed = bags @ rows
        self._bags = bags
        self._lengths = np.sqrt(np.einsum("ij,ij->i", summed, summed))[:, None] + np.float32(1e-9)
        self.units: Vectors = summed / self._lengths

    def back(self, gradient: Vectors) -> Vectors:
        """Gradient by the units, shape (n, dim), to gradient by the rows, shape (k, dim)."""
        along = np.einsum("ij,ij->i", self.units, gradient)[:, None]
        back: Vectors = self._bags.T @ ((gradient - self.units * along) / self._lengths)
        return back


def info_nce(queries: Vectors, passages: Vectors, scale: float) -> tuple[float, Vectors, Vectors]:
    """Loss and gradients of telling each query's own passage from the batch's (van den Oord et al. 2018).

    Unit rows in, row i of one belonging to row i of the other; *scale* is one over the temperature.
    """
    shares = _softmax(np.float32(scale) * (queries @ passages.T))
    loss = -float(np.log(shares.diagonal() + np.float32(1e-9)).mean())
    shares[np.diag_indices(len(shares))] -= 1
    shares *= np.float32(scale / len(shares))
    return loss, shares @ passages, shares.T @ queries


def _softmax(scores: Vectors) -> Vectors:
    """By rows."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    shares: Vectors = raised / raised.sum(1, keepdims=True)
    return shares


class Adam:
    """Kingma and Ba (2015), on some rows of a table at a time: a row that a batch lacks keeps its place and moments."""

    def __init__(self, table: Vectors) -> None:
        self._table = table
        self._mean = np.zeros_like(table)
        self._square = np.zeros_like(table)
        self._steps = 0

    def step(self, rows: npt.NDArray[np.int32], gradient: Vectors, rate: float) -> None:
        """Move the distinct *rows* of the table, in place, against their *gradient*."""
        self._steps += 1
        mean = self._mean[rows]
        mean += np.float32(0.1) * (gradient - mean)
        self._mean[rows] = mean
        square = self._square[rows]
        square += np.float32(0.001) * (gradient * gradient - square)
        self._square[rows] = square
        rate *= float(np.sqrt(1 - 0.999**self._steps)) / (1 - 0.9**self._steps)
        self._table[rows] -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))


def compact(*texts: list[npt.NDArray[np.int32]]) -> tuple[npt.NDArray[np.int32], list[Bags]]:
    """The distinct rows of all *texts*, sorted, and each list of texts as bags over them."""
    flat = [np.concatenate(each) for each in texts]
    rows, numbers = np.unique(np.concatenate(flat), return_inverse=True)
    bags, start = [], 0
    for each, tokens in zip(texts, flat, strict=True):
        starts = np.concatenate([[0], np.cumsum([len(text) for text in each])])
        counts = np.ones(len(tokens), np.float32)
        columns = numbers[start : start + len(tokens)]
        bags.append(sp.csr_matrix((counts, columns, starts), shape=(len(each), len(rows))))
        start += len(tokens)
    return rows.astype(np.int32), bags
