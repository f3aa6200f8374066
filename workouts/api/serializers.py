"""The bodies of requests and answers."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from workouts.exceptions import WorkoutError
from workouts.fairness.sets import read_set_rows
from workouts.fairness.tempo import measure_session_pace
from workouts.identity.athlete_ids import check_user_id
from workouts.loads import MAX_LOAD_KG, round_load_kg
from workouts.models import MAX_NOTE_LENGTH, WorkoutSession
from workouts.sockets.catalogue import catalogue
from workouts.sockets.frames import DEFAULT_EXERCISE


class UserIdField(serializers.CharField):
    """The athlete's id, as the identity provider gives it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return check_user_id(super().to_internal_value(data))
        except WorkoutError as error:
            raise serializers.ValidationError(error.message) from None


class LoadField(serializers.Field[Any, Any, Any, Any]):
    """A load in kg: a JSON number, or its text in a form, which has nothing else."""

    def to_internal_value(self, data: Any) -> Decimal:
        kinds = (str,) if self.context["is_form"] else (int, float)
        try:
            if type(data) in kinds:  # a bool is an int, too
                return round_load_kg(data)
        except ValueError:
            pass
        raise serializers.ValidationError(
            f"This has to be a number over 0 and at most {MAX_LOAD_KG}; it is rounded to 0.01."
        )


class FinishSerializer(serializers.Serializer[Any]):
    user_id = UserIdField(default=None)
    exercise_type = serializers.CharField(default=DEFAULT_EXERCISE, trim_whitespace=False)
    load_kg = LoadField(default=None, allow_null=True)

    def validate_exercise_type(self, slug: str) -> str:
        # one that was switched off is fine: its counted reps can still be finished
        if catalogue.find(slug) is None:
            catalogue.refresh()
        if catalogue.find(slug) is None:
            raise serializers.ValidationError(
                f"{slug[:40]!r} is not an exercise; known: {', '.join(catalogue.active_slugs())}"
            )
        return slug


class WorkoutSessionSerializer(serializers.ModelSerializer[WorkoutSession]):
    user_id = serializers.CharField(source="athlete_id")
    exercise_type = serializers.CharField(source="exercise_id")
    review_note = serializers.CharField()
    load_kg = serializers.FloatField()

    class Meta:
        model = WorkoutSession
        fields = [
            "id",
            "user_id",
            "exercise_type",
            "total_reps",
            "created_at",
            "started_at",
            "finished_at",
            "session_id",
            "refused",
            "timeline_ms",
            "review_status",
            "review_note",
            "flags",
            "load_kg",
        ]
        read_only_fields = fields

    def to_representation(self, instance: WorkoutSession) -> dict[str, Any]:
        pace = measure_session_pace(instance.sets, instance.started_at, instance.finished_at)
        is_known = instance.sets is not None
        return super().to_representation(instance) | {
            "sets": [row._asdict() for row in read_set_rows(instance.sets)] if is_known else None,
            "reps_per_minute": pace.reps_per_minute,
            "work_ms": pace.work_ms,
            "rest_ms": pace.rest_ms,
        }


class ListedSessionSerializer(WorkoutSessionSerializer):
    class Meta(WorkoutSessionSerializer.Meta):
        fields = [name for name in WorkoutSessionSerializer.Meta.fields if name != "timeline_ms"]
        read_only_fields = fields


class AppealSerializer(serializers.Serializer[Any]):
    user_id = UserIdField(default=None)
    text = serializers.CharField(max_length=MAX_NOTE_LENGTH)
