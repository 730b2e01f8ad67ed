"""Nothing is taken from a batch whose yield is not recorded."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("batches", "0003_withdraw_steps_of_drafts"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="consumption",
            name="within_stock",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="consumption",
            trigger=pgtrigger.compiler.Trigger(
                name="within_stock",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    DECLARE held numeric; used numeric;\n    BEGIN\n        IF NEW.cancelled_at IS NOT NULL THEN RETURN NEW; END IF;\n        IF NEW.lot_id IS NOT NULL THEN\n            SELECT l.quantity INTO held FROM batches_lot l WHERE l.id = NEW.lot_id FOR UPDATE;\n            SELECT SUM(c.quantity) INTO used FROM batches_consumption c\n            WHERE c.lot_id = NEW.lot_id AND c.cancelled_at IS NULL;\n        ELSE\n            SELECT b.yield_value INTO held FROM batches_batch b\n            WHERE b.id = NEW.source_batch_id FOR UPDATE;\n            SELECT SUM(c.quantity) INTO used FROM batches_consumption c\n            WHERE c.source_batch_id = NEW.source_batch_id AND c.cancelled_at IS NULL;\n        END IF;\n        IF held IS NULL THEN\n            RAISE EXCEPTION 'Nothing is taken from a batch whose yield is not recorded.'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_known_stock';\n        END IF;\n        IF NEW.quantity + COALESCE(used, 0) > held THEN\n            RAISE EXCEPTION 'More would be consumed than there is.'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_within_stock';\n        END IF;\n        RETURN NEW;\n    END;\n",
                    hash="0f17de2578f3c192e81f6657b3f2e5b898daf4cf",
                    operation="INSERT",
                    pgid="pgtrigger_within_stock_45b0d",
                    table="batches_consumption",
                    when="BEFORE",
                ),
            ),
        ),
    ]
