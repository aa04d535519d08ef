"""Valid workspaces as trees, for the test that mutates them: between them they have every key that a file may have.

Each is what the files say, by name; the main file's include takes the others. Dates and odd numbers are written raw.
"""

from __future__ import annotations

import copy

from tests.config.toml_writer import Raw

MAIN = "lifecycle.toml"
Tree = dict

_FRAUD: Tree = {
    "task": "binary",
    "owner": "risk-ml",
    "tags": ["payments", "größe"],
    "data": {
        "predictions": {"path": "lake/scored", "partition": "dt", "on": "transaction_id", "use": "parquet"},
        "features": {"path": "lake/features", "on": "transaction_id", "use": "parquet"},
        "labels": {"path": "lake/chargebacks.csv", "arrived": "booked_at", "delay": "30d", "absent": 0,
                   "separator": ";", "encoding": "utf-8"},
        "logs": {"path": "logs/*.log", "format": "text", "pattern": "(?P<at>[^ ]+) (?P<lvl>[A-Z]+) (?P<status>[0-9]+) "
                 "(?P<ms>[0-9]+) (?P<tx>[^ ]+) (?P<text>.*)", "timestamp": "at", "time_format": "%Y-%m-%dT%H:%M:%S",
                 "level": "lvl", "message": "text", "latency": "ms", "id": "tx", "status": "status",
                 "errors": ["ERROR", "SEVERE"]},
        "reference": {"from": Raw("2025-01-01"), "until": Raw("2025-03-31")},
        "window": "1d",
        "grace": "2h",
        "timezone": "America/New_York",
    },
    "columns": {
        "id": "transaction_id",
        "timestamp": "ts",
        "version": "model_version",
        "target": "is_fraud",
        "positive": 1,
        "prediction": "said",
        "score": "p_fraud",
        "cutoff": 0.35,
        "numeric": ["amount", "loan amount", "größe"],
        "categorical": ["mcc"],
        "text": ["note"],
        "ignore": ["instant"],
        "protected": ["age_band"],
        "segments": ["country"],
    },
    "monitor": {
        "detectors": {"psi": {"bins": 12, "floor": 0.001, "missing": True, "columns": {"amount": {"bins": 20}}},
                      "ks": {"exact": False}, "chi2": {"correction": True}},
        "metrics": ["auc", "recall", "precision"],
        "false_alarms": "1 per 30d",
        "min_rows": 100,
        "floor": 0.02,
        "importance": False,
    },
    "rules": {
        "auc-degraded": {"when": "auc.upper < 0.92", "for": 3, "severity": "critical", "then": ["notify", "retrain"]},
        "amounts": {"when": 'psi["loan amount"] > 0.2 or ks.größe >= 0.1', "then": ["notify:oncall"]},
        "quiet": {"when": "labels.share < 50% and not drift.share > 0.3", "severity": "info"},
        "stale-data": {"enabled": False},
    },
    "training": {
        "estimator": "linear",
        "strategy": {"use": "warm-start", "iterations": 20, "most": 500},
        "history": "180d",
        "holdout": 0.25,
        "refit": True,
        "schedule": "0 3 1 * *",
        "after_rows": 50_000,
        "on_update": False,
        "time_limit": "30m",
        "cooldown": "3d",
        "gates": ["gain(auc) > 0", "challenger.recall >= 0.6"],
        "min_samples": 1000,
    },
    "rollout": {
        "deployer": {"use": "local", "path": "served", "keep": 5},
        "steps": [{"weight": 5, "hold": "1h"}, {"weight": 25.5, "hold": "6h"}, {"weight": 100}],
        "abort": ["errors.rate > 0.02", "latency.p95 > 200"],
        "approve": {"by": ["ana", "raj"], "not": "requester"},
    },
}  # fmt: skip

_BIKES: Tree = {
    "task": "regression",
    "data": {"table": {"path": "bike_hour.csv", "separator": ",", "missing": ["NA", "?"]},
             "reference": {"until": Raw("2011-12-31T00:00:00Z")}, "window": "1 month"},
    "columns": {"timestamp": {"from": ["dteday", "hr"], "format": "%m/%d/%Y %H"}, "target": "cnt",
                "ignore": ["instant", "casual"], "numeric": ["temp", "hum"]},
    "monitor": {"detectors": ["psi", "ks"], "metrics": ["mae", "r2"]},
    "rules": {"error": {"when": "mae.lower > 120 or r2.upper < 0.5", "for": 2},
              "warmer": {"when": "ks.temp > 0.3"}},
    "training": {"command": ["python", "train.py"], "predict": ["python", "predict.py"],
                 "history": Raw("2011-01-01"), "gates": ["gain(mae) > -0.5"]},
}  # fmt: skip

