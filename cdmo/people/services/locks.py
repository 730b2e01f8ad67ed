"""What a change of accounts holds while it judges."""

from cdmo.accounts.models import Appointment, User
from cdmo.accounts.roles import Role
from cdmo.people.gather import administrators


def lock_person(person) -> User:
    """Hold one account's row: it guards the person's appointments and tokens."""
    return (
        User.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=person.pk)
    )


def other_administrators(person, at) -> int:
    """Return how many administrators there are beside this one, and hold them all.

    Two administrators who close each other's account at once both wait here: one is told.
    """
    held = Appointment.objects.filter(role=Role.ADMIN).values("user_id")
    list(User.objects.select_for_update().filter(pk__in=held).order_by("pk"))
    return administrators(at).exclude(pk=person.pk).count()
