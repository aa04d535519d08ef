"""House prices: a rent-control law shifts an input, and later the market turns.

- Until `LAW` prices follow the area's rents (`rent_index`). From then on rents are capped at about 78 whatever the
  area, and prices do not follow them down: the input drifts, and a version that was trained before goes wrong.
- From `RATES` on mortgages cost more, and within a week prices fall by a fifth. No input moves: the error tells.

20 sales a day, for `data/houses.csv`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

from lifecycle_tui.demo.drawing import Row, days, normal, pick, share, stream

FIRST, LAST = date(2025, 8, 1), date(2026, 8, 16)
LAW = date(2026, 4, 6)
RATES, SETTLED = date(2026, 6, 1), date(2026, 6, 8)
FALL = 0.2
PER_DAY = 20

HEADER: Row = ("sold_on", "area", "rooms", "age", "rent_index", "district", "price")
DISTRICTS = {"harbour": 1.25, "hill": 1.1, "mill": 0.9, "old town": 1.4, "station": 0.8}


def rows(seed: int) -> Iterator[Row]:
    """Rows of houses.csv, in order of time."""
    random = stream(seed, "houses")
    for day in days(FIRST, LAST):
        market = 1 - FALL * share(day, RATES, SETTLED)
        for _ in range(PER_DAY):
            district = pick(random, tuple(DISTRICTS))
            area = max(25.0, normal(random, 85, 28))
            rooms = max(1, min(9, round(area / 26 + normal(random, 0, 0.6))))
            age = min(120, round(-32 * math.log(1 - random.random())))
            free = normal(random, 100, 12)
            rent = free if day < LAW else 78 + 0.15 * (free - 100)
            worth = area * 3100 * DISTRICTS[district] * (1 - 0.0024 * age) * (free / 100) ** 0.9
            price = worth * market * math.exp(normal(random, 0, 0.07))
            yield str(day), f"{area:.1f}", str(rooms), str(age), f"{rent:.1f}", district, f"{price:.0f}"
