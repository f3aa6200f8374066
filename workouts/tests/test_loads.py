"""Which loads a session may have, and how they are rounded."""

from decimal import Decimal

import pytest
from django.test import SimpleTestCase

from workouts.loads import round_load_kg


class RoundTests(SimpleTestCase):
    def test_it_rounds_half_up_to_a_hundredth_of_a_kilogram(self) -> None:
        for number, rounded in (
            (62.5, "62.50"),
            (60, "60.00"),
            (0.005, "0.01"),
            (1.005, "1.01"),
            (2.675, "2.68"),
            (0.0149, "0.01"),
            (999.995, "1000.00"),
            (1000, "1000.00"),
            ("62.5", "62.50"),
        ):
            with self.subTest(number=number):
                assert str(round_load_kg(number)) == rounded

    def test_anything_else_is_refused(self) -> None:
        for number in (
            0,
            -1,
            0.0049,
            1000.001,
            1e300,
            float("nan"),
            float("inf"),
            "",
            "x",
            "1,5",
            "6_0",
            "٦",
        ):
            with self.subTest(number=number), pytest.raises(ValueError, match="at most 1000"):
                round_load_kg(number)

    def test_a_rounded_load_stays_the_same(self) -> None:
        assert round_load_kg(str(round_load_kg(2.675))) == Decimal("2.68")
