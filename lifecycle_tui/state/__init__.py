"""SQLite in WAL mode: migrations, queries, change feed, audit (floor 2)."""
