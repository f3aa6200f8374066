"""The Lua scripts in this folder: each is one atomic operation, called by its SHA-1."""

import hashlib
from pathlib import Path
from typing import NamedTuple


class Script(NamedTuple):
    text: bytes
    sha: bytes


def load_script(*names: str) -> Script:
    """Return the script in `<name>.lua`, or in several files joined in this order."""
    folder = Path(__file__).parent
    text = b"".join((folder / f"{name}.lua").read_bytes() for name in names)
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


REP = load_script(*(f"counting/{part}" for part in ("verdicts", "device", "marks", "gates", "rep")))
LAST_SEQ = load_script("last_seq")
REFUSE = load_script("refuse")
STATUS = load_script("status")
SEAL = load_script("seal")
READ = load_script("read")
CLEAR = load_script("clear")
PARK = load_script("park")
