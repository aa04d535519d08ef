"""Writes the example workspace at the top of the repository: `python -m lifecycle_tui.demo.example FOLDER`.

Two simulated models with known stories, so that the first `lifecycle check` has something to find. Only the standard
library's random numbers are used: their sequence is fixed across Python versions, so the files are the same on
every machine (a test compares the committed ones with fresh ones).

- house-prices: no predictions in the data; a first version is fitted on the reference. In September 2025 a
  rent-control law moves `rent_index`, and prices no longer follow it.
- card-fraud: predictions of two versions, labels that arrive two weeks later. From March 2026 on the fraud moves to
  small night-time payments, which the versions have not seen.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

CONFIG = """\
# The example workspace: `lifecycle check` profiles it and says what it would do, `lifecycle check --act` does it,
# `lifecycle agent --simulate 2026-01-01 2026-05-01` lives through it, `lifecycle` opens the terminal on it.
# Its data is simulated (lifecycle_tui/demo/example.py); docs/configuration.md explains every key.

[workspace]
plugins      = ["plugins"]             # a module dropped in there is a plugin
false_alarms = "1 per 30d"             # of both models together

# Prices of houses. The file has no predictions, so a first version is fitted on the reference and scores forward.
[models.house-prices]
task  = "regression"
owner = "valuation"

[models.house-prices.data]
table     = "data/houses.csv"
reference = { until = 2025-06-30 }     # the rest is production
window    = "1 month"

[models.house-prices.columns]
timestamp   = "sold_on"
target      = "price"
numeric     = ["area", "rooms", "age", "rent_index"]
categorical = ["district"]

[models.house-prices.monitor]
metrics = ["mae", "r2"]

[models.house-prices.rules.error-high]
when     = "mae.lower > 35_000"        # even the favourable end of the interval is too high
severity = "critical"
then     = ["notify", "retrain"]

[models.house-prices.rules.inputs-moved]
when = "drift.max >= 0.2"
for  = 2                               # windows

[models.house-prices.training]
history  = "120d"                      # what sold before the law says little about what sells now
cooldown = "20d"
gates    = ["gain(mae) > 0"]           # on later sales that neither version was trained on

# Card payments scored by the team's own versions; a fraud is booked up to two weeks after the payment.
[models.card-fraud]
task  = "binary"
owner = "risk"

[models.card-fraud.data]
predictions = { path = "data/payments.csv", on = "payment_id" }
labels      = { path = "data/chargebacks.csv", on = "payment_id", arrived = "booked_at", delay = "14d", absent = 0 }
reference   = { until = 2025-12-31 }
window      = "1 week"

[models.card-fraud.columns]
id          = "payment_id"
timestamp   = "paid_at"
version     = "model_version"
target      = "is_fraud"
positive    = 1
score       = "p_fraud"
cutoff      = 0.3
numeric     = ["amount", "hour"]
categorical = ["merchant", "country"]

[models.card-fraud.monitor]
metrics = ["auc", "recall", "precision"]

[models.card-fraud.rules.auc-degraded]
when     = "auc.upper < 0.9"           # even the favourable end of the interval is too low
for      = 2
severity = "critical"
"""


PLUGIN = '''\
"""An example of a team's own detector: a module in this folder is a plugin, and `lifecycle check` uses it."""

from lifecycle_tui.api import hookimpl


class Tails:
    """Width of the middle 98 % of the values, as a multiple of the reference's."""

    name, kinds = "tails", ("numeric",)

    def measure(self, reference, window):
        before, now = (p.quantile(0.99) - p.quantile(0.01) for p in (reference, window))
        return now / before if before else None


@hookimpl
def register_detectors(register):
    register(Tails)
'''


def houses(seed: int = 7) -> Iterator[list[object]]:
    """Rows of houses.csv: ten sales a day through 2025."""
    random = Random(seed)
    yield ["sold_on", "area", "rooms", "age", "rent_index", "district", "price"]
    districts = {"harbour": 1.25, "hill": 1.1, "mill": 0.9, "old town": 1.4, "station": 0.8}
    day = date(2025, 1, 1)
    while day.year == 2025:
        law = day >= date(2025, 9, 1)
        for _ in range(10):
            district = random.choice(sorted(districts))
            area = max(25.0, random.gauss(85, 28))
            rooms = max(1, min(9, round(area / 26 + random.gauss(0, 0.6))))
            age = min(120.0, random.expovariate(1 / 32))
            free = random.gauss(100, 12)
            rent = 78 + 0.15 * (free - 100) if law else free
            worth = area * 3100 * districts[district] * (1 - 0.0024 * age) * (free / 100) ** 0.9
            price = worth * math.exp(random.gauss(0, 0.07))
            yield [day, f"{area:.1f}", rooms, f"{age:.0f}", f"{rent:.1f}", district, f"{price:.0f}"]
        day += timedelta(days=1)


def payments(seed: int = 11) -> Iterator[tuple[list[object], list[object] | None]]:
    """Rows of payments.csv with the chargeback that belongs to each, if there was one."""
    random = Random(seed)
    yield (
        ["payment_id", "paid_at", "model_version", "amount", "hour", "merchant", "country", "p_fraud"],
        ["payment_id", "is_fraud", "booked_at"],
    )
    merchants = ["books", "food", "fuel", "games", "travel"]
    countries = ["BE", "DE", "FR", "NL", "US"]
    begin, number = datetime(2025, 10, 1), 100_000
    for step in range(80 * 200):  # 80 a day from October to mid April
        paid = begin + timedelta(minutes=18 * step, seconds=random.randrange(1080))
        amount = math.exp(random.gauss(3.4, 0.9))
        merchant, country = random.choice(merchants), random.choice(countries)
        night = paid.hour < 6
        known = 1.1 * (math.log(amount) - 3.4) + 1.6 * (merchant == "games") + 1.2 * (country == "US") - 4.1
        new = 2.6 * night - 1.5 * (math.log(amount) - 3.4) + 0.4 * (merchant == "food") - 4.2
        truth = new if paid >= datetime(2026, 3, 1) else known
        fraud = random.random() < 1 / (1 + math.exp(-1.7 * truth))
        sharp = 1.0 if step % 10 else 0.8  # the second version sees a tenth of the traffic
        score = 1 / (1 + math.exp(-sharp * (1.7 * known + random.gauss(0, 0.5))))
        number += 1
        row: list[object] = [
            f"P{number}",
            paid.strftime("%Y-%m-%d %H:%M:%S"),
            "v7" if step % 10 else "v8",
            f"{amount:.2f}",
            paid.hour,
            merchant,
            country,
            f"{score:.4f}",
        ]
        booked = paid + timedelta(days=random.uniform(1, 14))
        yield row, [f"P{number}", 1, booked.strftime("%Y-%m-%d %H:%M:%S")] if fraud else None


def write(folder: Path) -> list[Path]:
    """Write the example's files below `folder` and return their paths."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    config = folder / "lifecycle.toml"
    config.write_text(CONFIG, encoding="utf-8")
    plugin = folder / "plugins" / "tails.py"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(PLUGIN, encoding="utf-8")
    rows = list(payments())
    tables = {
        "houses.csv": list(houses()),
        "payments.csv": [row for row, _ in rows],
        "chargebacks.csv": [label for _, label in rows if label],
    }
    for name, lines in tables.items():
        text = "".join(",".join(str(cell) for cell in line) + "\n" for line in lines)
        (data / name).write_text(text, encoding="utf-8")
    return [config, plugin, *(data / name for name in tables)]


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
