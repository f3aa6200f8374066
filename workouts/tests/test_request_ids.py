from django.test import SimpleTestCase
from structlog.contextvars import bound_contextvars

from workouts.request_ids import choose_request_id, current_request_id, request_id_headers

MADE_UP_LENGTH = 32


class RequestIdTests(SimpleTestCase):
    def test_it_takes_over_a_well_formed_id(self) -> None:
        for given in (b"a", b"A-1_b.2", b"x" * 64):
            assert choose_request_id([(b"x-request-id", given)]) == given.decode()

    def test_it_makes_one_up_for_a_missing_or_malformed_id(self) -> None:
        wrong = (b"", b"x" * 65, b"a b", b"a\n", b"a\nb", "ä".encode(), b'"', b"\xff")
        for headers in ([], *([(b"x-request-id", given)] for given in wrong)):
            made_up = {choose_request_id(headers) for _ in range(2)}
            assert [len(each) for each in made_up] == [MADE_UP_LENGTH] * 2, headers

    def test_it_is_known_inside_of_a_request_alone(self) -> None:
        assert (current_request_id(), request_id_headers()) == ("", [])
        with bound_contextvars(request_id="r1"):
            assert current_request_id() == "r1"
            assert request_id_headers() == [(b"x-request-id", b"r1")]
        assert current_request_id() == ""
