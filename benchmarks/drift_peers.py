"""The job of `lifecycle drift` by other libraries: KS on numbers, chi-square on categories, PSI where there is one.

    PYTHON drift_peers.py NAME FOLDER OUT.json

Run by `drift.py` with the interpreter of an environment that has the library; it imports nothing else but pandas.
Known to work on Python 3.11 (2026), each with pyarrow:

    evidently==0.7.23 "pandas<3"                frouros==0.9.0 "pandas<3"        nannyml==0.13.1 statsmodels
    whylogs[viz]==1.6.4 "pandas<3" "numpy<2"    alibi-detect==0.13.0             river pandas
    deepchecks "scikit-learn<1.6" "pandas<3" "setuptools<81" "numpy<2" "category-encoders<2.7"

Evidently also prepares its plots, which cannot be turned off; River has no test of two files and streams the numbers
through ADWIN instead.
"""

from __future__ import annotations

import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
for switch in ("DO_NOT_TRACK", "NML_DISABLE_USAGE_LOGGING", "DEEPCHECKS_ANALYTICS_OPT_OUT", "WHYLOGS_NO_ANALYTICS"):
    os.environ.setdefault(switch, "1")


def evidently(before, after, numbers, labels):
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    form = DataDefinition(numerical_columns=numbers, categorical_columns=labels)
    sides = [Dataset.from_pandas(side, data_definition=form) for side in (after, before)]
    metrics = [ValueDrift(column=c, method="ks") for c in numbers]
    metrics += [ValueDrift(column=c, method="chisquare") for c in labels]
    metrics += [ValueDrift(column=c, method="psi") for c in numbers + labels]
    found = Report(metrics).run(*sides).dict()["metrics"]
    return {f"{m['config'].get('column')} {m['config'].get('method')}": m["value"] for m in found if m.get("config")}


def frouros(before, after, numbers, labels):
    from frouros.detectors.data_drift import PSI, ChiSquareTest, KSTest

    found = {}
    for tests, columns in (((KSTest, PSI), numbers), ((ChiSquareTest,), labels)):
        for c in columns:
            x, y = (side[c].dropna().to_numpy(float if columns is numbers else object) for side in (before, after))
            for test in tests:
                one = test()
                one.fit(X=x)
                found[f"{c} {test.__name__}"] = list(one.compare(X=y)[0])
    return found


def nannyml(before, after, numbers, labels):
    import nannyml as nml

    one = nml.UnivariateDriftCalculator(
        column_names=numbers + labels, continuous_methods=["kolmogorov_smirnov"], categorical_methods=["chi2"],
        chunk_number=1,
    )  # fmt: skip
    one.fit(before)
    found = one.calculate(after).filter(period="analysis").to_df()
    return {" ".join(map(str, c)): found[c].iloc[0] for c in found.columns if c[-1] == "value"}


def whylogs(before, after, numbers, labels):
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import KS, ChiSquare, calculate_drift_scores

    tests = {**{c: KS() for c in numbers}, **{c: ChiSquare() for c in labels}}
    first, second = (why.log(side).view() for side in (before, after))
    return calculate_drift_scores(target_view=second, reference_view=first, drift_map=tests, with_thresholds=True)


def alibi_detect(before, after, numbers, labels):
    import numpy as np
    import pandas as pd
    from alibi_detect.cd import ChiSquareDrift, KSDrift

    found = {}
    for c in numbers:
        x, y = (side[c].dropna().to_numpy(np.float64)[:, None] for side in (before, after))
        found[c] = KSDrift(x, p_val=0.05).predict(y)["data"]["distance"][0]
    for c in labels:
        codes, names = pd.factorize(pd.concat([before[c], after[c]]), sort=True)
        x, y = codes[: len(before), None], codes[len(before) :, None]
        test = ChiSquareDrift(x, p_val=0.05, categories_per_feature={0: len(names)})
        found[c] = test.predict(y)["data"]["distance"][0]
    return found


def deepchecks(before, after, numbers, labels):
    from deepchecks.tabular import Dataset
    from deepchecks.tabular.checks import FeatureDrift

    sides = (Dataset(side, cat_features=labels) for side in (before, after))
    found = FeatureDrift(n_samples=10**12).run(*sides, with_display=False).value
    return {c: v["Drift score"] for c, v in found.items()}


def river(before, after, numbers, labels):
    from river import drift

    found = {}
    for c in numbers:
        one, alarms = drift.ADWIN(), 0
        for side in (before, after):
            for value in side[c].dropna().tolist():
                one.update(value)
                alarms += one.drift_detected
        found[c] = alarms
    return found


PEERS = {f.__name__: f for f in (evidently, frouros, nannyml, whylogs, alibi_detect, deepchecks, river)}


def main() -> None:
    import pandas as pd

    name, folder, out = sys.argv[1:]
    before, after = (pd.read_parquet(os.path.join(folder, f"{side}.parquet")) for side in ("reference", "current"))
    numbers = [c for c in before.columns if before[c].dtype.kind in "iufb"]
    found = PEERS[name](before, after, numbers, [c for c in before.columns if c not in numbers])
    with open(out, "w") as file:
        json.dump(found, file, default=str)


if __name__ == "__main__":
    main()
