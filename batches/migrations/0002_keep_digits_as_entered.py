"""Yields and limits keep the digits they were entered with: 10.50 is no longer told as 10.5.

Rows from before lose the zeros that their column had added. That is no change of a record: the
values are equal, and the audit trail compares them as numbers.
"""

from django.db import migrations, models

import batches.materials.models

COLUMNS = {
    "batches_masterbatchrecord": ("yield_lower", "yield_upper"),
    "batches_masterstep": ("lower", "upper"),
    "batches_batch": ("yield_value",),
    "batches_batchstep": ("lower", "upper"),
}

BOUNDED = {
    "masterbatchrecord": ("batches_master_yield_bounds", ("yield_lower", "yield_upper")),
    "masterstep": ("batches_masterstep_bounds", ("lower", "upper")),
    "batch": ("batches_batch_yield_bounds", ("yield_value",)),
    "batchstep": ("batches_batchstep_bounds", ("lower", "upper")),
}


def altered(table, wanted):
    changes = ", ".join(
        f"ALTER COLUMN {column} TYPE {wanted.format(column=column)}" for column in COLUMNS[table]
    )
    return f"ALTER TABLE {table} {changes}"


def bounds(fields):
    limits = [((f"{field}__gt", -(10**14)), (f"{field}__lt", 10**14)) for field in fields]
    return models.Q(*(limit for pair in limits for limit in pair))


class Migration(migrations.Migration):
    dependencies = [("batches", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # Rewrites each table once; an UPDATE would be logged as a change of every record.
                migrations.RunSQL(
                    altered(table, "numeric USING trim_scale({column})"),
                    altered(table, "numeric(20, 6)"),
                )
                for table in COLUMNS
            ],
            state_operations=[
                migrations.AlterField(
                    model_name=model,
                    name=name,
                    field=batches.materials.models.QuantityField(
                        blank=blank, decimal_places=6, max_digits=20, null=True
                    ),
                )
                for model, blank, names in (
                    ("masterbatchrecord", True, ("yield_lower", "yield_upper")),
                    ("masterstep", True, ("lower", "upper")),
                    ("batch", True, ("yield_value",)),
                    ("batchstep", False, ("lower", "upper")),
                )
                for name in names
            ],
        ),
        *(
            migrations.AddConstraint(
                model_name=model,
                constraint=models.CheckConstraint(name=name, condition=bounds(fields)),
            )
            for model, (name, fields) in BOUNDED.items()
        ),
    ]
