"""The plot of a phone and a watch, from a few sets."""

import subprocess
import sys
from collections import defaultdict

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from bench.two_devices import LAG_SHARES, change_constants, plot_lags


class PlotTests(SimpleTestCase):
    def test_it_has_a_row_for_each_tempo_with_sets(self) -> None:
        exact = defaultdict(list, {(700, lag): [True, False] for lag in LAG_SHARES})
        (row,) = plot_lags(exact)[2:-1]
        assert row.split() == ["0.7", "to", "1.0", *["50"] * len(LAG_SHARES), "2"]

    def test_an_unknown_constant_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no SHARE"):
            change_constants(b"local LAG = 1 \n", {"SHARE": "2"})
        assert change_constants(b"local LAG = 1 -- x", {"LAG": "2"}) == b"local LAG = 2 -- x"


@pytest.mark.slow
class RunTests(SimpleTestCase):
    def test_a_few_sets_are_counted_exactly_where_the_devices_agree(self) -> None:
        command = [sys.executable, "-m", "bench.two_devices", "--limit", "3"]
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
        assert rows
        assert all(row[-7] == "100" for row in rows), done.stdout  # no lag
        assert "| half, lag learnt | 100 % |" in done.stdout
