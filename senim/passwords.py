"""Password hashers that take turns."""

import threading
from typing import Any

from django.contrib.auth import hashers

# 19 MiB and a whole CPU for each hash: all log-ins of a process at once would take the reps' turn
one_at_a_time = threading.RLock()


class PasswordHasherInTurns:
    """One hash or check at a time in this process."""

    def encode(self, *arguments: Any, **options: Any) -> str:
        with one_at_a_time:
            encoded: str = super().encode(*arguments, **options)  # type: ignore[misc]
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        with one_at_a_time:
            is_right: bool = super().verify(password, encoded)  # type: ignore[misc]
        return is_right


class Argon2PasswordHasher(PasswordHasherInTurns, hashers.Argon2PasswordHasher):
    """Argon2id with the first of the parameters that OWASP's Password Storage Cheat Sheet names."""

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1


class PBKDF2PasswordHasher(PasswordHasherInTurns, hashers.PBKDF2PasswordHasher):
    """For hashes made before Argon2 was used; each is replaced at its user's next log-in."""
