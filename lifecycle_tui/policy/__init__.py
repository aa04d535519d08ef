"""Expressions, rules, alerts, alarm budget as pure functions (floor 2)."""
