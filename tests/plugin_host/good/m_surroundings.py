import decimal
import gc
import locale
import os
import signal
import sys
import threading
import warnings

import numpy as np

from lifecycle_tui.api import Measurement, hookimpl


def surroundings():
    """What a plugin may rely on, and another may have moved."""
    umask = os.umask(0)
    os.umask(umask)
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("heard", stacklevel=1)
    return {
        "umask": umask,
        "environ": dict(os.environ),
        "cwd": os.getcwd(),
        "path": list(sys.path),
        "locale": locale.setlocale(locale.LC_ALL),
        "decimal": str(decimal.Decimal(1) / 3),
        "collecting": gc.isenabled(),
        "depth": sys.getrecursionlimit(),
        "interval": sys.getswitchinterval(),
        "numpy": np.geterr(),
        "handlers": [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)],
        "hooks": [sys.excepthook, threading.excepthook],
        "warned": len(caught),
    }


FIRST = surroundings()


class Mean:
    """Mean of the window, by NumPy, and whether everything is as it was when the file was imported."""

    name, kinds, takes = "m_surroundings", ("numeric",), "arrow"

    def measure(self, reference, window):
        values = np.asarray([value for value in window.to_pylist() if value is not None])
        print("a line")
        return Measurement(float(np.mean(values)), n=len(window), detail={"as it was": surroundings() == FIRST})


@hookimpl
def register_detectors(register):
    register(Mean)
