"""Readers of instrument files, and the child processes they run in.

Nothing here runs in a web or worker process: `qc.instruments.sandbox` starts `launcher.py`, which
sets the limits and then runs `child.py` (native readers) or `allotropy_child.py` (the second
reader, in its own environment). Every native reader module has `read(data, *, filename) ->
ReadOutcome`.
"""
