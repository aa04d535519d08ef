from textual.app import App

from lifecycle_tui.api import hookimpl


class Screen(App):
    def on_mount(self):
        self.exit()


Screen().run()
raise RuntimeError("drawn over")  # blame


class Hostile:
    """Hostile."""

    name, kinds, takes = "runs_textual_at_import", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
