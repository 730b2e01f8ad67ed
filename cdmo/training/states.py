"""What can demand a training, and how one is given."""

from django.db.models import TextChoices


class Task(TextChoices):
    ROLE = "role", "Role"
    METHOD = "method", "Method"
    MASTER = "master_batch_record", "Master batch record"


class How(TextChoices):
    READ = "read", "Read and understood"
    INSTRUCTED = "instructed", "Instructed"
    SHOWN = "shown", "Performed under supervision"
    ASSESSED = "assessed", "Assessed with a test"
