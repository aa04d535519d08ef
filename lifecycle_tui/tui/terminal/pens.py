"""From one style to the next by the shortest order (SGR). Called by `painting`; pure."""

from __future__ import annotations

from functools import lru_cache

OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
"""Attribute → what takes it away; bold and dim go together."""


@lru_cache(1024)
def change(pen: str, look: str) -> str:
    """What to write where the style `pen` is on and `look` is wanted: parameters of SGR as `rows.codes` gives them."""
    if not look:
        return "\x1b[0m"
    if not pen:
        return f"\x1b[{look}m"
    anew = f"\x1b[0;{look}m"
    had, wants = _parts(pen), _parts(look)
    if had is None or wants is None:
        return anew
    gone = had[0] - wants[0]
    off = {OFF[one] for one in gone}
    # Bold and dim are taken away together: the one that stays is switched on again.
    on = {one for one in wants[0] if one not in had[0] or OFF[one] in off}
    orders = [*sorted(off), *sorted(on)]
    orders += [
        want or none for have, want, none in ((had[1], wants[1], "39"), (had[2], wants[2], "49")) if have != want
    ]
    step = f"\x1b[{';'.join(orders)}m"
    return step if len(step) <= len(anew) else anew


def _parts(look: str) -> tuple[frozenset[str], str, str] | None:
    """(attributes, colour, background) of a style; None where there is more in it than this knows."""
    attributes: set[str] = set()
    colours = {"3": "", "4": ""}
    rest = look.split(";")
    while rest:
        one = rest.pop(0)
        if one in OFF:
            attributes.add(one)
        elif one in ("38", "48"):
            more = rest[: 2 if rest[:1] == ["5"] else 4]
            colours[one[0]] = ";".join((one, *more))
            rest = rest[len(more) :]
        elif len(one) == 2 and one[0] in "39" and one[1] in "01234567":
            colours["3"] = one
        elif (len(one) == 2 and one[0] == "4" and one[1] in "01234567") or (len(one) == 3 and one.startswith("10")):
            colours["4"] = one
        elif one not in ("39", "49"):
            return None
    return frozenset(attributes), colours["3"], colours["4"]
