import subprocess

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "leaves_processes", ("numeric",), "arrow"

    def measure(self, reference, window):
        for _ in range(3):
            subprocess.Popen(["sleep", "86432"], start_new_session=True)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
