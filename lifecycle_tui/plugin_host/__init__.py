"""Discovery, index and guarded calls of plugins (floor 2).

What the rooms above use, each from its own module so that nothing is imported that a command does not need:

| module | holds |
|---|---|
| `catalog` | `PluginCatalog`: which plugins there are, their options, and objects made from them |
| `runner` | `Runner`: one further process in which team plugins are called, one guarded call at a time |
| `info` | `PluginInfo`, `OptionInfo`, `FaultInfo`: what the index knows without importing anything |
| `results` | `as_measurement`: what a detector or metric returned, checked |

Reading a cached index imports nothing heavier than json; pyarrow and numpy come in with the first call that needs them.
"""
