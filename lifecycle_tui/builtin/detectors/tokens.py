"""The detector `tokens`: words that have become more or less frequent in texts."""

from __future__ import annotations

from lifecycle_tui import api


class Tokens:
    """The word whose share of documents has changed most surely, with the others behind it."""

    name = "tokens"
    kinds = ("text",)
    takes = "profile"

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.tokens(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Tokens)
