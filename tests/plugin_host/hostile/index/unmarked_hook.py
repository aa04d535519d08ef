class Hostile:
    """Hostile."""

    name, kinds, takes = "unmarked_hook", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


def register_detectors(register):  # blame
    register(Hostile)
