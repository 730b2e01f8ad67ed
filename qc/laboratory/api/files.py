"""REST: readings of an instrument file confirmed into results.

The file itself belongs to the instruments' room, which stands below this one and knows no samples.
"""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cdmo.api.serializers import Input, ReasonField
from cdmo.api.views import verb
from qc.instruments.api import InstrumentFileViewSet
from qc.laboratory import services
from qc.laboratory.api.results import ResultSerializer, ResultViewSet
from qc.laboratory.models import Result

SHAPE = (
    "Name the readings: an object of measurement to {{sample, test}}, or a list of "
    "{{measurement, sample, test}}."
)
TARGET = {
    "type": "object",
    "required": ["sample", "test"],
    "properties": {"sample": {"type": "string"}, "test": {"type": "string"}},
}
NAMED_TARGET = {
    "type": "object",
    "required": ["measurement", "sample", "test"],
    "properties": {"measurement": {"type": "integer"}, **TARGET["properties"]},
}


@extend_schema_field(
    {
        "oneOf": [
            {"type": "object", "additionalProperties": TARGET},
            {"type": "array", "items": NAMED_TARGET},
        ]
    }
)
class MappingField(serializers.Field):
    """{measurement: {sample, test}}, or a list of {measurement, sample, test}.

    Read into {measurement id: (sample number, test)}.
    """

    default_error_messages = {
        "shape": SHAPE,
        "entry": "Measurement {name}: give its sample and its test.",
        "key": "{name} is not the number of a measurement.",
        "twice": "Measurement {name} is named twice.",
        "many": "Confirm at most 2000 measurements at once.",
    }

    def to_internal_value(self, data):
        if isinstance(data, dict):
            pairs = list(data.items())
        elif isinstance(data, list) and all(isinstance(item, dict) for item in data):
            pairs = [
                (item.get("measurement"), {k: v for k, v in item.items() if k != "measurement"})
                for item in data
            ]
        else:
            self.fail("shape")
        if len(pairs) > 2000:
            self.fail("many")
        found = {}
        for key, target in pairs:
            pk = self.id_of(key)
            if pk in found:
                self.fail("twice", name=pk)
            found[pk] = self.target_of(pk, target)
        return found

    def id_of(self, key) -> int:
        text = str(key) if isinstance(key, (str, int)) and not isinstance(key, bool) else ""
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            self.fail("key", name=str(key)[:40])
        return int(text)

    def target_of(self, pk, target) -> tuple[str, str]:
        if not isinstance(target, dict) or set(target) != {"sample", "test"}:
            self.fail("entry", name=pk)
        sample, test = target["sample"], target["test"]
        if not all(isinstance(text, str) and 0 < len(text) <= 120 for text in (sample, test)):
            self.fail("entry", name=pk)
        return sample, test

    def to_representation(self, value):
        return value


class ConfirmInput(Input):
    map = MappingField(help_text="{measurement: {sample, test}}")
    reason = ReasonField(help_text="Why flagged readings are confirmed all the same.")

    def to_internal_value(self, data):
        # The mapping itself as the body is understood too: its names are numbers, never fields.
        if isinstance(data, dict) and "map" not in data:
            readings = {name: target for name, target in data.items() if str(name).isdigit()}
            others = {name: value for name, value in data.items() if name not in readings}
            data = {"map": readings, **others} if readings else data
        return super().to_internal_value(data)


class ConfirmableFileViewSet(InstrumentFileViewSet):
    """Instrument files, whose readings an analyst confirms into draft results."""

    def body_of_verb(self) -> dict:
        """A list as the whole body is the mapping: it can hold no other field."""
        body = self.request.data
        return {"map": body} if self.action == "confirm" and isinstance(body, list) else body

    @verb(input=ConfirmInput)
    def confirm(self, record, *, data, by, at):
        made = services.confirm_measurements(
            file=record, mapping=data["map"], reason=data["reason"], by=by, at=at
        )
        rows = Result.objects.filter(pk__in=[r.pk for r in made]).select_related(
            *ResultViewSet.select, *ResultViewSet.staff_select
        )
        results = ResultSerializer(rows.order_by("pk"), many=True).data
        return {**self.represent(self.fresh(record)), "results": results}
