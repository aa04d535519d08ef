import a_library_that_nobody_has  # here

from lifecycle_tui.api import hookimpl


@hookimpl
def register_detectors(register):
    register(a_library_that_nobody_has.Detector)
