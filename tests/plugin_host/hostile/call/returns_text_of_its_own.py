from lifecycle_tui.api import Measurement, hookimpl


class Text(str):
    def __len__(self):
        raise RuntimeError("no length")  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "returns_text_of_its_own", ("numeric",), "arrow"

    def measure(self, reference, window):
        return Measurement(1.0, message=Text("fine"))


@hookimpl
def register_detectors(register):
    register(Hostile)
