"""Set this process's limits, then run a reader script in it: `python -I -B launcher.py SCRIPT
VENDOR FILENAME`.

The limits are set here, in the child's own code, and not in a `preexec_fn` of the parent: that runs
Python between fork and exec, where a thread of the worker may hold a lock for ever. Hard limits
cannot be raised again by an ordinary user, so what runs afterwards cannot undo them. Standard
library only: this file also runs in the second reader's environment.
"""

import resource
import runpy
import sys

GIGABYTE = 1024**3
# (which, soft, hard)
LIMITS = (
    (resource.RLIMIT_CORE, 0, 0),  # a core dump would hold a sponsor's data
    (resource.RLIMIT_FSIZE, 0, 0),  # no reader has any business writing a file
    (resource.RLIMIT_NOFILE, 64, 64),
    # A second between them: the soft limit ends the process with SIGXCPU, which tells the parent
    # why; the hard one with SIGKILL, which does not.
    (resource.RLIMIT_CPU, 30, 31),
    (resource.RLIMIT_AS, GIGABYTE, GIGABYTE),
)


def set_limits() -> None:
    """Lower each limit, never above what this process was given."""
    for which, soft, hard in LIMITS:
        _, given = resource.getrlimit(which)
        if given != resource.RLIM_INFINITY:
            soft, hard = min(soft, given), min(hard, given)
        resource.setrlimit(which, (soft, hard))


if __name__ == "__main__":
    set_limits()
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_path(script, run_name="__main__")
