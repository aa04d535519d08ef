"""The prose and the three examples of docs/configuration.md, for `reference`; the examples are also what tests load."""
# ruff: noqa: E501 - rows of Markdown tables cannot be broken

INTRO = """\
# Configuration: `lifecycle.toml`

A workspace is the folder that holds a `lifecycle.toml`. The file says which models there are, where their tables lie,
what is normal, and what should happen when it no longer is. Everything that can have a default has one.

`lifecycle config check` reports all that is wrong, each with file, line and column. A misspelt key is an error.

## The least that a model needs

```toml
{small}```

## Nearly everything

```toml
{large}```

## How values are written

| kind | examples | notes |
|---|---|---|
| duration | `"90s"` `"10m"` `"2h"` `"30d"` `"1w"` `"3 hours"` `"1h 30m"` | a day is 24 hours; months have no fixed length |
| window | `"1d"` `"15 minutes"` `"2 weeks"` `"1 month"` `"1 quarter"` `"1 year"` `"5000 rows"` `"partition"` `"file"` | days and longer follow the zone's calendar; `m` is minutes |
| rate | `"1 per 7d"` `"2 per day"` | so many per so long |
| date or date with time | `2025-03-31` `2025-03-31T12:00:00` `2025-03-31T12:00:00Z` | without quotes; without an offset it is in the model's zone |
| path | `"data/x.csv"` `"lake/scored"` `"data/*.parquet"` | relative to the workspace's folder; a file, a folder or a glob |
| expression | `"psi.income > 0.2 and rows > 500"` `'psi["loan amount"] > 0.2'` | over signals, each with `.lower`, `.upper`, `.n` |
| secret | `{{ env = "PAGER_URL" }}` `{{ file = "token.txt" }}` | in options of plugins of every kind; read only where the plugin is made, in the job that needs it, never stored or shown |
| cron schedule | `"0 3 1 * *"` | minute, hour, day of month, month, day of week |

## What combines with what

- **Defaults.** `[defaults]` takes every key of a model. A key that the model sets itself wins as a whole: lists and small
  tables are not mixed. Rules meet by name and are filled key by key; `enabled = false` drops one for a model.
- **Include.** An included file holds one model, named for the file, with the model's keys at the top: `task = …`, `[data]`,
  `[columns]`. Its paths too are relative to the workspace's folder. A thousand of them are read in a third of a second.
- **Environments.** `lifecycle --env prod` lays `lifecycle.prod.toml` over the file: see below.
- **Tables.** Either `table`, or `predictions` and `features`; `labels` may be a table of its own beside both. Where there is
  more than one they are joined by `on`, else by the columns' `id`.
- **Labels.** A label is known at its `arrived` column, else at the row's time plus `delay`, else when its file was first seen.
  Without `path`, `labels = {{ delay = "30d", absent = 0 }}` speaks of the target in the wide table.
- **Reference.** `from` and `until`, or `rows`, or `partitions`, or a `path`. A plain date as `until` is included whole.
- **Keys.** `[keys]` gives the terminal's keys by the id of what they do: `"act.retrain" = "T"`, a list for several, `[]` for none. An id has dots
  and so needs quotes. A key is a character (`"T"`, `"?"`) or a name (`"Ctrl+F"`, `"PgDn"`, `"Alt+T"`, `"F5"`). `lifecycle keys` lists the ids.
  Terminals that are open take a change within a second; one with errors changes nothing.
- **Models' names** have letters, digits, `-`, `_` and `.` only.

## One file for each environment

With `lifecycle --env prod COMMAND`, or `LIFECYCLE_ENV=prod` in the environment, the file `lifecycle.prod.toml` beside `lifecycle.toml` is
laid over it. The agent, its workers and the terminal that such a command starts inherit the choice; titles, `info` and `status` say it.

```toml
{prod}```

- Tables meet key by key, models, rules and notifiers by name. Values and lists are replaced as a whole.
- Where two keys exclude each other (`table` and `features`, `estimator` and `command`, the ways to name a reference), the
  environment's choice takes the other's place. Where it names another plugin with `use`, the first one's options go.
- It may declare models of its own, and has no `include`. It is checked like the other files: every problem is shown in the file that
  wrote the value, and a change of it is taken by the agent like a change of the others.
- A missing file is an error, so that nobody works without what was meant for production. An empty one will do.
- The workspace's state remembers the environment. Where an agent works in one, a command that asks for work in another is refused, and
  every screen of a terminal in another says so.

## What counts, and where it comes from

```sh
lifecycle config show models.churn --origin      # every key with its value, file, line and column; defaults filled in
lifecycle --env prod config show false_alarms --origin
lifecycle config explain detectors.psi.bins      # type, unit, default, example, who reads it; signals too
```

Secrets are shown as the references that they are. A text under a name like `token`, `password` or `api_key` is never shown, and
`config check` warns of it.

## In an editor

With `#:schema .lifecycle/schema.json` as a file's first line (`lifecycle init` writes it) Taplo ("Even Better TOML"), Tombi and others
complete keys, names of plugins and their options, show what each means, and underline what is wrong as one types. `lifecycle init` and
the agent keep the schemas fresh when plugins come and go: `schema.json`, `schema-model.json` for included files
(`#:schema ../.lifecycle/schema-model.json`), `schema-overlay.json` for an environment's. `lifecycle config schema` prints them.

## Every key

The options of the plugins that ship are in [plugin-options.md](plugin-options.md), the codes of problems in
[config-errors.md](config-errors.md).
"""

