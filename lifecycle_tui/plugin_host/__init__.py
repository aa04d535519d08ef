"""Discovery, index and guarded calls of plugins (floor 2)."""
