"""Pure numbers: tests, intervals, metrics (floor 1). No SciPy on a hot path: importing it costs a second."""
