"""What is counted of a text column beside its lengths: classes of characters and tokens, by document.

All counts are of documents (rows with a text), the unit that is drawn: characters and tokens of one document go
together, and tests that took them one by one would alarm at chance. Made by `TextCounter` within `Profiler`, kept as
`NumericProfile.text`, merged with `+`, compared by `text_tests`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lifecycle_tui.profiles.arrow import Column, chunks
from lifecycle_tui.profiles.categorical import label_hash

CLASSES = ("lowercase", "uppercase", "digits", "spaces", "punctuation", "control", "non-ASCII")
"""Classes of characters; letters are those of ASCII, everything beyond ASCII is one class."""

SHARE_CELLS = 34
"""Cells for a document's share of a class: none, 32 equal ones between, all."""

MOST_TOKENS = 16_384
"""Up to so many distinct tokens all are counted; beyond, those with the smallest hashes (see `categorical`)."""

LONGEST_TOKEN = 64
"""Bytes; longer runs (hashes, encoded data) are no words and are left out."""

_INNER = SHARE_CELLS - 2
_BLOCK = 1 << 20  # bytes handled at once


def _class_table() -> np.ndarray:
    table = np.full(256, CLASSES.index("punctuation"), dtype=np.intp)
    table[:32] = table[127] = CLASSES.index("control")
    table[[9, 10, 11, 12, 13, 32]] = CLASSES.index("spaces")
    table[48:58] = CLASSES.index("digits")
    table[65:91], table[97:123] = CLASSES.index("uppercase"), CLASSES.index("lowercase")
    table[128:192] = len(CLASSES)  # continues a character that was counted at its first byte
    table[192:] = CLASSES.index("non-ASCII")
    return table


_CLASS = _class_table()
_WORD = np.array([c >= 128 or chr(c).isalnum() for c in range(256)])
_LOWER = np.array([c + 32 if 65 <= c <= 90 else c for c in range(256)], dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class TextCounts:
    """Counts of one text column in one window.

    Attributes:
        documents: rows with a text.
        characters: characters of each of `CLASSES`, shape (7,), int64.
        shares: documents by their share of each class, shape (7, `SHARE_CELLS`), int64.
        tokens: documents that contain each token, sorted by token.
        horizon: None, or the hash from which on tokens are not counted.
    """

    documents: int
    characters: np.ndarray
    shares: np.ndarray
    tokens: Mapping[str, int]
    horizon: int | None = None

    @classmethod
    def empty(cls) -> TextCounts:
        """Of no documents."""
        k = len(CLASSES)
        return cls(0, np.zeros(k, dtype=np.int64), np.zeros((k, SHARE_CELLS), dtype=np.int64), {})

    def __add__(self, other: TextCounts) -> TextCounts:
        """The counts of both windows' documents together."""
        counts = dict(self.tokens)
        for token, count in other.tokens.items():
            counts[token] = counts.get(token, 0) + count
        kept, horizon = bounded(counts, lower(self.horizon, other.horizon))
        return TextCounts(
            self.documents + other.documents,
            self.characters + other.characters,
            self.shares + other.shares,
            kept,
            horizon,
        )

    def without(self, part: TextCounts) -> TextCounts:
        """The counts of the documents that are not in `part`.

        Raises:
            ValueError: if the part holds what the whole does not.
        """
        horizon = lower(self.horizon, part.horizon)
        tokens, taken = below(self.tokens, horizon), below(part.tokens, horizon)
        left = {token: count - taken.get(token, 0) for token, count in tokens.items()}
        characters, shares = self.characters - part.characters, self.shares - part.shares
        wrong = not taken.keys() <= tokens.keys() or min(left.values(), default=0) < 0
        if wrong or self.documents < part.documents or int(characters.min()) < 0 or int(shares.min()) < 0:
            raise ValueError("the part has texts that the whole does not have")
        left = {token: count for token, count in left.items() if count}
        return TextCounts(self.documents - part.documents, characters, shares, left, horizon)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TextCounts):
            return NotImplemented
        return (
            (self.documents, self.horizon) == (other.documents, other.horizon)
            and dict(self.tokens) == dict(other.tokens)
            and np.array_equal(self.characters, other.characters)
            and np.array_equal(self.shares, other.shares)
        )

    __hash__ = None  # type: ignore[assignment]


def lower(first: int | None, second: int | None) -> int | None:
    """Below this hash both count every token."""
    return min((h for h in (first, second) if h is not None), default=None)


