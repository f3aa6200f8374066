"""Made-up athletes, their teams and coaches."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Max

from workouts.models import Athlete, Team
from workouts.services.sign_ins import make_password_temporary

PREFIX = "seed-"
BATCH = 2000
IN_TWO = 20  # one in this many athletes is in two teams
# surnames that men and women share
KAZAKH = (
    (
        "Айгерим",
        "Асель",
        "Әсем",
        "Жанар",
        "Зарина",
        "Мадина",
        "Томирис",
        "Алихан",
        "Арман",
        "Бауыржан",
        "Данияр",
        "Ерлан",
        "Нұрлан",
        "Санжар",
    ),
    (
        "Абай",
        "Ахмет",
        "Бекзат",
        "Ермек",
        "Жандос",
        "Қанат",
        "Мұрат",
        "Оспан",
        "Сейіт",
        "Серік",
        "Тілеу",
        "Шоқан",
    ),
)
RUSSIAN = (
    (
        "Анна",
        "Екатерина",
        "Мария",
        "Ольга",
        "Светлана",
        "Алексей",
        "Дмитрий",
        "Иван",
        "Сергей",
        "Тимур",
    ),
    (
        "Бондаренко",
        "Шевченко",
        "Ким",
        "Пак",
        "Белых",
        "Седых",
        "Мороз",
        "Живаго",
        "Черных",
        "Долгих",
    ),
)
ENGLISH = (
    ("Alice", "Emma", "Grace", "Olivia", "Ruth", "Daniel", "Jack", "James", "Oliver", "Thomas"),
    ("Clark", "Davies", "Evans", "Hughes", "Morgan", "Parker", "Shaw", "Taylor", "Ward", "Wright"),
)
NAMES = (KAZAKH, KAZAKH, RUSSIAN, ENGLISH)
PLACES = (
    "Almaty",
    "Astana",
    "Shymkent",
    "Karaganda",
    "Aktobe",
    "Taraz",
    "Pavlodar",
    "Oskemen",
    "Semey",
    "Atyrau",
    "Kostanay",
    "Aktau",
)


@dataclass(frozen=True, slots=True)
class SeedPeople:
    """The athletes' user_ids, and each team's coach.

    The athlete at an index is in the team at index * teams // athletes.
    """

    athletes: list[str]
    coaches: list[int]

    def coach_of(self, index: int) -> int:
        """Return the id of an athlete's coach, by the athlete's index."""
        return self.coaches[index * len(self.coaches) // len(self.athletes)]


def first_free_seed_number() -> int:
    """Return the next athlete's number: a second run adds to the first."""
    last = Athlete.objects.filter(
        user_id__startswith=PREFIX, user_id__regex=rf"^{PREFIX}\d+$"
    ).aggregate(last=Max("user_id"))["last"]
    return int(last.removeprefix(PREFIX)) + 1 if last else 1


def make_up_athlete_name(rng: Random) -> str:
    first_names, last_names = rng.choice(NAMES)
    return f"{rng.choice(first_names)} {rng.choice(last_names)}"


@transaction.atomic
def make_up_people(
    *, athletes: int, teams: int, coach: str | None, since: datetime, rng: Random
) -> SeedPeople:
    """Make athletes and teams, each team with its own coach: `coach`, if given, for the first."""
    first = first_free_seed_number()
    rows = [
        Athlete(
            user_id=f"{PREFIX}{first + index:08d}",
            display_name=make_up_athlete_name(rng),
            created_at=since - timedelta(minutes=rng.randrange(43_200)),
        )
        for index in range(athletes)
    ]
    rows = Athlete.objects.bulk_create(rows, batch_size=BATCH)
    coaches = make_up_coaches(teams, coach, rng)
    number = (Team.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    made = Team.objects.bulk_create(
        [
            Team(name=f"{PLACES[index % len(PLACES)]} {number + index:04d}")
            for index in range(teams)
        ],
        batch_size=BATCH,
    )
    coached = [
        Team.coaches.through(team_id=team.pk, user_id=pk)
        for team, pk in zip(made, coaches, strict=True)
    ]
    Team.coaches.through.objects.bulk_create(coached, batch_size=BATCH)
    trained = [
        Team.athletes.through(team_id=made[team].pk, athlete_id=rows[athlete].pk)
        for athlete, team in make_up_memberships(athletes, teams)
    ]
    Team.athletes.through.objects.bulk_create(trained, batch_size=BATCH)
    return SeedPeople([row.user_id for row in rows], coaches)


def make_up_memberships(athletes: int, teams: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of an athlete's and a team's index."""
    for athlete in range(athletes):
        team = athlete * teams // athletes
        yield athlete, team
        if teams > 1 and athlete % IN_TWO == IN_TWO - 1:
            yield athlete, (team + 1) % teams


def make_named_coach(username: str) -> str | None:
    """Create a coach unless the user exists; return the password, to be changed at the log-in."""
    users = get_user_model().objects
    if users.filter(username=username).exists():
        return None
    password = secrets.token_urlsafe(12)
    make_password_temporary(users.create_user(username, password=password, is_staff=True))
    return password


def make_up_coaches(number: int, named: str | None, rng: Random) -> list[int]:
    """Return coaches' ids, the named one's first. The others are new, and have no password."""
    group, users = Group.objects.get(name="coaches"), get_user_model().objects
    first = (users.aggregate(last=Max("pk"))["last"] or 0) + 1
    made: list[User] = []
    if named is not None:
        made = [users.get(username=named)]
    new = [
        make_up_coach(f"{PREFIX}coach-{first + index:06d}", rng)
        for index in range(number - len(made))
    ]
    made += users.bulk_create(new, batch_size=BATCH)
    memberships = [group.user_set.through(group_id=group.pk, user_id=user.pk) for user in made]
    group.user_set.through.objects.bulk_create(memberships, batch_size=BATCH, ignore_conflicts=True)
    return [user.pk for user in made]


def make_up_coach(username: str, rng: Random) -> User:
    first_name, last_name = make_up_athlete_name(rng).split()
    return get_user_model()(
        username=username,
        first_name=first_name,
        last_name=last_name,
        is_staff=True,
        password=make_password(None),
    )
