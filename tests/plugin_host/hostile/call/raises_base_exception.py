from lifecycle_tui.api import hookimpl


class Unheard(BaseException):
    pass


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_base_exception", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise Unheard("of")  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)
