"""The explainer `additive`: shares the distance between a score and the usual one out among the features."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lifecycle_tui import api

CELLS = 6_000_000
"""Rows times columns that it asks for at most: fewer walks are made where a row is wide."""


class Additive:
    """Shapley values by sampling: contributions add up to the score minus the base.

    A walk turns a background row into the asked one, feature by feature in random order; each feature gets what the
    score changed by at its step, on average over the walks (Strumbelj and Kononenko 2014). Every order is walked in
    reverse too. The base is the mean score of the rows that walks began at. Rows on the way mix two real ones and may
    be rows that never occur; of features that go together each may get the other's share.

    Args:
        samples: walks for each row, half of them in reverse; more are more exact and take longer, at most 10000.
    """

    name = "additive"
    tasks = ("binary", "multiclass", "regression", "ranking")

    def __init__(self, *, samples: int = 60) -> None:
        if not 2 <= samples <= 10_000:
            raise ValueError(f"samples is from 2 to 10000, not {samples}")
        self.samples = samples

    def probe(self, request: api.ExplainRequest) -> pa.Table:
        """For each row and walk: the background row, then one more feature of the asked row at each step."""
        n, features = request.rows.num_rows, request.rows.num_columns
        begins, places = self._walks(request)
        asked = np.arange(n)[:, None, None]
        begin = n + begins[None, :, None]
        step = np.arange(features + 1)[None, None, :]
        both = pa.concat_tables([request.rows, request.background]).unify_dictionaries()
        columns = {}
        for column, name in enumerate(request.rows.column_names):
            at = np.where(places[None, :, column, None] < step, asked, begin)
            columns[name] = both.column(name).take(pa.array(at.reshape(-1)))
        return pa.table(columns)

    def explain(self, request: api.ExplainRequest, scores: pa.Array) -> api.Explanation:
        n, names = request.rows.num_rows, request.rows.column_names
        begins, places = self._walks(request)
        walked = scores.to_numpy(zero_copy_only=False).reshape(n, len(begins), len(names) + 1)
        gained = np.diff(walked, axis=2)
        shares = np.take_along_axis(gained, np.broadcast_to(places, gained.shape), axis=2).mean(axis=1)
        found = {name: shares[:, column].tolist() for column, name in enumerate(names)}
        note = f"Shapley values from {len(begins)} random orders, each from one of {len(set(begins))} background rows"
        return api.Explanation(float(walked[0, :, 0].mean()) if n else 0.0, found, note)

    def _walks(self, request: api.ExplainRequest) -> tuple[np.ndarray, np.ndarray]:
        """Of each walk: (walks,) the background row that it begins at, (walks, features) at which step each feature
        is exchanged."""
        n, features, there = request.rows.num_rows, request.rows.num_columns, request.background.num_rows
        pairs = min(self.samples, CELLS // max(1, n * features * (features + 1))) // 2
        if not there or not pairs:
            why = "there is no background row" if not there else f"{features:,} features are too many for it"
            raise api.DataError(f"additive cannot explain this: {why}")
        random = np.random.default_rng(request.seed)
        order = random.permutation(there)
        forward = np.argsort(random.random((pairs, features)), axis=1)
        begins = np.repeat(order[np.arange(pairs) % there], 2)  # each background row as often as any other
        return begins, np.stack([forward, features - 1 - forward], axis=1).reshape(-1, features)


@api.hookimpl
def register_explainers(register: api.Register) -> None:
    register(Additive)
