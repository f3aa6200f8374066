"""Made-up people: behaviours, player, replay, seeding. Used by commands and bench only."""
