"""The Lua scripts in this folder: each is one atomic operation, called by its SHA-1."""

import hashlib
from pathlib import Path
from typing import NamedTuple


class LuaScript(NamedTuple):
    text: bytes
    sha: bytes


def load_lua_script(*names: str) -> LuaScript:
    """Return the script in `<name>.lua`, or in several files joined in this order."""
    folder = Path(__file__).parent
    text = b"".join((folder / f"{name}.lua").read_bytes() for name in names)
    return LuaScript(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


REP = load_lua_script(
    *(
        f"counting/{part}"
        for part in ("verdicts", "device", "marks", "gates", "times", "pairing", "rep")
    )
)
GREET = load_lua_script(*(f"greeting/{part}" for part in ("sessions", "devices", "greet")))
LAST_SEQ = load_lua_script("last_seq")
REFUSE = load_lua_script("refuse")
STATUS = load_lua_script("status")
SEAL = load_lua_script("counting/times", "seal")
READ = load_lua_script("read")
CLEAR = load_lua_script("clear")
PARK = load_lua_script("park")
FAILED_TRY = load_lua_script("failed_try")
