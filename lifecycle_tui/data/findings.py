"""Collects what is odd about a slice of data into `DataFinding`s: one a code and column, counted, with an example."""

from __future__ import annotations

from lifecycle_tui.domain.windows import DataFinding

_TEXTS: dict[str, tuple[str, str | None]] = {
    "bad-cell": ("cells of {column} that are no {column_kind}", "counted as missing"),
    "missing-column": ("rows from files without {column}", "counted as missing"),
    "retyped-column": (
        "rows in which {column} has another type than declared",
        "read as declared where possible",
    ),
    "extra-column": ("rows from files with {column}, which the reference does not have", "left out"),
    "repeated-header": ("header lines among the rows", "left out"),
    "separator": ("files with an unusual separator", "read with it"),
    "encoding": ("files in another encoding than UTF-8", "read as Latin-1"),
    "header": ("files whose header is one name short", "a name was made up"),
    "duplicate-column": ("files with a column name twice", "the later one was renamed"),
    "unclosed-quote": ("files with a quote that is never closed", "read as far as possible"),
    "ragged-row": ("rows with too few or too many cells", "left out"),
    "bad-line": ("lines that are no JSON object", "left out"),
    "nested-column": ("columns of lists", "left out"),
    "duplicate-id": ("rows whose id occurs again", "kept the last"),
    "backwards-clock": ("rows whose time is before that of the row above", "none: order does not matter"),
    "bad-timestamp": ("rows without a readable time", "left out"),
    "clock-change": ("times in an hour that the clocks skipped or repeated", "read as the first of the two"),
    "missing-label": ("rows without a label though none is expected any more", "left out of performance"),
    "orphan-label": ("labels whose id no row has", "left out"),
    "orphan-prediction": ("rows whose id is not in the features table", "features counted as missing"),
    "correction": ("labels that a later one replaced", "the last that had arrived counts"),
    "duplicate-label": ("labels given more than once with the same value", "counted once"),
    "infinite": ("infinite values in {column}", "kept"),
    "late-row": ("rows that came after the window's result", "the window is measured again"),
    "gap": ("windows before this one without a row", None),
    "future-row": ("rows with a time after now", "left for later"),
    "before-reference": ("rows older than the reference", "left out"),
    "unreadable-file": ("files that cannot be read", "left out"),
}


Counted = tuple[str, int, str | None, str]
"""Code, count, column and first example: what `Findings.add` takes."""


class Findings:
    """Adds up by code and column, keeps the first example; `items` are sorted, so their order says nothing."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str | None], int] = {}
        self._examples: dict[tuple[str, str | None], str] = {}

    def add(self, code: str, count: int, column: str | None = None, example: str = "") -> None:
        """`count` more of it (0 is nothing)."""
        if count <= 0:
            return
        key = (code, column)
        self._counts[key] = self._counts.get(key, 0) + int(count)
        if example and key not in self._examples:
            self._examples[key] = example

    def put(self, finding: DataFinding) -> None:
        """Take over a finding made elsewhere."""
        self.add(finding.code, finding.count, finding.column, finding.message)

    @property
    def counted(self) -> tuple[Counted, ...]:
        """Everything as it was added, in order of first sight: to be added to others."""
        return tuple(
            (code, count, column, self._examples.get((code, column), ""))
            for (code, column), count in self._counts.items()
        )

    @property
    def items(self) -> tuple[DataFinding, ...]:
        """All findings, sorted by code and column."""
        return tuple(
            make(code, count, column, self._examples.get((code, column), ""))
            for (code, column), count in sorted(self._counts.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        )


def make(code: str, count: int, column: str | None = None, example: str = "") -> DataFinding:
    """One finding with its sentence."""
    text, effect = _TEXTS.get(code, (code.replace("-", " "), None))
    sentence = text.format(column=column or "a column", column_kind="value of its kind")
    return DataFinding(code, count, f"{count} {sentence}{f' ({example})' if example else ''}", column, effect)
