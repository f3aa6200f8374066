"""The application as a server's worker process runs it: it ends with the process that started it."""

import multiprocessing

from senim.embedded import die_with_parent_now

if multiprocessing.parent_process() is not None:
    die_with_parent_now()

from senim.asgi import application

__all__ = ["application"]
