"""What a plugin imports. Everything here is public; names come lazily from the rooms below.

from lifecycle_tui.api import Measurement, hookimpl

class Shift:
    \"\"\"Difference of the medians.\"\"\"
    name, kinds, takes = "shift", ("numeric",), "profile"

    def measure(self, reference, window):
        return Measurement(window.quantile(0.5) - reference.quantile(0.5))

@hookimpl
def register_detectors(register):
    register(Shift)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle_tui.data.blocks import around as around
    from lifecycle_tui.data.blocks import block_named as block_named
    from lifecycle_tui.data.blocks import content_of as content_of
    from lifecycle_tui.data.blocks import find_blocks as find_blocks
    from lifecycle_tui.data.blocks import period_ends as period_ends
    from lifecycle_tui.data.blocks import period_of as period_of
    from lifecycle_tui.data.cells import FORMS as FORMS
    from lifecycle_tui.data.cells import Form as Form
    from lifecycle_tui.data.cells import arrow_type as arrow_type
    from lifecycle_tui.data.cells import as_batch as as_batch
    from lifecycle_tui.data.cells import common_type as common_type
    from lifecycle_tui.data.cells import form_of as form_of
    from lifecycle_tui.data.dialect import Dialect as Dialect
    from lifecycle_tui.data.dialect import open_text as open_text
    from lifecycle_tui.data.dialect import sniff_dialect as sniff_dialect
    from lifecycle_tui.data.files import find_fragments as find_fragments
    from lifecycle_tui.data.files import with_partitions as with_partitions
    from lifecycle_tui.data.light import scalar as scalar
    from lifecycle_tui.data.light import strings as strings
    from lifecycle_tui.data.stores import is_address as is_address
    from lifecycle_tui.data.stores import open_stored as open_stored
    from lifecycle_tui.data.values import NO_LABEL as NO_LABEL
    from lifecycle_tui.data.values import NO_NUMBER as NO_NUMBER
    from lifecycle_tui.data.values import as_labels as as_labels
    from lifecycle_tui.data.values import parse_numbers as parse_numbers
    from lifecycle_tui.data.values import text_labels as text_labels
    from lifecycle_tui.domain.delivery import Deployer as Deployer
    from lifecycle_tui.domain.delivery import FitRequest as FitRequest
    from lifecycle_tui.domain.delivery import FitResult as FitResult
    from lifecycle_tui.domain.delivery import Release as Release
    from lifecycle_tui.domain.delivery import Strategy as Strategy
    from lifecycle_tui.domain.errors import DataError as DataError
    from lifecycle_tui.domain.errors import NotDelivered as NotDelivered
    from lifecycle_tui.domain.errors import TrainingError as TrainingError
    from lifecycle_tui.domain.explaining import Explainer as Explainer
    from lifecycle_tui.domain.explaining import ExplainRequest as ExplainRequest
    from lifecycle_tui.domain.explaining import Explanation as Explanation
    from lifecycle_tui.domain.hookspecs import API_VERSION as API_VERSION
    from lifecycle_tui.domain.hookspecs import Register as Register
    from lifecycle_tui.domain.hookspecs import hookimpl as hookimpl
    from lifecycle_tui.domain.nearest import meant as meant
    from lifecycle_tui.domain.protocols import Batch as Batch
    from lifecycle_tui.domain.protocols import CellProblem as CellProblem
    from lifecycle_tui.domain.protocols import Detector as Detector
    from lifecycle_tui.domain.protocols import Fragment as Fragment
    from lifecycle_tui.domain.protocols import Message as Message
    from lifecycle_tui.domain.protocols import Metric as Metric
    from lifecycle_tui.domain.protocols import Notifier as Notifier
    from lifecycle_tui.domain.protocols import Outcomes as Outcomes
    from lifecycle_tui.domain.protocols import Source as Source
    from lifecycle_tui.domain.showing import Command as Command
    from lifecycle_tui.domain.showing import Panel as Panel
    from lifecycle_tui.domain.showing import Row as Row
    from lifecycle_tui.domain.showing import Scalar as Scalar
    from lifecycle_tui.domain.showing import Series as Series
    from lifecycle_tui.domain.signals import ColumnKind as ColumnKind
    from lifecycle_tui.domain.signals import Measurement as Measurement
    from lifecycle_tui.domain.signals import Signal as Signal
    from lifecycle_tui.domain.views import AlertEvent as AlertEvent
    from lifecycle_tui.domain.views import AlertView as AlertView
    from lifecycle_tui.domain.views import ModelView as ModelView
    from lifecycle_tui.domain.views import RolloutEvent as RolloutEvent
    from lifecycle_tui.domain.views import VersionEvent as VersionEvent
    from lifecycle_tui.domain.views import VersionView as VersionView
    from lifecycle_tui.domain.views import View as View
    from lifecycle_tui.domain.views import WindowView as WindowView
    from lifecycle_tui.profiles.categorical import CategoricalProfile as CategoricalProfile
    from lifecycle_tui.profiles.choose import choose_grid as choose_grid
    from lifecycle_tui.profiles.compare import chi2 as chi2
    from lifecycle_tui.profiles.compare import ks as ks
    from lifecycle_tui.profiles.compare import missing_test as missing_test
    from lifecycle_tui.profiles.compare import psi as psi
    from lifecycle_tui.profiles.compare import total_variation as total_variation
    from lifecycle_tui.profiles.compare import unseen as unseen
    from lifecycle_tui.profiles.distances import hellinger as hellinger
    from lifecycle_tui.profiles.distances import js as js
    from lifecycle_tui.profiles.distances import linf as linf
    from lifecycle_tui.profiles.distances import wasserstein as wasserstein
    from lifecycle_tui.profiles.grids import AffineGrid as AffineGrid
    from lifecycle_tui.profiles.grids import Grid as Grid
    from lifecycle_tui.profiles.grids import IntegerGrid as IntegerGrid
    from lifecycle_tui.profiles.grids import PointGrid as PointGrid
    from lifecycle_tui.profiles.numeric import Histogram as Histogram
    from lifecycle_tui.profiles.numeric import NumericProfile as NumericProfile
    from lifecycle_tui.profiles.peers import evidently_score as evidently_score
    from lifecycle_tui.profiles.peers import nannyml_score as nannyml_score
    from lifecycle_tui.profiles.points import as_codes as as_codes
    from lifecycle_tui.profiles.points import as_features as as_features
    from lifecycle_tui.profiles.points import as_filled as as_filled
    from lifecycle_tui.profiles.points import as_floats as as_floats
    from lifecycle_tui.profiles.points import as_points as as_points
    from lifecycle_tui.profiles.points import as_texts as as_texts
    from lifecycle_tui.profiles.profiler import Profiler as Profiler
    from lifecycle_tui.profiles.ranks import anderson as anderson
    from lifecycle_tui.profiles.ranks import beyond_range as beyond_range
    from lifecycle_tui.profiles.ranks import cvm as cvm
    from lifecycle_tui.profiles.streams import Watch as Watch
    from lifecycle_tui.profiles.streams import both_ways as both_ways
    from lifecycle_tui.profiles.streams import error_changes as error_changes
    from lifecycle_tui.profiles.streams import river as river
    from lifecycle_tui.profiles.streams import watched as watched
    from lifecycle_tui.profiles.text import TextCounts as TextCounts
    from lifecycle_tui.profiles.text_tests import characters as characters
    from lifecycle_tui.profiles.text_tests import tokens as tokens
    from lifecycle_tui.profiles.whole_rows import error_measurement as error_measurement
    from lifecycle_tui.profiles.whole_rows import kernel_measurement as kernel_measurement
    from lifecycle_tui.profiles.whole_rows import separation_measurement as separation_measurement
    from lifecycle_tui.stats.contingency import chi_square as chi_square
    from lifecycle_tui.stats.intervals import Estimate as Estimate
    from lifecycle_tui.stats.intervals import mean_estimate as mean_estimate
    from lifecycle_tui.stats.intervals import proportion as proportion
    from lifecycle_tui.stats.intervals import wilson as wilson
    from lifecycle_tui.stats.kernels import gaussian as gaussian
    from lifecycle_tui.stats.kernels import kernel_test as kernel_test
    from lifecycle_tui.stats.kernels import median_distance as median_distance
    from lifecycle_tui.stats.kernels import minus_distance as minus_distance
    from lifecycle_tui.stats.metrics_averages import average_precision as average_precision
    from lifecycle_tui.stats.metrics_averages import balanced_accuracy as balanced_accuracy
    from lifecycle_tui.stats.metrics_averages import macro_average_precision as macro_average_precision
    from lifecycle_tui.stats.metrics_averages import matthews as matthews
    from lifecycle_tui.stats.metrics_averages import micro as micro
    from lifecycle_tui.stats.metrics_averages import micro_roc_auc as micro_roc_auc
    from lifecycle_tui.stats.metrics_averages import specificity as specificity
    from lifecycle_tui.stats.metrics_averages import weighted_f1 as weighted_f1
    from lifecycle_tui.stats.metrics_averages import weighted_precision as weighted_precision
    from lifecycle_tui.stats.metrics_averages import weighted_recall as weighted_recall
    from lifecycle_tui.stats.metrics_averages import weighted_roc_auc as weighted_roc_auc
    from lifecycle_tui.stats.metrics_calibration import calibration_error as calibration_error
    from lifecycle_tui.stats.metrics_calibration import calibration_slope as calibration_slope
    from lifecycle_tui.stats.metrics_calibration import top_label_error as top_label_error
    from lifecycle_tui.stats.metrics_classes import accuracy as accuracy
    from lifecycle_tui.stats.metrics_classes import f1 as f1
    from lifecycle_tui.stats.metrics_classes import macro_f1 as macro_f1
    from lifecycle_tui.stats.metrics_classes import macro_precision as macro_precision
    from lifecycle_tui.stats.metrics_classes import macro_recall as macro_recall
    from lifecycle_tui.stats.metrics_classes import precision as precision
    from lifecycle_tui.stats.metrics_classes import recall as recall
    from lifecycle_tui.stats.metrics_ranking import click_through as click_through
    from lifecycle_tui.stats.metrics_ranking import hit_rate as hit_rate
    from lifecycle_tui.stats.metrics_ranking import mean_average_precision as mean_average_precision
    from lifecycle_tui.stats.metrics_ranking import ndcg as ndcg
    from lifecycle_tui.stats.metrics_regression import mae as mae
    from lifecycle_tui.stats.metrics_regression import mape as mape
    from lifecycle_tui.stats.metrics_regression import r2 as r2
    from lifecycle_tui.stats.metrics_regression import rmse as rmse
    from lifecycle_tui.stats.metrics_regression import rmsle as rmsle
    from lifecycle_tui.stats.metrics_scores import brier as brier
    from lifecycle_tui.stats.metrics_scores import log_loss as log_loss
    from lifecycle_tui.stats.metrics_scores import macro_roc_auc as macro_roc_auc
    from lifecycle_tui.stats.metrics_scores import multi_brier as multi_brier
    from lifecycle_tui.stats.metrics_scores import multi_log_loss as multi_log_loss
    from lifecycle_tui.stats.metrics_scores import roc_auc as roc_auc
    from lifecycle_tui.stats.metrics_value import matrix_value as matrix_value
    from lifecycle_tui.stats.multiple import holm as holm
    from lifecycle_tui.stats.placements import forward_folds as forward_folds
    from lifecycle_tui.stats.placements import separation as separation
    from lifecycle_tui.stats.reconstruction import components as components
    from lifecycle_tui.stats.two_sample import ks_pvalue as ks_pvalue
    from lifecycle_tui.stats.two_sample import two_proportions as two_proportions
    from lifecycle_tui.training.requests import continue_model as continue_model
    from lifecycle_tui.training.requests import dump_model as dump_model
    from lifecycle_tui.training.requests import fit_model as fit_model
    from lifecycle_tui.training.requests import learn_more as learn_more
    from lifecycle_tui.training.requests import load_model as load_model

_HOMES: dict[str, str] = {
    "Command": "domain.showing",
    "Panel": "domain.showing",
    "Row": "domain.showing",
    "Scalar": "domain.showing",
    "Series": "domain.showing",
    "AlertEvent": "domain.views",
    "AlertView": "domain.views",
    "ModelView": "domain.views",
    "RolloutEvent": "domain.views",
    "VersionEvent": "domain.views",
    "VersionView": "domain.views",
    "View": "domain.views",
    "WindowView": "domain.views",
    "Signal": "domain.signals",
    "API_VERSION": "domain.hookspecs",
    "Batch": "domain.protocols",
    "CellProblem": "domain.protocols",
    "ColumnKind": "domain.signals",
    "DataError": "domain.errors",
    "Deployer": "domain.delivery",
    "FitRequest": "domain.delivery",
    "FitResult": "domain.delivery",
    "Release": "domain.delivery",
    "Strategy": "domain.delivery",
    "TrainingError": "domain.errors",
    "as_codes": "profiles.points",
    "as_features": "profiles.points",
    "as_filled": "profiles.points",
    "as_floats": "profiles.points",
    "as_points": "profiles.points",
    "as_texts": "profiles.points",
    "error_measurement": "profiles.whole_rows",
    "kernel_measurement": "profiles.whole_rows",
    "separation_measurement": "profiles.whole_rows",
    "gaussian": "stats.kernels",
    "kernel_test": "stats.kernels",
    "median_distance": "stats.kernels",
    "minus_distance": "stats.kernels",
    "forward_folds": "stats.placements",
    "separation": "stats.placements",
    "components": "stats.reconstruction",
    "Watch": "profiles.streams",
    "both_ways": "profiles.streams",
    "river": "profiles.streams",
    "watched": "profiles.streams",
    "error_changes": "profiles.streams",
    "continue_model": "training.requests",
    "dump_model": "training.requests",
    "fit_model": "training.requests",
    "learn_more": "training.requests",
    "load_model": "training.requests",
    "Detector": "domain.protocols",
    "ExplainRequest": "domain.explaining",
    "Explainer": "domain.explaining",
    "Explanation": "domain.explaining",
    "Fragment": "domain.protocols",
    "Measurement": "domain.signals",
    "Message": "domain.protocols",
    "Metric": "domain.protocols",
    "NotDelivered": "domain.errors",
    "Notifier": "domain.protocols",
    "Outcomes": "domain.protocols",
    "Register": "domain.hookspecs",
    "Source": "domain.protocols",
    "NO_LABEL": "data.values",
    "NO_NUMBER": "data.values",
    "Dialect": "data.dialect",
    "FORMS": "data.cells",
    "Form": "data.cells",
    "arrow_type": "data.cells",
    "as_batch": "data.cells",
    "common_type": "data.cells",
    "as_labels": "data.values",
    "around": "data.blocks",
    "block_named": "data.blocks",
    "content_of": "data.blocks",
    "find_blocks": "data.blocks",
    "form_of": "data.cells",
    "period_ends": "data.blocks",
    "period_of": "data.blocks",
    "is_address": "data.stores",
    "meant": "domain.nearest",
    "open_stored": "data.stores",
    "find_fragments": "data.files",
    "open_text": "data.dialect",
    "scalar": "data.light",
    "sniff_dialect": "data.dialect",
    "strings": "data.light",
    "with_partitions": "data.files",
    "hookimpl": "domain.hookspecs",
    "parse_numbers": "data.values",
    "text_labels": "data.values",
    "wasserstein": "profiles.distances",
    "js": "profiles.distances",
    "hellinger": "profiles.distances",
    "linf": "profiles.distances",
    "cvm": "profiles.ranks",
    "anderson": "profiles.ranks",
    "beyond_range": "profiles.ranks",
    "characters": "profiles.text_tests",
    "tokens": "profiles.text_tests",
    "evidently_score": "profiles.peers",
    "nannyml_score": "profiles.peers",
    "TextCounts": "profiles.text",
    "Estimate": "stats.intervals",
    "average_precision": "stats.metrics_averages",
    "balanced_accuracy": "stats.metrics_averages",
    "macro_average_precision": "stats.metrics_averages",
    "matthews": "stats.metrics_averages",
    "micro": "stats.metrics_averages",
    "micro_roc_auc": "stats.metrics_averages",
    "specificity": "stats.metrics_averages",
    "weighted_f1": "stats.metrics_averages",
    "weighted_precision": "stats.metrics_averages",
    "weighted_recall": "stats.metrics_averages",
    "weighted_roc_auc": "stats.metrics_averages",
    "calibration_error": "stats.metrics_calibration",
    "calibration_slope": "stats.metrics_calibration",
    "top_label_error": "stats.metrics_calibration",
    "click_through": "stats.metrics_ranking",
    "hit_rate": "stats.metrics_ranking",
    "mean_average_precision": "stats.metrics_ranking",
    "ndcg": "stats.metrics_ranking",
    "rmsle": "stats.metrics_regression",
    "matrix_value": "stats.metrics_value",
    "accuracy": "stats.metrics_classes",
    "brier": "stats.metrics_scores",
    "f1": "stats.metrics_classes",
    "log_loss": "stats.metrics_scores",
    "macro_f1": "stats.metrics_classes",
    "macro_precision": "stats.metrics_classes",
    "macro_recall": "stats.metrics_classes",
    "macro_roc_auc": "stats.metrics_scores",
    "mae": "stats.metrics_regression",
    "mape": "stats.metrics_regression",
    "mean_estimate": "stats.intervals",
    "multi_brier": "stats.metrics_scores",
    "multi_log_loss": "stats.metrics_scores",
    "precision": "stats.metrics_classes",
    "proportion": "stats.intervals",
    "r2": "stats.metrics_regression",
    "recall": "stats.metrics_classes",
    "rmse": "stats.metrics_regression",
    "roc_auc": "stats.metrics_scores",
    "wilson": "stats.intervals",
    "AffineGrid": "profiles.grids",
    "CategoricalProfile": "profiles.categorical",
    "Grid": "profiles.grids",
    "Histogram": "profiles.numeric",
    "IntegerGrid": "profiles.grids",
    "NumericProfile": "profiles.numeric",
    "PointGrid": "profiles.grids",
    "Profiler": "profiles.profiler",
    "chi2": "profiles.compare",
    "choose_grid": "profiles.choose",
    "ks": "profiles.compare",
    "missing_test": "profiles.compare",
    "psi": "profiles.compare",
    "total_variation": "profiles.compare",
    "unseen": "profiles.compare",
    "chi_square": "stats.contingency",
    "holm": "stats.multiple",
    "ks_pvalue": "stats.two_sample",
    "two_proportions": "stats.two_sample",
}
"""Public name → the module below that defines it."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"lifecycle_tui.api has no {name!r}; it offers {', '.join(sorted(_HOMES))}")
    value = getattr(import_module(f"lifecycle_tui.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOMES)
