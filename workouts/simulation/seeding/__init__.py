"""Made-up workouts in any number, for looking at pages with data and for measuring a million."""
