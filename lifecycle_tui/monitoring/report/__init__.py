"""The HTML report of a model: values in (`content`), one self-contained page out (`page.render`).

Nothing here reads state or files: `agent.reporting` gathers, `lifecycle report` writes.
"""
