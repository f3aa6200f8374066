"""What pages call a coach."""

from django.template import Library

from workouts.admin.coach_names import name_coach

register = Library()
register.filter(name_coach)
