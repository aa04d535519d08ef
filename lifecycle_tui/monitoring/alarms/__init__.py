"""Honest alarms: windows and their rolling sums against a reference whose windows vary (docs/statistics.md)."""
