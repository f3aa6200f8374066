"""Frames in and out."""

import json

import pytest
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from workouts.exceptions import Code, WorkoutError
from workouts.sockets.frames import RepAck, decode_plain_frame, encode_frame

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
BAD = [
    ("", Code.INVALID_JSON),
    ("{", Code.INVALID_JSON),
    ("nonsense", Code.INVALID_JSON),
    ("null", Code.INVALID_MESSAGE),
    ("[]", Code.INVALID_MESSAGE),
    ("7", Code.INVALID_MESSAGE),
    ("true", Code.INVALID_MESSAGE),
    ('"x"', Code.INVALID_MESSAGE),
    ("{}", Code.INVALID_MESSAGE),
    ('{"type": "squat"}', Code.INVALID_MESSAGE),
    ('{"event": 3}', Code.INVALID_MESSAGE),
    ('{"event": null}', Code.INVALID_MESSAGE),
    ('{"event": "rep_detected", "type": 5}', Code.INVALID_MESSAGE),
    ('{"event": "rep_detected", "type": null}', Code.INVALID_MESSAGE),
    ('{"event": "nonsense"}', Code.UNKNOWN_EVENT),
    ('{"event": "REP_DETECTED"}', Code.UNKNOWN_EVENT),
    ("[" * 4000, Code.INVALID_MESSAGE),
    ('{"event":' * 400, Code.INVALID_MESSAGE),
]


class DecodeTests(SimpleTestCase):
    def test_it_reads_a_rep(self) -> None:
        assert decode_plain_frame('{"event": "rep_detected", "type": "push_up"}').type == "push_up"

    def test_a_rep_without_a_type_is_a_squat(self) -> None:
        assert decode_plain_frame('{"event": "rep_detected"}').type == "squat"

    def test_it_ignores_unknown_fields(self) -> None:
        assert (
            decode_plain_frame(
                '{"event": "rep_detected", "type": "dip", "seq": 1, "x": {"y": []}}'
            ).type
            == "dip"
        )

    def test_it_names_the_error(self) -> None:
        for text, code in BAD:
            with pytest.raises(WorkoutError) as caught:
                decode_plain_frame(text)
            assert caught.value.code == code, text
            assert caught.value.message

    def test_it_names_the_field(self) -> None:
        with pytest.raises(WorkoutError, match=r"\$\.type"):
            decode_plain_frame('{"event": "rep_detected", "type": [1]}')

    @given(st.text())
    def test_any_text_is_an_ordinary_error(self, text: str) -> None:
        with pytest.raises(WorkoutError):
            decode_plain_frame(text)

    @given(JSON)
    def test_any_json_is_an_ordinary_error(self, value: object) -> None:
        with pytest.raises(WorkoutError) as caught:
            decode_plain_frame(json.dumps(value))
        assert caught.value.code in (Code.INVALID_MESSAGE, Code.INVALID_JSON)


class EncodeTests(SimpleTestCase):
    def test_an_ack_has_the_fields_of_the_contract(self) -> None:
        frame = json.loads(encode_frame(RepAck("squat", "counted", 7)))
        assert frame == {"event": "rep_ack", "type": "squat", "status": "counted", "count": 7}

    def test_it_says_when_to_try_again(self) -> None:
        frame = json.loads(encode_frame(RepAck("squat", "debounced", 0, retry_after_ms=120)))
        assert frame == {
            "event": "rep_ack",
            "type": "squat",
            "status": "debounced",
            "count": 0,
            "retry_after_ms": 120,
        }
