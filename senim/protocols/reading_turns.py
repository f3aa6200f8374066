"""Turns at reading, for the sockets that have sent more than their share.

A socket within its budget is read at once. One beyond it waits here, and gets a slice of its data
read whenever its turn comes. Turns take a millisecond, with as long a rest after each, so that
floods wait behind each other and never hold up an honest socket for longer.
"""

import asyncio
import time
import weakref
from collections import deque
from typing import Protocol

TURN_S = 0.001
# between two turns: floods get no more than half of a core, since Redis, the threads and the other
# workers need the machine as well
REST_S = 0.001


class SlowReader(Protocol):
    """A socket that takes turns."""

    def read_slice(self) -> bool:
        """Read a little of what is waiting, and return whether to come again."""

    def cut(self) -> None:
        """Drop the connection: its turn failed."""


class ReadingTurns:
    """Gives the sockets of one event loop their turns, one after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._readers: deque[SlowReader] = deque()

    @property
    def is_idle(self) -> bool:
        """Whether nobody is waiting for a turn."""
        return not self._readers

    def join(self, reader: SlowReader) -> None:
        """Queue a socket, which must not be queued already."""
        self._readers.append(reader)
        if len(self._readers) == 1:
            self._loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        readers = self._readers
        ends_at = time.monotonic() + TURN_S
        while readers:
            # it stays queued during its turn, so that nobody schedules a second one
            # one that fails must not end everybody's turns
            try:
                again = readers[0].read_slice()
            except Exception as error:
                again = False
                self._loop.call_exception_handler({"message": "a turn failed", "exception": error})
                readers[0].cut()
            if again:
                readers.rotate(-1)
            else:
                readers.popleft()
            if time.monotonic() >= ends_at:
                break
        if readers:
            self._loop.call_later(REST_S, self._take_turn)


_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, ReadingTurns] = (
    weakref.WeakKeyDictionary()
)


def get_reading_turns(loop: asyncio.AbstractEventLoop) -> ReadingTurns:
    """Return the event loop's turns."""
    turns = _turns.get(loop)
    if turns is None:
        turns = _turns[loop] = ReadingTurns(loop)
    return turns
