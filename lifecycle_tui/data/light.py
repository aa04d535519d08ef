"""Keeps pandas out of processes that do not need it.

`pyarrow.array` looks, on its first call, whether pandas is there, by importing it: 0.4 s of CPU before the first row.
Called at this room's entrances, before the first array is made.
"""

from __future__ import annotations

import sys
from typing import Any

_done = False


class _NoPandas:
    """An import finder that denies pandas."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


def keep_pandas_out() -> None:
    """Let pyarrow find out that there is no pandas. Its `to_pandas` still works: that looks once more by itself."""
    global _done
    if _done:
        return
    _done = True
    if "pandas" in sys.modules:
        return
    import numpy as np
    import pyarrow as pa

    finder: Any = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array(np.zeros(0))  # its Python half looks for pandas …
        pa.array([0.0])  # … and its C++ half does so by itself
    finally:
        sys.meta_path.remove(finder)
