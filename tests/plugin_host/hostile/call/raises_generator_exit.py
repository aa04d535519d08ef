from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_generator_exit", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise GeneratorExit  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)
