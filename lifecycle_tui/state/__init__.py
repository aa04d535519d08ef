"""SQLite in WAL mode: migrations, queries, change feed, audit (floor 2).

`database.State` opens it. Every other module holds the queries of a few tables: readers take a connection from
`state.read()`, writers the transaction of `state.write()`. Standard library only, apart from `migrate`'s child.
"""
