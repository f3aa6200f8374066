"""Answers on their way to a client: long ones, iterators, and clients that read nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from django.utils import timezone, translation

# what the transport buffers anyway
SHORT_ANSWER_BYTES = 64 * 1024
# blocks of 64 KiB: all of our static files are read in one hop
BLOCKS_AHEAD = 16


def is_long_asgi_answer(response: Any) -> bool:
    """Return whether a reader that is slow would keep this answer, or its file, in memory."""
    if response.streaming:
        length = int(response.headers.get("Content-Length", 0))
        return not response.closed or length > SHORT_ANSWER_BYTES
    return len(response.content) > SHORT_ANSWER_BYTES


def read_asgi_answer_ahead(response: Any, executor: ThreadPoolExecutor) -> None:
    """Read the first blocks of a synchronous iterator; a thread reads the others as they are sent.

    If that was all, the response is closed.
    """
    blocks = iter(response)
    ahead = list(islice(blocks, BLOCKS_AHEAD))
    if len(ahead) < BLOCKS_AHEAD:
        response.close()
    response.streaming_content = iterate_asgi_answer_from_thread(ahead, blocks, executor)


def iterate_asgi_answer_from_thread(
    ahead: list[bytes], blocks: Iterator[bytes], executor: ThreadPoolExecutor
) -> AsyncIterator[bytes]:
    """Return an iterator over the blocks, read in the language and time zone of this thread."""
    # Django's own state belongs to one thread, and any of the executor's may be the next
    zone, language = timezone.get_current_timezone(), translation.get_language()

    def read() -> list[bytes]:
        with timezone.override(zone), translation.override(language):
            return list(islice(blocks, BLOCKS_AHEAD))

    async def iterate() -> AsyncIterator[bytes]:
        some = ahead
        while some:
            for block in some:
                yield block
            if len(some) < BLOCKS_AHEAD:
                return
            some = await asyncio.get_running_loop().run_in_executor(executor, read)

    return iterate()