def below(tokens: Mapping[str, int], horizon: int | None) -> Mapping[str, int]:
    """The tokens that are counted below a horizon."""
    return tokens if horizon is None else {t: c for t, c in tokens.items() if label_hash(t) < horizon}


def bounded(tokens: Mapping[str, int], horizon: int | None) -> tuple[dict[str, int], int | None]:
    """(tokens that stay, sorted; the new horizon): which these are depends on the set of tokens alone."""
    tokens = below(tokens, horizon)
    if len(tokens) > MOST_TOKENS:
        hashes = sorted((label_hash(token), token) for token in tokens)
        horizon = hashes[MOST_TOKENS][0]
        tokens = {token: tokens[token] for _, token in hashes[:MOST_TOKENS]}
    return dict(sorted(tokens.items())), horizon


def dump_text(counts: TextCounts) -> bytes:
    """The counts as bytes, for `codec`; equal counts give equal bytes."""
    facts = [
        counts.documents,
        counts.horizon,
        counts.characters.tolist(),
        counts.shares.tolist(),
        list(counts.tokens),
        list(counts.tokens.values()),
    ]
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def load_text(data: bytes) -> TextCounts:
    """The counts that `dump_text` wrote."""
    documents, horizon, characters, shares, names, numbers = json.loads(data.decode("utf-8", "surrogatepass"))
    tokens = dict(zip(names, numbers, strict=True))
    return TextCounts(
        documents, np.array(characters, dtype=np.int64), np.array(shares, dtype=np.int64), tokens, horizon
    )


class TextCounter:
    """Turns Arrow text columns into `TextCounts`. About 25 ns a character of English text (docs/statistics.md)."""

    def __init__(self) -> None:
        self._documents = 0
        k = len(CLASSES)
        self._characters = np.zeros(k, dtype=np.int64)
        self._shares = np.zeros((k, SHARE_CELLS), dtype=np.int64)
        self._tokens: dict[str, int] = {}
        self._horizon: int | None = None
        self._pending: dict[bytes, int] = {}

    def update(self, column: Column) -> None:
        """Take in an Arrow array or chunked array of strings or bytes (or dictionaries of them)."""
        for part in chunks(column):
            part = _present(part)
            for text, ends in _blocks(part):
                self._count_characters(text, ends)
            for text, ends in _blocks(_lowercase(part)):
                self._count_tokens(text, ends)

    def result(self) -> TextCounts:
        """The counts of all documents so far."""
        self._settle()
        return TextCounts(self._documents, self._characters.copy(), self._shares.copy(), self._tokens, self._horizon)

    def _count_characters(self, text: np.ndarray, ends: np.ndarray) -> None:
        documents, width = len(ends) - 1, len(CLASSES) + 1
        self._documents += documents
        found = np.zeros((documents, width), dtype=np.int64)
        if documents == 1:  # which may be of any length
            for begin in range(0, len(text), _BLOCK):
                found[0] += np.bincount(_CLASS[text[begin : begin + _BLOCK]], minlength=width)
        else:
            place = np.repeat(np.arange(0, documents * width, width), np.diff(ends))
            place += _CLASS[text]
            found = np.bincount(place, minlength=documents * width).reshape(documents, width)
        found = found[:, :-1]
        self._characters += found.sum(axis=0)
        length = found.sum(axis=1, keepdims=True)
        cell = 1 + found * _INNER // np.maximum(length, 1)
        cell[found == 0] = 0
        cell[(found == length) & (length > 0)] = SHARE_CELLS - 1
        cell += np.arange(0, len(CLASSES) * SHARE_CELLS, SHARE_CELLS)
        self._shares += np.bincount(cell.ravel(), minlength=self._shares.size).reshape(self._shares.shape)

    def _count_tokens(self, text: np.ndarray, ends: np.ndarray) -> None:
        if len(text) > _BLOCK:  # one document, of any length: in pieces
            found = {name for piece in _pieces(text) for name, _ in _tokens(piece, np.array([0, len(piece)]))}
            counts: Iterable[tuple[bytes, int]] = ((name, 1) for name in found)
        else:
            counts = _tokens(text, ends)
        pending = self._pending
        for name, count in counts:
            pending[name] = pending.get(name, 0) + count
        if len(pending) > 8 * MOST_TOKENS:  # settling hashes all that is kept anew
            self._settle()

    def _settle(self) -> None:
        counts = dict(self._tokens)
        for name, count in self._pending.items():
            token = name.decode("utf-8", "replace")
            counts[token] = counts.get(token, 0) + count
        self._pending = {}
        self._tokens, self._horizon = bounded(counts, self._horizon)


