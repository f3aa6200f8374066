"""The messages on the wire, as processes of another version read and send them."""

from typing import Any

import msgspec
import pytest
from django.test import SimpleTestCase

from workouts.events.messages import (
    Message,
    RepReport,
    RollCall,
    SessionNews,
    WallFinished,
    WallReport,
    WallWatch,
    decode_channel_message,
    encode_channel_message,
)

# what 0.1.0 sends, and reads
WIRE: list[tuple[Message, dict[str, Any]]] = [
    (
        SessionNews("ana", "squat", 3, "s1", 7, "socket"),
        {
            "type": "session.update",
            "user_id": "ana",
            "exercise_type": "squat",
            "reps": 3,
            "session_id": "s1",
            "workout_id": 7,
            "origin": "socket",
        },
    ),
    (
        SessionNews("ana", "squat", 3, "s1"),
        {
            "type": "session.update",
            "user_id": "ana",
            "exercise_type": "squat",
            "reps": 3,
            "session_id": "s1",
            "workout_id": None,
            "origin": "",
        },
    ),
    (
        WallWatch("channel", frozenset(["ana"]), fresh=True),
        {"type": "wall.watch", "channel": "channel", "user_ids": ["ana"], "fresh": True},
    ),
    (
        WallWatch("channel", None),
        {"type": "wall.watch", "channel": "channel", "user_ids": None, "fresh": False},
    ),
    (
        WallReport("phones", 2, [RepReport("ana", "squat", 3, 1000)], {"ben": False}),
        {
            "type": "wall.report",
            "source": "phones",
            "number": 2,
            "reps": [["ana", "squat", 3, 1000]],
            "moves": {"ben": False},
        },
    ),
    (
        WallReport("phones", 1, present=[]),
        {"type": "wall.report", "source": "phones", "number": 1, "present": []},
    ),
    (WallReport("phones", 3), {"type": "wall.report", "source": "phones", "number": 3}),
    (
        WallFinished("ana", "squat", 3, 4000),
        {
            "type": "wall.finished",
            "user_id": "ana",
            "exercise_type": "squat",
            "reps": 3,
            "at": 4000,
        },
    ),
    (RollCall(), {"type": "wall.roll_call"}),
]


class WireTests(SimpleTestCase):
    def test_each_message_looks_as_earlier_versions_read_it(self) -> None:
        for message, wire in WIRE:
            with self.subTest(type=wire["type"]):
                assert (
                    msgspec.json.decode(msgspec.json.encode(encode_channel_message(message)))
                    == wire
                )

    def test_each_message_of_an_earlier_version_is_read(self) -> None:
        for message, wire in WIRE:
            with self.subTest(type=wire["type"]):
                assert decode_channel_message(wire) == message

    def test_a_field_of_a_later_version_is_ignored(self) -> None:
        assert decode_channel_message({"type": "wall.roll_call", "weather": "sunny"}) == RollCall()

    def test_an_unknown_type_and_a_missing_field_are_refused(self) -> None:
        for wire in ({"type": "weather"}, {"type": "wall.finished", "user_id": "ana"}, {}):
            with self.subTest(wire=wire), pytest.raises(msgspec.ValidationError):
                decode_channel_message(wire)
