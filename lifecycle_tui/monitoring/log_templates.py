"""Templates of log messages: what a message says, without the parts that differ each time. Mined with drain3.

He et al. 2017, "Drain: an online log parsing approach with fixed depth tree" (ICWS). What is mined is kept as JSON
(never pickled): each template with the words that it began with, which is what its place in the tree rests on, so that
going on after a stop gives what going straight through gives. Called by `agent.work.logs`; needs the extra `[logs]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.domain.errors import DataError

MOST = 1_000
"""Templates of a model; what is like none of them when there are so many is `OTHER`."""

OTHER = 0
"""Id of everything beyond; real ones begin at 1."""

WORDS = 100
"""Words of a message that are looked at."""

EXAMPLE = 300

_MASKS = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), "<mail>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"), "<hex>"),
    (re.compile(r"(?<![A-Za-z])[-+]?\d+(?:[.,:]\d+)*(?:[eE][-+]?\d+)?"), "<number>"),
)
"""What differs from line to line by its form, in the order in which it is replaced."""


@dataclass(frozen=True)
class Template:
    """One pattern of messages.

    Attributes:
        text: its words, `<*>` where they differ.
        example: the first message of its kind, cut.
        lines: how many were like it so far.
    """

    id: int
    text: str
    example: str
    lines: int


class Miner:
    """Sorts messages into templates, one by one, in the order given.

    Args:
        kept: what `facts` gave before.

    Raises:
        DataError: drain3 is not installed.
    """

    def __init__(self, kept: Sequence[Mapping[str, Any]] = ()) -> None:
        try:
            from drain3.drain import Drain, LogCluster  # type: ignore[import-untyped]
        except ImportError as exc:
            raise DataError("log patterns are mined with drain3", hint="pip install 'lifecycle-tui[logs]'") from exc
        self._drain = Drain(depth=4, sim_th=0.5, max_children=100, parametrize_numeric_tokens=True)
        self._born: dict[int, tuple[list[str], str]] = {}
        for row in kept:
            # By the words that it began with: its place in the tree. What it has become since comes after.
            cluster = LogCluster(list(row["born"]), int(row["id"]))
            self._drain.id_to_cluster[cluster.cluster_id] = cluster
            self._drain.add_seq_to_prefix_tree(self._drain.root_node, cluster)
            cluster.log_template_tokens, cluster.size = tuple(row["words"]), int(row["lines"])
            self._born[cluster.cluster_id] = (list(row["born"]), row["example"])
        self._drain.clusters_counter = max(self._born, default=0)

    def add(self, message: str) -> int:
        """The id of the message's template."""
        words = masked(message).split()[:WORDS] or ["(empty)"]
        drain = self._drain
        full = len(self._born) >= MOST
        if full and drain.tree_search(drain.root_node, words, drain.sim_th, False) is None:
            return OTHER
        cluster, change = drain.add_log_message(" ".join(words))
        if change == "cluster_created":
            self._born[cluster.cluster_id] = (words, message[:EXAMPLE])
        return int(cluster.cluster_id)

    @property
    def templates(self) -> dict[int, Template]:
        """All of them by id."""
        return {id_: _template(self._drain.id_to_cluster[id_], self._born[id_][1]) for id_ in self._born}

    def facts(self) -> list[dict[str, Any]]:
        """All that it knows, as JSON values."""
        clusters = self._drain.id_to_cluster
        return [
            {
                "id": id_, "born": born, "words": list(clusters[id_].log_template_tokens),
                "lines": clusters[id_].size, "example": example,
            }
            for id_, (born, example) in sorted(self._born.items())
        ]  # fmt: skip


def _template(cluster: Any, example: str) -> Template:
    return Template(int(cluster.cluster_id), " ".join(cluster.log_template_tokens), example, int(cluster.size))


def masked(message: str) -> str:
    """The message with what differs by its form replaced."""
    for pattern, name in _MASKS:
        message = pattern.sub(name, message)
    return message
