"""A digest notices each changed value, and nothing else."""

import json
import math

import pytest

from mr_kmeans.json_fields import FieldError
from mr_kmeans.run.digest import with_digest, without_digest

CONTENT = {'a': [1, 2.5, -0.1, 2**70, math.inf], 'b': {'ü': None, 'x': True}, 'c': 5e-324}


def test_the_layout_of_the_file_does_not_matter():
    text = json.dumps(with_digest(CONTENT), indent=3, ensure_ascii=False)
    assert without_digest(dict(reversed(json.loads(text).items()))) == CONTENT


@pytest.mark.parametrize(
    'change',
    [
        {'c': 1e-323},
        {'d': 1},
        {'b': {'ü': None, 'x': 1}},
        {'digest': None},
        {'a': [1, 2.5, -0.1, 2**70 + 1, math.inf]},
    ],
)
def test_another_value_is_noticed(change):
    with pytest.raises(FieldError, match="do not fit its 'digest'"):
        without_digest({**with_digest(CONTENT), **change})


def test_files_of_before_have_none():
    assert without_digest(CONTENT) == CONTENT
