"""The memory allocator of the service's processes: glibc's, which can give memory back.

Python's own keeps every arena of 1 MiB that still has one object in it, which after a crowd of
sockets is most of them. From glibc, three quarters go back to the system. It costs a rep 2 to 3 %.
"""

import ctypes
import os
import platform
import sys

VARIABLE = "PYTHONMALLOC"
# every thread may otherwise have an arena of its own, which keeps what it does not use
ARENAS = {"MALLOC_ARENA_MAX": "2"}


def use_system_allocator() -> None:
    """Start this process again with glibc's allocator, unless VARIABLE names another.

    Python chooses its allocator before it runs anything. Processes that it starts inherit it.
    """
    if VARIABLE not in os.environ and platform.libc_ver()[0] == "glibc":
        os.environ.update({VARIABLE: "malloc"} | ARENAS)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (itself)


def give_memory_back() -> None:
    """Return what is free to the system, where glibc is the allocator (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
