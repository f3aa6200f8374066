"""What most would write: FastAPI, redis.asyncio and SQLAlchemy, on uvicorn.

It debounces by SET NX, counts by INCR, and inserts a row at the finish. It has neither numbered
reps nor sessions, and nothing that it acknowledges is on disk. It is written to be fast as far as
it goes: uvloop, httptools, hiredis, asyncpg, and uvicorn's fastest WebSocket protocol, without
compression.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import BaseModel
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from sqlalchemy.types import DateTime

from bench.peers.listening import listen

DATABASE_URL = os.environ["PEER_DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:", 1)
DEBOUNCE_MS = 1  # the service's exercises have the same in a benchmark
POOL_SIZE = 16


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class WorkoutSession(Base):
    __tablename__ = "workout_sessions"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[str]
    exercise_type: Mapped[str]
    total_reps: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default_factory=lambda: datetime.now(UTC)
    )


class FinishRequest(BaseModel):
    user_id: str = "guest"
    exercise_type: str = "squat"


@asynccontextmanager
async def create_tables(app: FastAPI) -> AsyncIterator[None]:
    if DATABASE_URL:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=create_tables)
redis = Redis(
    unix_socket_path=os.environ["PEER_REDIS_SOCKET"],
    protocol=2,
    decode_responses=True,
    max_connections=1000,  # by default an error from the 101st client on
)
# without an address it only counts
engine = create_async_engine(DATABASE_URL or "postgresql+asyncpg://", pool_size=POOL_SIZE)
make_session = async_sessionmaker(engine, expire_on_commit=False)


@app.websocket("/ws/workout")
async def count_reps(socket: WebSocket, user_id: str = "guest") -> None:
    await socket.accept()
    try:
        while True:
            message = await socket.receive_json()
            exercise = message.get("type", "squat")
            key = f"{user_id}:{exercise}"
            if await redis.set(f"debounce:{key}", 1, nx=True, px=DEBOUNCE_MS):
                status, count = "counted", await redis.incr(f"count:{key}")
            else:
                status, count = "debounced", int(await redis.get(f"count:{key}") or 0)
            await socket.send_json(
                {"event": "rep_ack", "type": exercise, "status": status, "count": count}
            )
    except WebSocketDisconnect:
        pass


@app.post("/workout/finish")
async def finish_workout(finish: FinishRequest) -> dict[str, str | int]:
    total = await redis.getdel(f"count:{finish.user_id}:{finish.exercise_type}")
    if total is None:
        raise HTTPException(409, "there is nothing to finish")
    row = WorkoutSession(finish.user_id, finish.exercise_type, int(total))
    async with make_session.begin() as session:
        session.add(row)
    return {"status": "success", "workout_id": row.id}


def main() -> None:
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
    )
    uvicorn.Server(config).run([listen("The FastAPI peer")])


if __name__ == "__main__":
    main()
