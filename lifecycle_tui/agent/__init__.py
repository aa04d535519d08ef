"""The loop, jobs and workers (floor 5): here data, training, policy and state meet."""
