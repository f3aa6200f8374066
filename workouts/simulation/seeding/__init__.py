"""Made-up workouts, as many as are asked for: how the service behaves with a million, and what its pages look like with data."""
