"""Adding an athlete: a name is enough, and the link for their phone comes next."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workouts.admin.invitations.name_field import NameField
from workouts.models import Athlete, Team, may_see_all_athletes
from workouts.services.invitations import add_athlete


class AthleteAddForm(forms.ModelForm):
    """`coach` is who fills it in: the athlete joins one of their teams."""

    coach: ClassVar[Any]
    display_name = NameField(label=gettext_lazy("Name"), required=False)
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Team"))

    class Meta:
        model = Athlete
        fields = ("display_name", "team", "user_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.queryset = Team.objects.visible_to(self.coach)
        team.required = not may_see_all_athletes(self.coach)
        own = [*Team.objects.filter(coaches=self.coach)[:2]]
        if len(own) == 1:
            team.initial = own[0]
        if not team.required:
            team.empty_label = _("no team")
        elif not own:
            team.help_text = _("You have no team yet. Ask a head coach for one.")
        if "user_id" not in self.fields:  # nothing else names the athlete
            self.fields["display_name"].required = True
            self.fields["display_name"].error_messages["required"] = _("Enter a name.")
        else:
            self.fields["user_id"].required = False
            self.fields["user_id"].help_text = _(
                "Only if another program knows the athlete by one. It is made from the name"
                " otherwise."
            )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and not given.get("display_name") and not given.get("user_id"):
            self.add_error("user_id", _("Enter a name."))
        return given

    def add(self, athlete: Athlete) -> None:
        """Save the athlete, in the chosen team. Errors as for add_athlete()."""
        team = self.cleaned_data["team"]
        if athlete.user_id:
            athlete.save()
            if team is not None:
                team.athletes.add(athlete)
        else:
            made = add_athlete(name=athlete.display_name, by=self.coach, team=team)
            athlete.pk, athlete.user_id = made.pk, made.user_id
            athlete.display_name = made.display_name
