"""A strategy of the team's own: where one class is rare, learn from all of its rows and from a part of the others."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle_tui import api


class Rare:
    """Fits anew on every row of the positive class and, newest first, on so many others for each."""

    name = "rare"

    def __init__(self, *, others: int = 8):
        self.others = others

    def fit(self, request):
        rare = pc.equal(request.target.cast(pa.string()), request.positive)
        positive, others = (pc.indices_nonzero(mask) for mask in (rare, pc.invert(rare)))
        kept = others.slice(max(0, len(others) - self.others * len(positive)))
        rows = pa.chunked_array([positive, kept]).combine_chunks()
        rows = rows.take(pc.sort_indices(rows))  # in order of time, as they came
        time = None if request.time is None else request.time.take(rows)
        model = api.fit_model(
            replace(request, table=request.table.take(rows), target=request.target.take(rows), time=time)
        )
        note = f"all {len(positive):,} positive rows and {len(kept):,} of {len(others):,} others"
        return api.FitResult(api.dump_model(model, request), model.rows, model.parameters, note)


@api.hookimpl
def register_strategies(register):
    register(Rare)
