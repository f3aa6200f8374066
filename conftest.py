"""Loads what both test folders need, whichever of them is run."""

pytest_plugins = ["workouts.tests.plugin"]
