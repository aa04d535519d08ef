"""The loop, jobs and workers (floor 5): here data, training, policy and state meet.

- here: the agent, its lease and rounds; a turn of the loop, its facts; the simulated clock and replay.
- `workers`: the processes that do jobs, and who starts, watches and ends them.
- `work`: what jobs do: observe, make versions, judge, deploy, notify.
"""
