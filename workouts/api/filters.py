"""The filters of the list of sessions."""

import django_filters
from django.core.validators import RegexValidator
from django.db.models import QuerySet

from workouts.api.authentication import get_caller
from workouts.identity.athlete_ids import USER_ID, USER_ID_RULE
from workouts.models import ReviewStatus, WorkoutSession, check_slug, kept_user_id_expression


class SessionFilterSet(django_filters.FilterSet):
    """`from` and `to` are ISO 8601 times: sessions saved at or after `from` and before `to`."""

    user_id = django_filters.CharFilter(
        method="filter_by_athlete", validators=[RegexValidator(USER_ID, USER_ID_RULE)]
    )
    exercise_type = django_filters.CharFilter(field_name="exercise_id", validators=[check_slug])
    review_status = django_filters.ChoiceFilter(choices=ReviewStatus.choices)
    # assigned by name, since "from" is a Python keyword
    locals()["from"] = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    locals()["to"] = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = WorkoutSession
        fields: list[str] = []

    def filter_by_athlete(
        self, sessions: QuerySet[WorkoutSession], _name: str, user_id: str
    ) -> QuerySet[WorkoutSession]:
        user_id = get_caller(self.request).resolve_user_id(user_id)
        return sessions.filter(athlete_id=kept_user_id_expression(user_id))
