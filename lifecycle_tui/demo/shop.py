"""A shop's recommender: click-through decays, and sales turn heads for a while.

Each row is a recommendation that somebody saw. `affinity` says how well the item fits the person's past purchases.

- From `FADES` to `FADED` tastes move on: affinity says less and less, and people click by `trend` instead (whether the
  item is new); click-through falls by a third. From `SEASON` on a new season's catalogue brings people back.
- During the sales in `SALES` most items are marked down, and people click by discount alone. A version that learns it
  then is worth its place until the sale ends: for `LEFTOVERS` days what nobody wanted stays marked down, and nobody
  clicks on that.

150 rows a day, for `data/impressions.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from lifecycle_tui.demo.drawing import Row, chance, days, moments, normal, pick, share, stamp, stream

FIRST, LAST = date(2026, 1, 4), date(2026, 8, 16)
FADES, FADED = date(2026, 2, 16), date(2026, 3, 23)
SEASON = date(2026, 4, 1)
SALES = ((date(2026, 4, 20), date(2026, 5, 4)), (date(2026, 6, 4), date(2026, 6, 16)))
"""First day, and the day after the last."""
LEFTOVERS = 12
PER_DAY = 150

HEADER: Row = ("shown_at", "device", "trend", "price", "discount", "affinity", "clicked")
DEVICES = {"app": 0.2, "web": -0.2}


def rows(seed: int) -> Iterator[Row]:
    """Rows of impressions.csv, in order of time."""
    random = stream(seed, "shop")
    for day in days(FIRST, LAST):
        for minute in moments(random, PER_DAY):
            device = pick(random, tuple(DEVICES))
            trend, affinity = random.random(), random.random()
            price = round(20 + 60 * random.random() ** 2)
            discount = _discount(day, random.random(), random.random())
            liking = DEVICES[device] + _liking(day, trend, affinity, price, discount)
            clicked = random.random() < chance(liking + normal(random, 0, 0.3))
            yield (
                stamp(day, minute), device, f"{trend:.2f}", str(price), str(discount), f"{affinity:.2f}",
                str(int(clicked)),
            )  # fmt: skip


def in_sale(day: date) -> bool:
    """Whether a sale is on."""
    return any(first <= day < end for first, end in SALES)


def has_leftovers(day: date) -> bool:
    """Whether a sale has ended a few days ago."""
    return any(end <= day < end + timedelta(days=LEFTOVERS) for _, end in SALES)


def _discount(day: date, kind: float, size: float) -> int:
    """Percent off: a few in ordinary times; much on most items in a sale, and on half of them after it."""
    much = 0.8 if in_sale(day) else 0.5 if has_leftovers(day) else 0.0
    return round(20 + 40 * size) if kind < much else round(12 * size)


def _liking(day: date, trend: float, affinity: float, price: int, discount: int) -> float:
    """Log-odds of a click, apart from the device's."""
    if in_sale(day):
        return -1.6 + 0.09 * (discount - 12) + 0.4 * (affinity - 0.5)
    faded = share(day, FADES, FADED)
    base = -0.9 - 0.8 * faded * (day < SEASON)
    taste = (1 - faded) * 5.5 * (affinity - 0.5) + faded * 5.5 * (trend - 0.5)
    return base + taste - 0.01 * (price - 40) - 0.06 * discount
