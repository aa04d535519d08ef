from lifecycle_tui.api import hookimpl


class Hostile:  # blame
    """Hostile."""

    name, kinds, takes = "has_a_property_for_a_method", ("numeric",), "arrow"

    @property
    def measure(self):
        raise AttributeError("not today")


@hookimpl
def register_detectors(register):
    register(Hostile)
