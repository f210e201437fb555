"""manifest.json read strictly: what a run is made of, to be compared with what a command gives."""
from __future__ import annotations

from typing import Dict

from mr_kmeans.fields import Field, FieldError, parse_object


def check_manifest(content: Dict) -> None:
    """Refuse a manifest that cannot be compared.

    Raises
    ------
    FieldError
        When a field is missing or of another type.
    """
    field = Field(content)
    for one in field.get('inputs').items():
        if not isinstance(one.value, dict):
            raise one.fault('an object')
    field.get('features').names()
    if not isinstance(field.get('options').value, dict):
        raise field.get('options').fault('an object')
    try:
        parse_object(field.get('text_input').text().encode('utf-8', 'replace'))
    except FieldError as error:
        raise FieldError(f'text_input should be a JSON object as text ({error})') from None
