"""Label-free estimates against what comes true: coverage under covariate shift, warning on concept drift, and a peer.

    python benchmarks/estimates.py [--references 120] [--windows 25] [--seed 1]
    python benchmarks/estimates.py --peer /path/to/python     (one that can import nannyml)

The first draws references and windows whose inputs have moved, estimates each window as a check does (features, weights
and all), and prints in how many the realised value lay in the 99 % interval. The second runs NannyML's CBPE in its own
environment on the data sets that its package ships, ours on the same rows, and prints CPU times and absolute errors.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

METRICS = ("accuracy", "f1", "auc", "precision", "recall", "brier")
KINDS = ("calibrated", "sharpened", "bent", "overlooks")

Labelled = tuple[Any, np.ndarray, np.ndarray]
"""Features (an Arrow table), the model's scores, labels as 0 and 1."""


class World:
    """A model and the truth that it scores: one draw.

    Args:
        kind: how the scores go wrong: not at all; too sure of themselves; in a bend; or they overlook a feature.
    """

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        self.rng, self.kind = rng, kind
        self.slope, self.start = rng.uniform(0.8, 2.2), rng.uniform(-2.5, 0.5)
        self.hidden = rng.uniform(0.3, 0.8) if kind == "overlooks" else 0.0

    def draw(
        self, n: int, shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0, concept: float = 0.0
    ) -> Labelled:
        """Rows whose inputs have moved by `shift` standard deviations; `concept` moves labels away from scores."""
        import pyarrow as pa

        from lifecycle_tui.stats.calibration import expit

        x, z = self.rng.normal(shift[0], scale, n), self.rng.normal(shift[1], 1, n)
        eta = self.slope * x + self.start
        bend = 0.6 * np.sin(1.5 * x) if self.kind == "bent" else 0.0
        chance = expit(eta * (1 - concept) + bend + self.hidden * z)
        score = expit(1.4 * eta + 0.3) if self.kind == "sharpened" else expit(eta)
        return pa.table({"x": x, "z": z}), score, (self.rng.random(n) < chance).astype(np.int8)


def learned(data: Labelled) -> tuple[Any, Any]:
    """What a check learns from a reference: the estimator, and where the reference has values."""
    from lifecycle_tui.monitoring import estimators

    reach = reach_of(data)
    return estimators.learn(coding(), rows(data, reach, learning=True), reach, METRICS), reach


def reach_of(data: Labelled) -> Any:
    """Where a reference has values, from its columns' profiles (which a check has made before, and keeps)."""
    from lifecycle_tui.monitoring.columns import ColumnData
    from lifecycle_tui.monitoring.estimate_rows import reaches
    from lifecycle_tui.profiles.profiler import Profiler

    columns, kinds = {}, {}
    for name in data[0].column_names:
        values = data[0].column(name).combine_chunks()
        kinds[name] = (
            "numeric" if values.type.num_fields == 0 and "dictionary" not in str(values.type) else "categorical"
        )
        profiler = Profiler(kinds[name], None)
        profiler.update(values)
        columns[name] = ColumnData(kinds[name], profiler.result())
    return reaches(columns, kinds)


def coding() -> Any:
    from lifecycle_tui.monitoring.performance import Coding

    return Coding("binary", ("0", "1"), 0.5)


def rows(data: Labelled, reach: Any, *, learning: bool, said: np.ndarray | None = None, estimator: Any = None) -> Any:
    """The rows as a check takes them; of a window those features that its `estimator` needs."""
    import pyarrow as pa

    from lifecycle_tui.monitoring.estimate_rows import RowTaker

    features, score, labels = data
    taker = RowTaker(coding(), reach, learning=learning, sampled=None if estimator is None else estimator.columns)
    target = pa.DictionaryArray.from_arrays(pa.array(labels.astype(np.int32)), pa.array(["0", "1"]))
    spoken = None
    if said is not None:
        spoken = pa.DictionaryArray.from_arrays(pa.array(said.astype(np.int32)), pa.array(["0", "1"]))
    taker.take("", features, target, np.ones(len(labels), bool), spoken, score)
    return taker.rows()[""]


def realised(score: np.ndarray, labels: np.ndarray, said: np.ndarray | None = None) -> dict[str, Any]:
    """The metrics themselves, as signals by name; those without a value are left out."""
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.stats import metrics_classes, metrics_scores

    spoken = (score >= 0.5).astype(np.int8) if said is None else said.astype(np.int8)
    found = {name: getattr(metrics_classes, name)(labels, spoken) for name in ("accuracy", "f1", "precision", "recall")}
    found |= {"auc": metrics_scores.roc_auc(labels, score), "brier": metrics_scores.brier(labels, score)}
    return {name: Signal(name, e.value, n=len(labels)) for name, e in found.items() if e.value is not None}