_PETS: Tree = {
    "task": "multiclass",
    "data": {"table": {"path": "pets/*.parquet", "partition": "month"}, "labels": {"delay": "2d"},
             "reference": {"partitions": ["2025-01", "2025-02"]}, "window": "partition"},
    "columns": {"timestamp": {"column": "ms", "unit": "ms"}, "target": "kind",
                "score": {"cat": "p_cat", "dog": "p_dog"}, "numeric": ["weight"]},
    "monitor": {"metrics": {"accuracy": {}, "f1": {}}},
    "rules": {"poor": {"when": "accuracy.upper < 0.6", "severity": "warning"}},
    "training": {"strategy": "refit"},
    "rollout": {"deployer": "local"},
}  # fmt: skip

_PLAIN: Tree = {
    "task": "ranking",
    "data": {"table": "clicks.csv", "reference": {"path": "before.csv", "use": "csv", "decimal": "."},
             "window": "5000 rows"},
    "columns": {"target": "clicked", "query": "visit", "categorical": ["device"]},
    "rules": {"rare": {"when": "mean_target < 1% or unseen.device > 2%"}},
}  # fmt: skip

_FIRST: Tree = {"task": "binary", "data": {"table": "x.csv", "reference": {"rows": 5000}, "window": "1000 rows"},
                "columns": {"target": "y", "score": "p"}}  # fmt: skip

_WORKSPACE: Tree = {
    "plugins": ["plugins"],
    "timezone": "Europe/Paris",
    "engine": "local",
    "false_alarms": "1 per 7d",
    "every": "1h",
    "agent": "stay",
    "jobs": 2,
    "trust": ["fraud_model.Ratios"],
    "pickle": False,
    "keep": {"hours": "14d", "days": "180d", "months": "3650d"},
}

_NOTIFIERS: Tree = {
    "oncall": {"use": "webhook", "url": {"env": "PAGER_URL"}, "timeout": 5.0, "headers": ["X-Team: risk"],
               "match": {"owner": "risk-ml", "severity": "info", "model": ["card-fraud"], "rule": "a*"},
               "group": "10m"},
    "file": {"use": "log", "format": "text"},
}  # fmt: skip

_DEFAULTS: Tree = {
    "rules": {"stale-data": {"when": "data.late > 2h"}, "drift": {"when": "drift.max >= 0.05", "for": 2}},
    "monitor": {"min_rows": 50, "floor": 0.015},
}

_KEYS: Tree = {"act.retrain": "T", "grid.down": ["down", "f7"], "fleet.sort": ""}

CORPUS: tuple[dict[str, Tree], ...] = (
    {
        MAIN: {"workspace": _WORKSPACE, "notifiers": _NOTIFIERS, "defaults": _DEFAULTS, "keys": _KEYS,
               "models": {"card-fraud": _FRAUD, "bikes": _BIKES}},
    },
    {
        MAIN: {"include": ["models/*.toml"], "workspace": {"engine": {"dask": "tcp://scheduler:8786"}},
               "notifiers": _NOTIFIERS, "models": {"pets": _PETS, "first.one": _FIRST}},
        "models/card-fraud.toml": _FRAUD,
        "models/clicks.toml": _PLAIN,
    },
    {
        MAIN: {"include": ["models/bikes.toml", "models/p*.toml"], "defaults": _DEFAULTS | {"owner": "data"},
               "notifiers": {"oncall": {"use": "command", "argv": ["python", "page.py"], "timeout": 30.0}},
               "models": {"clicks": _PLAIN, "card-fraud": _FRAUD}},
        "models/bikes.toml": _BIKES,
        "models/pets.toml": _PETS,
    },
)  # fmt: skip


def files_of(number: int) -> dict[str, Tree]:
    """A copy of one workspace's files."""
    return copy.deepcopy(CORPUS[number % len(CORPUS)])
