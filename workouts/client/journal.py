"""The client's journal: reps and finishes, in the order they were made."""

import asyncio
from dataclasses import dataclass

from workouts.client.frames import Finished


@dataclass(slots=True, eq=False)
class Rep:
    """A repetition.

    `status` is the latest verdict: None while there is none, an error code if the server does not
    accept the rep, "settled" if the ack was lost and only `last_seq` shows that there was one, and
    "other_device" if another device of the athlete has counted it.
    `counted` stays true once the rep has counted, in session `session_id`. `seq` may change until
    the rep is sent.
    """

    exercise: str
    seq: int
    at_ms: int
    status: str | None = None
    counted: bool = False
    session_id: str | None = None
    sent: bool = False


@dataclass(slots=True, eq=False)
class Finish:
    exercise: str
    answer: asyncio.Future[Finished]
    load_kg: float | None = None
    sent: bool = False


class ClientJournal:
    """The entries before `position` were sent on this connection.

    The position passes a finish only once it is answered.
    """

    def __init__(self, first_seq: int) -> None:
        self.entries: list[Rep | Finish] = []
        self.position = 0
        self.seq = first_seq - 1

    def reps(self) -> list[Rep]:
        return [entry for entry in self.entries if isinstance(entry, Rep)]

    def finishes(self) -> list[Finish]:
        return [entry for entry in self.entries if isinstance(entry, Finish)]

    def is_settled(self) -> bool:
        return all(
            isinstance(entry, Rep) and entry.status is not None for entry in reversed(self.entries)
        )

    def add_rep(self, exercise: str, at_ms: int) -> Rep:
        self.seq += 1
        rep = Rep(exercise, self.seq, at_ms)
        self.entries.append(rep)
        return rep

    def add_finish(
        self, exercise: str, answer: asyncio.Future[Finished], load_kg: float | None
    ) -> Finish:
        finish = Finish(exercise, answer, load_kg)
        self.entries.append(finish)
        return finish

    def next_entry(self) -> Rep | Finish | None:
        return self.entries[self.position] if self.position < len(self.entries) else None

    def rewind(self, last_seq: int) -> list[Rep]:
        """Go back to the first rep above `last_seq`, and return those before it with no verdict."""
        self._number_above(last_seq)
        above = (
            i
            for i, entry in enumerate(self.entries)
            if isinstance(entry, Finish) or entry.seq > last_seq
        )
        self.position = next(above, len(self.entries))
        return [
            rep
            for rep in self.entries[: self.position]
            if isinstance(rep, Rep) and rep.status is None
        ]

    def _number_above(self, last_seq: int) -> None:
        unsent = [rep for rep in self.reps() if not rep.sent]
        if unsent and unsent[0].seq <= last_seq:
            # an earlier run of this device used these numbers, with its clock ahead: the server
            # would mistake the new reps for those
            for seq, rep in enumerate(unsent, start=last_seq + 1):
                rep.seq = seq
        self.seq = max(self.seq, last_seq, *(rep.seq for rep in unsent[-1:]))

    def complete(self, finish: Finish) -> None:
        """Remove the finish at the position, now answered, and the reps that it saved."""
        kept = [
            entry for entry in self.entries[: self.position] if entry.exercise != finish.exercise
        ]
        self.entries[: self.position + 1] = kept
        self.position = len(kept)

    def withdraw(self, finish: Finish) -> None:
        """Remove a finish that nobody waits for, unless it was sent: then it is carried through."""
        if not finish.sent and finish in self.entries:
            self.entries.remove(finish)

    def refuse(self, rep: Rep) -> None:
        """Remove a rep that the server does not accept."""
        if rep in self.entries:  # unless a finish by someone else removed it meanwhile
            self.entries.remove(rep)
            self.position -= 1

    def drop_unsent(self, exercise: str) -> list[Rep]:
        """Remove an exercise's reps that are still to be sent, and return them."""
        unsent = self.entries[self.position :]
        dropped = [
            entry for entry in unsent if isinstance(entry, Rep) and entry.exercise == exercise
        ]
        self.entries[self.position :] = [entry for entry in unsent if entry not in dropped]
        return dropped

    def forget(self, session_id: str) -> None:
        """Remove the reps of a session that someone else finished."""
        kept = [
            entry
            for entry in self.entries[: self.position]
            if isinstance(entry, Finish) or entry.session_id != session_id
        ]
        self.entries[: self.position] = kept
        self.position = len(kept)
