import subprocess

from lifecycle_tui.api import hookimpl

subprocess.Popen(["sleep", "86431"], start_new_session=True)


class Hostile:
    """Hostile."""

    name, kinds, takes = "leaves_children", ("numeric",), "arrow"

    def measure(self, reference, window):
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
