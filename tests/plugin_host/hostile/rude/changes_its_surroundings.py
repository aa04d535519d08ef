import decimal
import gc
import locale
import os
import random
import sys
import warnings

import numpy as np

from lifecycle_tui.api import hookimpl


class Hostile:
    """Hostile."""

    name, kinds, takes = "changes_its_surroundings", ("numeric",), "arrow"

    def measure(self, reference, window):
        os.umask(0o777)
        os.environ.clear()
        os.environ["LIFECYCLE_FROM"] = "a plugin"
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        warnings.simplefilter("error")
        np.seterr(all="raise")
        decimal.getcontext().prec = 1
        gc.disable()
        random.seed(1)
        np.random.seed(1)
        sys.setswitchinterval(10)
        return 1.0


@hookimpl
def register_detectors(register):
    register(Hostile)
