"""The frame that almost every message and answer is, read and written without `websockets`.

Its parser and serializer cost a third of a rep. This leans on some of their internals: `state`,
`current_size`, and where the parser is suspended. A test compares it with what they do themselves.
"""

from collections.abc import Generator
from typing import Any

from websockets.frames import apply_mask
from websockets.protocol import State
from websockets.streams import StreamReader

FINAL_TEXT = 0x81
MASKED = 0x80
SHORT = 126  # longer frames have a longer head
HEAD_BYTES = 6
MAX_TEXT_BYTES = 65_535  # of a frame with a head of 4 bytes
SHORT_HEADS = [bytes((FINAL_TEXT, length)) for length in range(SHORT)]
WAITS_FOR_FRAME = StreamReader.at_eof.__code__


def read_common_frame(data: bytes) -> bytes | None:
    """Return the text if the data is one whole, short, masked text frame, None if anything else.

    Only where a connection is_between_messages().
    """
    length = len(data) - HEAD_BYTES
    if 0 <= length < SHORT and data[0] == FINAL_TEXT and data[1] == MASKED | length:
        return apply_mask(data[HEAD_BYTES:], data[2:HEAD_BYTES])
    return None


def is_between_messages(conn: Any) -> bool:
    """Return whether a connection is open, and has read nothing of the next message yet."""
    return (
        conn.current_size is None  # otherwise in a fragmented message, where a text is an error
        and conn.state is State.OPEN
        and waits_for_frame(conn.parser)
    )


def waits_for_frame(parser: Generator[None, None, None]) -> bool:
    """Return whether the parser has read a whole frame and nothing of the next."""
    step: Any = parser
    while (inner := step.gi_yieldfrom) is not None:
        step = inner
    return step.gi_code is WAITS_FOR_FRAME


def build_text_frame(text: bytes) -> bytes:
    """Return an unmasked frame with a text of at most MAX_TEXT_BYTES."""
    length = len(text)
    if length < SHORT:
        return SHORT_HEADS[length] + text
    return b"%c%c%b%b" % (FINAL_TEXT, SHORT, length.to_bytes(2, "big"), text)
