"""The Lua files beside this module, each one atomic operation, called by their SHA-1."""

import hashlib
from pathlib import Path
from typing import NamedTuple


class Script(NamedTuple):
    text: bytes
    sha: bytes


def load_script(name: str) -> Script:
    """Return the script in `<name>.lua`."""
    text = Path(__file__).with_name(f"{name}.lua").read_bytes()
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


REP = load_script("rep")
SEAL = load_script("seal")
READ = load_script("read")
CLEAR = load_script("clear")
