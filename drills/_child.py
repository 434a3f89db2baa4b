"""The start of a child process: request from the kernel to end it with its parent, then execute the real program.

Run as `python -I -S _child.py PARENT_PID SIGNAL ARGV...`, never imported. PR_SET_PDEATHSIG has to be set by the
child itself. Doing that in a `preexec_fn` would run Python between fork and exec, which can deadlock when the parent
has threads and keeps CPython from using vfork; a separate program has neither problem, and the setting survives exec.
If the parent ended before the setting, the kernel sends nothing, so the parent is checked after it.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """End this process with its parent, and execute the rest of the command line."""
    parent, signal_number, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        sys.exit(f"prctl(PR_SET_PDEATHSIG): {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit("the parent has ended already")
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # becoming the program is what this file is for
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main()
