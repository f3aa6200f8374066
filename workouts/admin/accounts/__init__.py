"""Signing in: the second factor, locks, passwords, and what happened."""
