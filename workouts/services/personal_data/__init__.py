"""What Senim knows about people: one list of it, forgetting an athlete, and erasing old data."""