SMALL = """\
[models.bikes]
task = "regression"

[models.bikes.data]
table     = "bike_hour.csv"            # features, labels and, if there are any, predictions in one table
reference = { until = 2011-12-31 }     # the rest is production
window    = "1 month"

[models.bikes.columns]
timestamp = { from = ["dteday", "hr"], format = "%m/%d/%Y %H" }
target    = "cnt"
ignore    = ["instant", "casual", "registered"]
"""

LARGE = """\
#:schema .lifecycle/schema.json
include = ["models/*.toml"]            # one model a file, named for it

[workspace]
plugins      = ["plugins"]
timezone     = "Europe/Paris"          # windows are UTC unless it says otherwise
engine       = "local"                 # or { dask = "tcp://scheduler:8786" }
false_alarms = "1 per 7d"              # of the whole fleet together; a model may have its own

[notifiers.oncall]
use   = "webhook"
url   = { env = "PAGER_URL" }
match = { owner = "risk-ml", severity = "critical" }
group = "10m"                          # alerts that share a source or column become one message

[defaults.rules.stale-data]            # [defaults] holds for every model; rules merge by name
when = "data.late > 2h"

[models.card-fraud]
task  = "binary"                       # binary | multiclass | regression | ranking
owner = "risk-ml"

[models.card-fraud.data]
predictions = { path = "lake/scored", partition = "dt" }
features    = { path = "lake/features", on = "transaction_id" }
labels      = { path = "lake/chargebacks", arrived = "booked_at", delay = "30d", absent = 0 }
reference   = { from = 2025-01-01, until = 2025-03-31 }
window      = "1d"                     # "1 month", "5000 rows", "partition"

[models.card-fraud.columns]
id = "transaction_id"
timestamp = "ts"
version = "model_version"              # several versions may score at once
target = "is_fraud"
positive = 1
score = "p_fraud"                      # and `prediction`
cutoff = 0.35
categorical = ["mcc"]
protected = ["age_band"]
segments = ["country"]

[models.card-fraud.monitor]
detectors = ["psi", "ks", "chi2"]      # or a table with options per detector and column
metrics   = ["auc", "recall", "estimated.auc"]  # the last one before labels are there

[models.card-fraud.rules.auc-degraded]
when = "auc.upper < 0.92"              # a signal has .lower .upper .n; psi["loan amount"] for odd names
for  = 3                               # windows
severity = "critical"
then = ["notify", "retrain"]

[models.card-fraud.training]
estimator = "fraud_model:build"        # or command = ["python", "train.py"]
strategy  = "warm-start"
history   = "180d"
schedule  = "0 3 1 * *"
cooldown  = "3d"
gates     = ["gain(auc) > 0", "challenger.recall >= 0.6"]

[models.card-fraud.rollout]
deployer = "local"
steps    = [{ weight = 5, hold = "1h" }, { weight = 25, hold = "6h" }, { weight = 100 }]
abort    = ["errors.rate > 0.02", "latency.p95 > 200"]
approve  = { by = ["ana", "raj"], not = "requester" }
"""

PROD = """\
# lifecycle.prod.toml: what differs where it counts
workspace.every = "5m"

[notifiers.oncall]
url = { env = "PAGER_URL" }

[defaults.rules.stale-data]            # over [defaults] of lifecycle.toml, under what a model says itself
when = "data.late > 30m"

[models.card-fraud.rules.auc-degraded] # also where the model has a file of its own
for = 2
"""
