from lifecycle_tui.api import hookimpl


@hookimpl
def register_detectors(register):
    pass