def _pieces(text: np.ndarray) -> Iterator[np.ndarray]:
    """A document cut behind ASCII bytes that belong to no word, into pieces of about a block."""
    begin = 0
    while begin < len(text):
        end = min(begin + _BLOCK, len(text))
        if end < len(text):
            free = np.flatnonzero(~_WORD[text[begin:end]])
            end = begin + int(free[-1]) + 1 if len(free) else end
        yield text[begin:end]
        begin = end


def _tokens(text: np.ndarray, ends: np.ndarray) -> Iterable[tuple[bytes, int]]:
    """(token, how many of the documents have it)."""
    word = _words(text)
    edge = np.empty(len(text), dtype=bool)  # where a run of word bytes begins: also with each document
    edge[:1] = True
    np.logical_not(word[:-1], out=edge[1:])
    edge[ends[:-1][ends[:-1] < len(text)]] = True
    edge &= word
    starts = np.flatnonzero(edge)
    if not len(starts):
        return ()
    sizes = np.add.reduceat(word, starts, dtype=np.int64)
    document = np.searchsorted(ends, starts, side="right") - 1
    if int(sizes.max()) > LONGEST_TOKEN:
        fits = sizes <= LONGEST_TOKEN
        word[np.repeat(starts[~fits], sizes[~fits]) + _within(sizes[~fits])] = False
        sizes, document = sizes[fits], document[fits]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(_LOWER[text[word]])]
    encoded = pa.Array.from_buffers(pa.large_binary(), len(sizes), buffers).dictionary_encode()
    names = encoded.dictionary.to_pylist()
    key = document * len(names) + encoded.indices.to_numpy()
    key.sort()
    first = np.empty(len(key), dtype=bool)
    first[:1] = True
    np.not_equal(key[1:], key[:-1], out=first[1:])
    counts = np.bincount(key[first] % max(len(names), 1), minlength=len(names))
    return zip(names, counts.tolist(), strict=True)


def _within(sizes: np.ndarray) -> np.ndarray:
    """0, 1, … of each run of the given sizes."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _words(text: np.ndarray) -> np.ndarray:
    """Which bytes belong to words: ASCII letters and digits, and all beyond ASCII but punctuation and spaces there."""
    word = _WORD[text]
    if len(text) and int(text.max()) >= 0xC2:
        # U+0080-00BF, U+2000-207F and U+3000-303F: spaces, quotes, dashes, bullets, marks of Chinese and Japanese.
        two = np.flatnonzero(text[:-1] == 0xC2)
        lead, second = text[:-2], text[1:-1]
        three = np.flatnonzero(((lead == 0xE2) & ((second & 0xFE) == 0x80)) | ((lead == 0xE3) & (second == 0x80)))
        for first, size in ((two, 2), (three, 3)):
            for i in range(size):
                word[first + i] = False
    return word


def _present(array: pa.Array) -> pa.Array:
    """The texts of an array without nulls, as (large) strings or bytes."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type not in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
        array = array.cast(pa.large_string())
    return array.drop_null() if array.null_count else array


def _lowercase(array: pa.Array) -> pa.Array:
    """Lowercase beyond ASCII (`_LOWER` does the rest); as it is where nothing is, or where it is no valid UTF-8."""
    data = array.buffers()[2]
    if data is None or pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return array
    if not any(bool((text >= 0x80).any()) for text, _ in _blocks(array)):
        return array
    import pyarrow.compute as pc

    try:
        return pc.utf8_lower(array)
    except pa.ArrowInvalid:
        return array


def _blocks(array: pa.Array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(bytes, ends of the documents in them, one more than documents) of an array without nulls."""
    wide = array.type in (pa.large_string(), pa.large_binary())
    _, offsets, data = array.buffers()
    if not len(array) or offsets is None:
        return
    ends = np.frombuffer(offsets, np.int64 if wide else np.int32)[array.offset : array.offset + len(array) + 1]
    ends = ends.astype(np.int64, copy=False)
    text = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    first = 0
    while first < len(array):
        last = int(np.searchsorted(ends, ends[first] + _BLOCK, side="right")) - 1
        last = min(max(last, first + 1), len(array))
        yield text[ends[first] : ends[last]], ends[first : last + 1] - ends[first]
        first = last
