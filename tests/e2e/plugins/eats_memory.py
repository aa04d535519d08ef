from lifecycle_tui.api import hookimpl


class Broken:
    """Broken on purpose."""

    name, kinds, takes = "eats_memory", ("categorical",), "profile"

    def measure(self, reference, window):
        return float(len([bytearray(1 << 20) for _ in range(1 << 20)]))  # here


@hookimpl
def register_detectors(register):
    register(Broken)
