"""The conformance suite: what every plugin of a kind must do, as small named checks (`lifecycle plugins check`).

| module | holds |
|---|---|
| `base` | `Check`, the ways a check ends, `CheckResult` |
| `suite` | runs a plugin's checks in a plugin process, one guarded request each; for the command and `testing` |
| `inside` | the other end of that: one check, run beside the plugin |
| `bench` | what a check works with: objects of the plugin, made columns, the public API |
| `watching` | notes what a plugin writes, prints and connects to while a check runs |
| `common`, one module a kind | the checks |

A kind's module has `checks(info)`, which yields its checks in order and imports nothing heavy, as the program lists
them too. The checks see the program as a plugin does, through `lifecycle_tui.api`, which goes by name: it lies above.
"""
