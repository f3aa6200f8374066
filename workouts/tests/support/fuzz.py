"""Random and mutated messages, and the frames that carry them, by a seed."""

import itertools
import json
import random
from collections.abc import Callable

from workouts.simulation.raw_socket import NOT_MASKED, Opcode, build_simulated_frame
from workouts.sockets.frames import MAX_MESSAGE_BYTES

SHORT_MASK_SHARE, BINARY_SHARE, FRAGMENTED_SHARE, CONTROL_SHARE = 0.05, 0.05, 0.25, 0.3
# JSON that a field may have instead of its own: at the edges of numbers, of text and of JSON
VALUES = [
    *("0", "-1", "1", "41", "-0", "1.5", "01", "+1", ".5", "1.", "0x10", "1e999", "0.1e-400"),
    *(str(2**53 - 1), str(2**53), str(2**63), "9" * 400, "-" + "9" * 30),
    *("NaN", "Infinity", "-Infinity", "null", "true", "false", "[]", "{}", "[1,]", "'a'"),
    *("[" * 200 + "]" * 200, '{"a":' * 150 + "1" + "}" * 150),
    *('""', '"squat"', '"SQUAT"', '" squat"', '"burpee"', '"squat\\u0000"', '"a\\nb"'),
    *(r'"\ud800"', r'"\udfff\ud800"', r'"\ud83d\ude00"', r'"\x41"', r'"\""', '"unterminated'),
    *('"{}:senim"', '"*"', '"../../etc"', '"%s%n"', '"=1+1"', '"<script>"', f'"{"x" * 3000}"'),
]
TEMPLATES: list[list[tuple[str, str]]] = [
    [("event", '"rep_detected"'), ("type", '"squat"')],
    [("event", '"rep_detected"'), ("type", '"squat"'), ("seq", "1"), ("at", "1763839200123")],
    [("event", '"hello"'), ("device", '"f3a9c1"'), ("now", "1763839200123")],
    [("event", '"finish"'), ("type", '"squat"'), ("load_kg", "62.5")],
    [("event", '"status"')],
    [("event", '"authenticate"'), ("token", '"x"')],
    [("event", '"welcome"')],
    [("event", '"session_update"')],
    [("type", '"squat"')],
]
FIELDS = ["x", "seq", "event", "type", "", "\0", "__proto__", "count", "user_id"]


class Fuzzer:
    """Makes messages and frames; the same seed makes the same ones."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.frames = 0

    def make_message(self) -> bytes:
        """Return a message of at most 4 KiB, hardly ever a good one."""
        make = self._choose(
            (self._make_bytes, 12),
            (self._make_text, 6),
            (self._make_value, 6),
            (self._make_changed, 46),
            (self._make_damaged, 26),
            (self._make_disguised, 4),
        )
        return make()[:MAX_MESSAGE_BYTES]

    def make_frames(self, message: bytes) -> bytes:
        """Return a message in a frame or in fragments, with control frames in between."""
        opcode = Opcode.BINARY if self._has(BINARY_SHARE) else Opcode.TEXT
        pieces = self._cut(message) if self._has(FRAGMENTED_SHARE) else [message]
        frames = []
        for number, piece in enumerate(pieces):
            frames.append(
                build_simulated_frame(
                    Opcode.CONTINUATION if number else opcode,
                    piece,
                    is_final=number == len(pieces) - 1,
                    mask=NOT_MASKED if self._has(SHORT_MASK_SHARE) else self.chance.randbytes(4),
                )
            )
            if len(pieces) > 1 and self._has(CONTROL_SHARE):
                frames.append(self._make_control())
        self.frames += len(frames)
        return b"".join(frames)

    def _cut(self, message: bytes) -> list[bytes]:
        number = self.chance.choice([2, 3, 5, 40])
        cuts = sorted(self.chance.randrange(len(message) + 1) for _ in range(number - 1))
        ends = [0, *cuts, len(message)]
        return [message[start:end] for start, end in itertools.pairwise(ends)]

    def _make_control(self) -> bytes:
        payload = self.chance.randbytes(self.chance.randrange(126))
        mask = self.chance.randbytes(4)
        return build_simulated_frame(
            self.chance.choice([Opcode.PING, Opcode.PONG]), payload, mask=mask
        )

    def _make_bytes(self) -> bytes:
        return self.chance.randbytes(self.chance.choice([0, 1, 2, 5, 20, 100, 1000, 4096]))

    def _make_text(self) -> bytes:
        planes = [range(32), range(32, 127), range(0x80, 0xD800), range(0x10000, 0x110000)]
        length = self.chance.randrange(1, 300)
        letters = (chr(self.chance.choice(self.chance.choice(planes))) for _ in range(length))
        return "".join(letters).encode()

    def _make_value(self) -> bytes:
        return self.chance.choice(VALUES).encode()

    def _make_good(self) -> bytes:
        return self._write(self.chance.choice(TEMPLATES))

    def _make_changed(self) -> bytes:
        """Return a message with other values, more fields, or its fields twice."""
        fields = list(self.chance.choice(TEMPLATES))
        for _ in range(self.chance.choice([0, 1, 1, 1, 2, 3])):
            number = self.chance.randrange(len(fields))
            fields[number] = (fields[number][0], self.chance.choice(VALUES))
        if self._has(0.2):
            fields.append((self.chance.choice(FIELDS), self.chance.choice(VALUES)))
        return self._write(fields * self.chance.choice([1, 1, 1, 1, 2]))

    def _make_damaged(self) -> bytes:
        """Return a message with bits flipped, and bytes inserted, deleted, doubled or cut off."""
        data = bytearray(self._make_good())
        for _ in range(self.chance.choice([1, 1, 2, 4, 8])):
            place, damage = self.chance.randrange(len(data) + 1), self.chance.randrange(5)
            if damage == 0 and place < len(data):
                data[place] ^= 1 << self.chance.randrange(8)
            elif damage == 1:
                data.insert(place, self.chance.randrange(256))
            elif damage == 2:
                del data[place : place + 1]
            elif damage == 3:
                data[place:place] = data[place : place + self.chance.randrange(20)]
            else:
                del data[place:]
        return bytes(data)

    def _make_disguised(self) -> bytes:
        """Return a good message behind a byte order mark, in UTF-16, twice, or in a comment."""
        good = self._make_good()
        return self.chance.choice(
            [
                b"\xef\xbb\xbf" + good,
                good.decode().encode("utf-16"),
                good + b"\0",
                b"/*a*/" + good,
                good + good,
                b" " * self.chance.randrange(3000) + good,
            ]
        )

    def _write(self, fields: list[tuple[str, str]]) -> bytes:
        space = self.chance.choice(["", " ", "\n", "\t"])
        pairs = (f"{space}{json.dumps(name)}:{space}{value}" for name, value in fields)
        return f"{{{','.join(pairs)}}}".encode()

    def _choose(self, *weights: tuple[Callable[[], bytes], int]) -> Callable[[], bytes]:
        makers, numbers = zip(*weights, strict=True)
        return self.chance.choices(makers, numbers)[0]  # type: ignore[no-any-return]

    def _has(self, share: float) -> bool:
        return self.chance.random() < share
