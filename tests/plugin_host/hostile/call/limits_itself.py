import resource

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "limits_itself", ("numeric",), "arrow"

    def measure(self, reference, window):
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        open("/proc/self/stat")  # noqa: SIM115  # blame


@hookimpl
def register_detectors(register):
    register(Hostile)
