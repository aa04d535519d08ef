import pyarrow as pa

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_a_table", ("numeric",), "arrow"

    def measure(self, reference, window):  # blame
        return pa.table({"x": list(range(1000))})


@hookimpl
def register_detectors(register):
    register(Hostile)
