"""What comes in and goes out over HTTP."""

from typing import Any

from rest_framework import serializers

from workouts.catalogue import catalogue
from workouts.exceptions import WorkoutError
from workouts.identity import GUEST, check_user_id
from workouts.models import WorkoutSession
from workouts.protocol import DEFAULT_EXERCISE


class FinishSerializer(serializers.Serializer[Any]):
    user_id = serializers.CharField(default=GUEST, trim_whitespace=False)
    exercise_type = serializers.CharField(default=DEFAULT_EXERCISE, trim_whitespace=False)

    def validate_user_id(self, text: str) -> str:
        try:
            return check_user_id(text)
        except WorkoutError as error:
            raise serializers.ValidationError(error.message) from None

    def validate_exercise_type(self, slug: str) -> str:
        """Take an exercise that was switched off too: what was counted can still be finished."""
        if catalogue.find(slug) is None:
            catalogue.refresh()
        if catalogue.find(slug) is None:
            raise serializers.ValidationError(f"{slug[:40]!r} is not an exercise; known: {', '.join(catalogue.active_slugs())}")
        return slug


class WorkoutSessionSerializer(serializers.ModelSerializer[WorkoutSession]):
    user_id = serializers.CharField(source="athlete_id")
    exercise_type = serializers.CharField(source="exercise_id")

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
        ]
        read_only_fields = fields
