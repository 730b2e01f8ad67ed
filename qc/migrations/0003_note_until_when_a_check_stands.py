from datetime import UTC, datetime

from django.db import migrations, models

# Checks that were made before this column existed never looked for their end: overtaken from the
# start, each open batch is checked once more. (Their rows are final; a default writes none.)
LONG_PAST = datetime(2000, 1, 1, tzinfo=UTC)


class Migration(migrations.Migration):
    dependencies = [
        ("qc", "0002_index_the_orders_of_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="releasecheck",
            name="valid_until",
            field=models.DateTimeField(
                default=LONG_PAST,
                editable=False,
                help_text="From then on time alone may turn an answer; empty: it stands until a "
                "change.",
                null=True,
            ),
            preserve_default=False,
        ),
    ]
