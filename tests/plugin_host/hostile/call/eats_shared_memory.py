import mmap

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "eats_shared_memory", ("numeric",), "arrow"

    def measure(self, reference, window):
        hoard = mmap.mmap(-1, 4 << 30)
        for page in range(0, len(hoard), 4096):  # blame
            hoard[page] = 1  # blame
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
