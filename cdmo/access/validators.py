"""Password rules beside Django's own: length, common words and likeness stand in the settings."""

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError

from cdmo.access.models import Credential


class NotUsedBefore:
    """Refuse the password of today and the last `PASSWORD_HISTORY` before it."""

    def validate(self, password, user=None):
        if user is None or user.pk is None:
            return
        used = [user.password] if user.has_usable_password() else []
        credential = Credential.objects.filter(user=user).first()
        if credential is not None:
            used += credential.past
        if any(check_password(password, one) for one in used[: settings.PASSWORD_HISTORY + 1]):
            raise ValidationError(
                "You have used this password before. Choose another one.", code="password_used"
            )

    def get_help_text(self):
        return f"Not one of your last {settings.PASSWORD_HISTORY + 1} passwords."
