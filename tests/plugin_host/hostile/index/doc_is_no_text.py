from lifecycle_tui.api import hookimpl


class Hostile:  # blame
    __doc__ = 17
    name, kinds, takes = "doc_is_no_text", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
