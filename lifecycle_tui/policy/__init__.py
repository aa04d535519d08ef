"""Expressions, rules, alerts, alarm budget as pure functions (floor 2).

expressions  `compile_expression(text)` → `Expression`; `ExpressionError` with a place
catalog      `SignalCatalog`: which signals a model has, their ranges and units
checks       `check_expression(expression, catalog)` → problems
facts        what rules read: `WindowFacts`, `SignalFact`
rules        `compile_rule`, `decide`, `walk` → `Decisions`
alerts       health, acknowledging, how an alert changes state
budget       `window_alpha`, `judge`, `summary`: honest alarms
grouping     `plan_messages`: which notifier gets what, in one message

Nothing here reads a clock, a file or the state: values in, decisions out, so that the agent, the simulator and
the tests decide alike (DESIGN §3.4).
"""
