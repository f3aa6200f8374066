"""`manage.py version`."""

from django.test import SimpleTestCase

from senim import __version__
from workouts.tests.support.processes import run_manage


class VersionTests(SimpleTestCase):
    def test_it_prints_the_version_first_even_with_a_wrong_setting(self) -> None:
        done = run_manage("version", SENIM_WORKERS="two")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[0] == __version__
