"""Is a sentence of a product review positive?  Here words become numbers.

The vocabulary is fitted on the training part alone: a word that only the test part has is unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import Dataset, classification

LENGTH = 30  # the last words of a sentence
CLEAR = 0.5  # ratings go from -4 to +4; opinions nearer to 0 are left out
EVERY = 6  # every sixth review is in the test part, and every sixth of the others in the validation part
PADDING, UNKNOWN, FIRST = 0, 1, 2  # ids: no word, any other word, the most frequent word


class Row(NamedTuple):
    """A sentence, the review that it stands in, and its mean rating."""

    review: int
    rating: float
    words: list[str]


def row_of(line: str) -> Row:
    """The row in a line: review_sentence, rating and text, with tabs between them."""
    name, rating, sentence = line.split("\t")
    review = name.split("_")[0]
    return Row(int(review), float(rating), words(sentence))


def words(sentence: str) -> list[str]:
    """Lower-case words and numbers."""
    return re.findall(r"[a-z0-9']+", sentence.lower())


def vocabulary_of(sentences: Iterable[list[str]]) -> dict[str, int]:
    """Ids from 2 for words that occur at least twice, frequent ones first; 0 is padding, 1 any other word."""
    counts = Counter(word for one in sentences for word in one)
    known = [word for word, count in counts.items() if count > 1]
    # Sorted, because the order of a `set` or of equal counts would differ from run to run.
    known.sort(key=lambda word: (-counts[word], word))
    return {word: i for i, word in enumerate(known, start=FIRST)}


def windows(rows: list[Row], ids: dict[str, int]) -> Array:
    """The last words of each sentence as ids, padded in front.  -> (N, 30) int32."""
    x = np.full((len(rows), LENGTH), PADDING, np.int32)
    for window, row in zip(x, rows, strict=True):
        tokens = [ids.get(word, UNKNOWN) for word in row.words[-LENGTH:]]
        window[LENGTH - len(tokens) :] = tokens
    return x


def positive(rows: list[Row]) -> Array:
    """Class 1 for a rating above 0, else 0.  -> (N,) int64."""
    return np.array([row.rating > 0 for row in rows], np.int64)


def amazon_snippets(text: str, validate: bool = False) -> Dataset:
    """The set from the lines of its file, a header first.  x (N, 30) token ids."""
    rows = [row_of(line) for line in text.splitlines()[1:]]
    rows = [row for row in rows if abs(row.rating) > CLEAR]
    reviews = sorted({row.review for row in rows})
    held_out = set(reviews[::EVERY])
    if validate:
        rows = [row for row in rows if row.review not in held_out]
        others = [review for review in reviews if review not in held_out]
        held_out = set(others[::EVERY])
    train = [row for row in rows if row.review not in held_out]
    test = [row for row in rows if row.review in held_out]
    ids = vocabulary_of(row.words for row in train)
    return classification(
        "amazon_snippets",
        (windows(train, ids), positive(train)),
        (windows(test, ids), positive(test)),
        ("negative", "positive"),
        "sentences of product reviews, rated by 20 people each, from vaderSentiment",
        vocabulary=FIRST + len(ids),
    )
