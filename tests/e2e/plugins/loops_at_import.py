from lifecycle_tui.api import hookimpl

while True:  # here
    pass  # here


@hookimpl
def register_detectors(register):
    register()
