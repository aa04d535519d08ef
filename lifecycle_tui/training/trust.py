"""Which types an artefact may hold: our list by library version, and what the workspace adds. Used by `artefact`.

Nothing that a file says of itself widens the list. skops trusts scikit-learn's public estimators, NumPy's data types
and Python's containers by itself; the entries here are what fitted estimators hold beyond that, reviewed by hand: data
only, or functions of arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from lifecycle_tui.domain.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Types of a library that were looked at for its versions from `since` on and before `until`."""

    library: str
    since: tuple[int, ...]
    until: tuple[int, ...]
    types: tuple[str, ...]


_BOOSTING = "sklearn.ensemble._hist_gradient_boosting"
REVIEWED = (
    Reviewed(
        "scikit-learn",
        (1, 5),
        (2,),
        (
            f"{_BOOSTING}.predictor.TreePredictor",  # its nodes are checked by `guard`
            f"{_BOOSTING}.binning._BinMapper",
            "sklearn.tree._tree.Tree",  # likewise
            "sklearn.utils.validation.check_array",
            "sklearn.utils._bunch.Bunch",
            "sklearn.compose._column_transformer.make_column_selector",
            "sklearn.compose._column_transformer._RemainderColsList",
            "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
            "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
            "sklearn.calibration._CalibratedClassifier",
            "sklearn.calibration._SigmoidCalibration",
            "sklearn.metrics._dist_metrics.EuclideanDistance64",
            "sklearn.neighbors._kd_tree.KDTree",
            "sklearn.metrics._scorer._PassthroughScorer",
            "sklearn.model_selection._split.KFold",
            "sklearn.model_selection._split.StratifiedKFold",
            "sklearn.feature_selection._univariate_selection.f_classif",
            "sklearn.feature_selection._univariate_selection.f_regression",
            "sklearn.feature_selection._univariate_selection.chi2",
            *(f"sklearn._loss.loss.{name}" for name in ("HalfBinomialLoss", "HalfMultinomialLoss", "HalfSquaredError")),
            *(f"sklearn._loss.link.{name}" for name in ("IdentityLink", "Interval", "LogitLink", "MultinomialLogit")),
        ),
    ),
    Reviewed("numpy", (1, 25), (3,), ("numpy.dtype",)),
    # Harmless alone: the function inside must be trusted too.
    Reviewed("skops", (0, 11), (1,), ("functools.partial",)),
)

ROOTS = frozenset({"builtins", "collections", "functools", "numpy", "scipy", "sklearn", "datetime", "_loss"})
"""Packages that a type may come from at all, whatever skops says, unless the workspace trusts it."""
BUILTINS = frozenset(
    {
        "bool",
        "bytes",
        "bytearray",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "map",
        "NoneType",
        "object",
        "range",
        "set",
        "slice",
        "str",
        "tuple",
    }
)
"""What of `builtins` may be named."""


def trusted_types() -> frozenset[str]:
    """Our list for the libraries that are installed."""
    found: set[str] = set()
    for entry in REVIEWED:
        if entry.since <= _version(entry.library) < entry.until:
            found.update(entry.types)
    return frozenset(found)


def untrusted(names: Iterable[str], trust: tuple[str, ...]) -> list[str]:
    """Those of `names` that neither our list nor the workspace's `trust` holds, sorted."""
    ours = trusted_types()
    return sorted(name for name in set(names) if name not in ours and not declared(name, trust))


def out_of_bounds(names: Iterable[str], trust: tuple[str, ...]) -> list[str]:
    """Those that no artefact needs: of packages outside `ROOTS`, or of `builtins` what is not plain data."""
    found = []
    for name in set(names):
        root, _, rest = name.partition(".")
        inside = root in ROOTS and (root != "builtins" or rest in BUILTINS)
        if not inside and not declared(name, trust):
            found.append(name)
    return sorted(found)


def declared(name: str, trust: tuple[str, ...]) -> bool:
    """Whether the workspace trusts a type: by its exact import path, or by a prefix with `*` at its end.

    A prefix names a package of the team's own; none opens the standard library.
    """
    for pattern in trust:
        if pattern == name:
            return True
        prefix = pattern.removesuffix("*")
        own = "." in prefix and prefix.split(".")[0] not in sys.stdlib_module_names
        if prefix != pattern and own and name.startswith(prefix):
            return True
    return False


def refuse(names: list[str]) -> TrainingError:
    """The error for types that may not be loaded."""
    shown = ", ".join(name[:120] for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return TrainingError(
        f"the artefact holds types that are not trusted: {shown}",
        hint="if they are your own, declare them: [workspace] trust = [" + ", ".join(f'"{n}"' for n in names[:3]) + "]",
    )


def _version(library: str) -> tuple[int, ...]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        words = version(library).split(".")[:2]
        return tuple(int("".join(c for c in word if c.isdigit()) or 0) for word in words)
    except PackageNotFoundError:
        return ()
