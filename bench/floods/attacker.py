"""The process that attacks: `python -m bench.floods.attacker URL KIND SECONDS`.

Prints what the clients got done, as JSON.
"""

import asyncio
import json
import sys
import time

from bench.floods.attack import Attack, attack_with
from bench.floods.kinds import KINDS


async def perform(url: str, kind: str, seconds: float) -> None:
    attack = Attack(url, time.monotonic() + seconds)
    await asyncio.gather(*(attack_with(attack, client, number) for client, number in KINDS[kind]))
    print(json.dumps(attack.done))


if __name__ == "__main__":
    asyncio.run(perform(sys.argv[1], sys.argv[2], float(sys.argv[3])))
