"""Users, by their roles."""
