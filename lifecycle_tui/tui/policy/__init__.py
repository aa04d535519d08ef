"""Editing a policy: the edit in memory, its checks in a child, fields, differences, the editor."""
