"""The detector `characters`: what kinds of characters texts are made of."""

from __future__ import annotations

from lifecycle_tui import api


class Characters:
    """How documents' shares of letters, digits, spaces, punctuation, control and other characters have moved."""

    name = "characters"
    kinds = ("text",)
    takes = "profile"

    def measure(self, reference: api.NumericProfile, window: api.NumericProfile) -> api.Measurement:
        return api.characters(reference, window)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Characters)
