from lifecycle_tui.api import DataError, hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_data_error", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise DataError("\x1b[31mno rows\x1b[0m", hint=["not", "text", "\x1b[2J"])


@hookimpl
def register_detectors(register):
    register(Hostile)
