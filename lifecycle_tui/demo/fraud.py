"""Card fraud: the patterns keep changing, and what was fraud is known two weeks later.

- Until `NIGHT`: large payments for games, and from the US.
- From `NIGHT` on: small payments at night.
- From `TESTING` on: stolen cards are tried out with very small payments for fuel and food in the daytime, so that the
  amounts of all payments move too.

70 payments a day, one in twelve a fraud: `data/payments.csv`, and `data/chargebacks.logfmt` with a line for each
fraud once it is booked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from lifecycle_tui.demo.drawing import Row, chance, days, moments, normal, pick, stamp, stream

FIRST, LAST = date(2025, 11, 1), date(2026, 8, 16)
NIGHT = date(2026, 2, 23)
TESTING = date(2026, 5, 25)
PER_DAY = 70
LATEST = 13.5
"""Days after which the last chargeback is booked."""

HEADER: Row = ("payment_id", "paid_at", "amount", "hour", "merchant", "country")
MERCHANTS = ("books", "food", "fuel", "games", "travel")
COUNTRIES = ("BE", "DE", "FR", "NL", "US")


def tables(seed: int) -> tuple[list[Row], list[str]]:
    """Rows of payments.csv, and lines of chargebacks.logfmt."""
    found = list(_payments(seed))
    return [row for row, _ in found], [line for _, line in found if line is not None]


def _payments(seed: int) -> Iterator[tuple[Row, str | None]]:
    random = stream(seed, "fraud")
    number = 100_000
    for day in days(FIRST, LAST):
        for payment in sorted(_payment(random, day, minute) for minute in moments(random, PER_DAY)):
            number += 1
            hour = payment.minute // 60
            suspicion = _suspicion(day, payment.size, hour, payment.merchant, payment.country)
            fraud = random.random() < chance(2.5 * suspicion)
            name, paid = f"P{number}", stamp(day, payment.minute)
            row = (name, paid, f"{math.exp(payment.size):.2f}", str(hour), payment.merchant, payment.country)
            yield row, _chargeback(random, name, paid) if fraud else None


class Payment(NamedTuple):
    """One payment; `size` is the logarithm of its amount."""

    minute: int
    size: float
    merchant: str
    country: str


def _payment(random: Random, day: date, minute: int) -> Payment:
    size, merchant, country = normal(random, 3.4, 0.9), pick(random, MERCHANTS), pick(random, COUNTRIES)
    if day >= TESTING and random.random() < 0.15:
        size, minute, merchant = normal(random, 0.6, 0.4), 540 + minute // 3, pick(random, ("food", "fuel"))
    return Payment(minute, size, merchant, country)


def _suspicion(day: date, size: float, hour: int, merchant: str, country: str) -> float:
    if day < NIGHT:
        return 1.3 * (size - 3.4) + 1.8 * (merchant == "games") + 1.4 * (country == "US") - 3.6
    night = 2.7 * (hour < 6) - 1.5 * (size - 3.4) + 0.4 * (merchant == "food") - 3.7
    if day < TESTING:
        return night
    if size < 1.6:
        return 0.8 if merchant == "fuel" and hour < 13 else -1.6
    return 1.1 * (size - 3.4) + 1.6 * (merchant == "travel") - 3.3


def _chargeback(random: Random, payment: str, paid: str) -> str:
    booked = datetime.fromisoformat(paid) + timedelta(minutes=int((1 + random.random() * (LATEST - 1)) * 1440))
    return f'payment_id={payment} is_fraud=1 booked_at="{booked:%Y-%m-%d %H:%M}"'
