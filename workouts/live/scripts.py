"""The Lua files below this folder, each one atomic operation, called by their SHA-1."""

import hashlib
from pathlib import Path
from typing import NamedTuple


class Script(NamedTuple):
    text: bytes
    sha: bytes


def load_script(*names: str) -> Script:
    """Return the script in `<name>.lua`, or in several files, one after the other."""
    folder = Path(__file__).parent
    text = b"".join((folder / f"{name}.lua").read_bytes() for name in names)
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


REP = load_script(*(f"counting/{part}" for part in ("verdicts", "device", "marks", "gates", "rep")))
HELLO = load_script("hello")
REFUSE = load_script("refuse")
STATUS = load_script("status")
SEAL = load_script("seal")
READ = load_script("read")
CLEAR = load_script("clear")
PARK = load_script("park")