def coverage(references: int, windows: int, seed: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Kind of world, or "all" → metric → (windows whose realised value lay inside, windows); "withheld" too."""
    from lifecycle_tui.monitoring import estimate_trust, estimates

    rng = np.random.default_rng(seed)
    found: dict[str, dict[str, list[int]]] = {}
    for number in range(references):
        world = World(rng, KINDS[number % len(KINDS)])
        estimator, reach = learned(world.draw(int(rng.choice([5_000, 20_000, 50_000]))))
        for _ in range(windows):
            moved = (rng.uniform(-1.2, 1.2), rng.uniform(-0.8, 0.8))
            data = world.draw(int(rng.choice([500, 1_000, 2_000, 5_000])), moved, rng.uniform(0.7, 1.1))
            signals = estimates.estimate(estimator, rows(data, reach, learning=False, estimator=estimator), METRICS)
            errors = estimate_trust.errors(signals, realised(data[1], data[2]))
            tallies = [(e.name.split(".")[1], int(e.detail["covered"])) for e in errors]
            tallies += [
                ("withheld", int(signals[0].value is None)),
                ("weighted", int(signals[0].detail["method"] == "weighted")),
            ]
            for name, hit in tallies:
                for kind in (world.kind, "all"):
                    tally = found.setdefault(kind, {}).setdefault(name, [0, 0])
                    tally[0] += hit
                    tally[1] += 1
    return {kind: {name: (t[0], t[1]) for name, t in of.items()} for kind, of in found.items()}


def concept(references: int, seed: int, strength: float = 0.5) -> list[int]:
    """Of each reference the number of windows with drifted labels after which estimates are withheld; 0 for never
    within 12, negative where they were withheld among 20 sound windows before."""
    from lifecycle_tui.monitoring import estimate_trust, estimates

    rng, found = np.random.default_rng(seed), []
    for number in range(references):
        world = World(rng, KINDS[number % len(KINDS)])
        estimator, reach = learned(world.draw(20_000))
        past: dict[str, list[Any]] = {}
        when = 0
        for window in range(32):
            drifted = window >= 20
            data = world.draw(2_000, (rng.uniform(-0.5, 0.5), 0.0), concept=strength if drifted else 0.0)
            taken = rows(data, reach, learning=False, estimator=estimator)
            made = estimates.estimate(estimator, taken, METRICS)
            signals = estimate_trust.trusted(made, past)
            withheld = signals[0].value is None and "concept" in (signals[0].message or "")
            if withheld and when == 0:
                when = window - 20 if drifted else -1
            for error in estimate_trust.errors(signals, realised(data[1], data[2])):
                past.setdefault(error.name, []).append(error)
        found.append(when)
    return found


# ── the peer ──

CHUNK = 5_000
PEER_METRICS = {"roc_auc": "auc", "f1": "f1", "precision": "precision", "recall": "recall", "accuracy": "accuracy"}

PEER = """
import json, sys, time
import numpy as np, pandas as pd, nannyml as nml
folder, chunk = sys.argv[1], int(sys.argv[2])
metrics = ["roc_auc", "f1", "precision", "recall", "accuracy"]
sets = {
    "car loan": (nml.load_synthetic_car_loan_dataset, "repaid", "y_pred_proba", "y_pred"),
    "MA employment": (nml.load_us_census_ma_employment_data, "employed", "predicted_probability", "prediction"),
}
out = {}
for name, (load, target, score, said) in sets.items():
    ref, ana, gt = load()
    key = [c for c in gt.columns if c != target and c in ana.columns]
    truth = ana.merge(gt, on=key, how="left") if key else ana.join(gt)
    args = dict(problem_type="classification_binary", y_true=target, y_pred=said, y_pred_proba=score)
    cpu = time.process_time()
    estimator = nml.CBPE(metrics=metrics, chunk_size=chunk, **args).fit(ref)
    estimated = estimator.estimate(ana).filter(period="analysis").to_df()
    cpu = time.process_time() - cpu
    real = nml.PerformanceCalculator(metrics=metrics, chunk_size=chunk, **args).fit(ref)
    real = real.calculate(truth).filter(period="analysis").to_df()
    mae, inside = {}, {}
    for m in metrics:
        e, r = estimated[(m, "value")].to_numpy(float), real[(m, "value")].to_numpy(float)
        mae[m] = float(np.nanmean(np.abs(e - r)))
        low = estimated[(m, "lower_confidence_boundary")].to_numpy(float)
        high = estimated[(m, "upper_confidence_boundary")].to_numpy(float)
        inside[m] = float(np.mean((r >= low) & (r <= high)))
    out[name] = {"cpu": cpu, "mae": mae, "inside": inside}
    roles = {target, score, said}
    for part, table in (("reference", ref), ("analysis", truth)):
        kept = {c: table[c] for c in table.columns if c not in roles
                and c not in ("id", "Unnamed: 0", "timestamp", "year")}
        kept = {f"f {c}": v.to_numpy(float) if v.dtype.kind in "fiub" else v.astype(str).to_numpy(str)
                for c, v in kept.items()}
        np.savez(f"{folder}/{name} {part}.npz", score=table[score].to_numpy(float), said=table[said].to_numpy(float),
                 target=table[target].to_numpy(float), **kept)
print("RESULT " + json.dumps(out))
"""


def against(peer: str, repeats: int) -> dict[str, Any]:
    """The peer's and our CPU seconds and mean absolute errors, by data set."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "peer.py"
        script.write_text(PEER)
        runs = []
        for _ in range(repeats):
            done = subprocess.run(
                [peer, str(script), folder, str(CHUNK)], capture_output=True, text=True, check=True, timeout=1800
            )  # fmt: skip
            runs.append(json.loads(done.stdout.split("RESULT ")[1]))
        theirs = {name: {**runs[0][name], "cpu": sorted(r[name]["cpu"] for r in runs)} for name in runs[0]}
        return {name: {"peer": of, "ours": _ours(Path(folder), name, repeats)} for name, of in theirs.items()}


def _ours(folder: Path, name: str, repeats: int) -> dict[str, Any]:
    """With features (weighted where inputs have moved), and from scores alone, which is what the peer does."""
    import pyarrow as pa

    def read(part: str) -> tuple[Labelled, np.ndarray]:
        with np.load(folder / f"{name} {part}.npz") as found:
            columns = {key[2:]: pa.array(found[key]) for key in found.files if key.startswith("f ")}
            texts = [name for name, c in columns.items() if pa.types.is_string(c.type)]
            columns |= {name: columns[name].dictionary_encode() for name in texts}
            features = pa.table(columns)
            return (features, found["score"], found["target"].astype(np.int8)), found["said"]

    (reference, analysis) = read("reference"), read("analysis")
    return {how: _estimated(reference, analysis, how == "features", repeats) for how in ("scores", "features")}


def _estimated(
    reference: tuple[Labelled, np.ndarray], analysis: tuple[Labelled, np.ndarray], features: bool, repeats: int
) -> dict[str, Any]:
    from lifecycle_tui.monitoring import estimate_trust, estimates, estimators

    names, cpu, errors = list(PEER_METRICS.values()), [], []
    data, spoken = analysis
    reach = reach_of(reference[0]) if features else {}
    for _ in range(repeats):
        start = time.process_time()
        estimator = estimators.learn(coding(), rows(reference[0], reach, learning=True), reach, names)
        made = []
        for first in range(0, len(spoken), CHUNK):
            at = slice(first, first + CHUNK)
            part = (data[0].slice(first, CHUNK), data[1][at], data[2][at])
            window = rows(part, reach, learning=False, said=spoken[at], estimator=estimator)
            made.append(estimates.estimate(estimator, window, names))
        cpu.append(time.process_time() - start)
    for first, signals in zip(range(0, len(spoken), CHUNK), made, strict=True):
        at = slice(first, first + CHUNK)
        errors += estimate_trust.errors(signals, realised(data[1][at], data[2][at], spoken[at]))
    named = {peer: [e for e in errors if e.name == f"estimated.{ours}.error"] for peer, ours in PEER_METRICS.items()}
    return {
        "cpu": sorted(cpu),
        "mae": {name: float(np.mean([abs(e.value or 0.0) for e in of])) for name, of in named.items() if of},
        "inside": {name: float(np.mean([e.detail["covered"] for e in of])) for name, of in named.items() if of},
        "chunks": {name: len(of) for name, of in named.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=120)
    parser.add_argument("--windows", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", help="a Python that can import nannyml")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    say = sys.stdout.write
    if given.peer:
        for name, of in against(given.peer, given.repeats).items():
            peer = of["peer"]
            say(f"{name}: peer {peer['cpu'][len(peer['cpu']) // 2]:.3f} CPU s {peer['cpu']}\n")
            for how, ours in of["ours"].items():
                middle = ours["cpu"][len(ours["cpu"]) // 2]
                ratio = peer["cpu"][len(peer["cpu"]) // 2] / middle
                say(f"  ours ({how}) {middle:.4f} CPU s, {ratio:.0f} x less {[round(c, 4) for c in ours['cpu']]}\n")
                for m, value in ours["mae"].items():
                    say(f"    {m:10} mae {value:.5f} peer {peer['mae'][m]:.5f}; inside {ours['inside'][m]:.3f} "
                        f"peer {peer['inside'][m]:.3f}; {ours['chunks'][m]} chunks\n")  # fmt: skip
        return
    for kind, of in sorted(coverage(given.references, given.windows, given.seed).items()):
        say(f"{kind}\n")
        for name, (hits, total) in of.items():
            say(f"  {name:10} {hits / total:.4f} of {total}\n")
    when = concept(max(8, given.references // 6), given.seed + 1)
    say(f"concept drift: withheld after {sorted(when)} windows (0: not within 12; negative: before there was any)\n")


if __name__ == "__main__":
    main()
