from django.test import SimpleTestCase

from workouts.services.circuit_breaker import CircuitBreaker
from workouts.tests.support.processes import wait_until


class BreakerTests(SimpleTestCase):
    def test_it_lets_every_caller_try_while_the_service_works(self) -> None:
        breaker = CircuitBreaker(60)
        breaker.record(works=True)
        assert [breaker.allows() for _ in range(3)] == [True] * 3

    def test_it_lets_one_caller_try_at_a_time_after_a_failure(self) -> None:
        breaker = CircuitBreaker(0.05)
        breaker.record(works=False)
        assert not breaker.allows()
        wait_until(breaker.allows)
        assert not breaker.allows()

    def test_it_lets_every_caller_try_again_after_a_success(self) -> None:
        breaker = CircuitBreaker(60)
        breaker.record(works=False)
        assert not breaker.allows()
        breaker.record(works=True)
        assert breaker.allows()
        assert breaker.allows()
