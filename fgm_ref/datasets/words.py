"""Texts as numbers: words, a vocabulary, and windows of word ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from fgm_ref.arrays import Array

PADDING, UNKNOWN, FIRST = 0, 1, 2  # ids: no word, any other word, the most frequent word


def words(text: str) -> list[str]:
    """Lower-case words and numbers, of any alphabet.

    >>> words("It's 9 o'clock, schöner_Tag!")
    ["it's", '9', "o'clock", 'schöner', 'tag']
    """
    return re.findall(r"(?:[^\W_]|')+", text.lower())


def vocabulary_of(sentences: Iterable[list[str]]) -> dict[str, int]:
    """Ids from 2 for words that occur at least twice, frequent ones first; 0 is padding, 1 any other word."""
    counts = Counter(word for one in sentences for word in one)
    known = [word for word, count in counts.items() if count > 1]
    # Sorted, because the order of a `set` or of equal counts would differ from run to run.
    known.sort(key=lambda word: (-counts[word], word))
    return {word: i for i, word in enumerate(known, start=FIRST)}


def token_windows(sentences: Sequence[list[str]], ids: Mapping[str, int], length: int) -> Array:
    """The last words of each sentence as ids, padded in front.  -> (N, length) int32."""
    x = np.full((len(sentences), length), PADDING, np.int32)
    for window, sentence in zip(x, sentences, strict=True):
        tokens = [ids.get(word, UNKNOWN) for word in sentence[-length:]]
        window[length - len(tokens) :] = tokens
    return x
