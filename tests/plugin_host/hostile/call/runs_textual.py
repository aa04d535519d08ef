from textual.app import App

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "runs_textual", ("numeric",), "arrow"

    def measure(self, reference, window):
        class Screen(App):
            pass

        Screen().run()  # blame
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
