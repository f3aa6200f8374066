from django.test import SimpleTestCase

from workouts.services.circuit_breaker import CircuitBreaker
from workouts.tests.support.processes import wait_until


class BreakerTests(SimpleTestCase):
    def test_it_lets_all_through_while_the_part_works(self) -> None:
        breaker = CircuitBreaker(60)
        breaker.tell(works=True)
        assert [breaker.allows() for _ in range(3)] == [True] * 3

    def test_it_lets_one_through_at_a_time_after_a_failure(self) -> None:
        breaker = CircuitBreaker(0.05)
        breaker.tell(works=False)
        assert not breaker.allows()
        wait_until(breaker.allows)
        assert not breaker.allows()

    def test_it_lets_all_through_once_one_succeeded(self) -> None:
        breaker = CircuitBreaker(60)
        breaker.tell(works=False)
        assert not breaker.allows()
        breaker.tell(works=True)
        assert breaker.allows()
        assert breaker.allows()
