from lifecycle_tui.api import hookimpl


class Odd(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Nameless(Exception, metaclass=Odd):
    pass


class Hostile:
    """Hostile."""

    name, kinds, takes = "raises_nameless", ("numeric",), "arrow"

    def measure(self, reference, window):
        raise Nameless  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)
