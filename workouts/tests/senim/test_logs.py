"""What libraries log is limited to one line a second from each place."""

import logging

from django.test import SimpleTestCase

from senim.logs import LibraryLogFilter


def line(msg: object, lineno: int, **extra: int) -> logging.LogRecord:
    record = logging.LogRecord("library", logging.ERROR, "library.py", lineno, msg, (), None)
    vars(record).update(extra)
    return record


class LibraryLimitTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now_s = 100.0
        self.limit = LibraryLogFilter(clock=lambda: self.now_s)

    def test_it_lets_pass_one_line_a_second_from_each_place(self) -> None:
        passed = [self.limit.filter(line("Invalid HTTP request received.", 7)) for _ in range(3)]
        assert passed == [True, False, False]
        assert self.limit.filter(line("Exceeded concurrency limit.", 9))
        self.now_s += 1
        assert self.limit.filter(line("Invalid HTTP request received.", 7))

    def test_an_answer_of_500_is_logged_beside_those_of_503(self) -> None:
        answers = [
            self.limit.filter(line("%s: %s", 7, status_code=status)) for status in (503, 500, 503)
        ]
        assert answers == [True, True, False]

    def test_it_leaves_senims_own_events_alone(self) -> None:
        events = [self.limit.filter(line({"event": "sweep_finished"}, 7)) for _ in range(2)]
        assert events == [True, True]
