"""What a run is made of, compared with what a command gives: the difference in words."""

import copy
import json
import time

import pytest

from mr_kmeans.errors import UsageError
from mr_kmeans.json_fields import FieldError
from mr_kmeans.run.manifest import check_manifest, compare_manifests

FILE = {'path': '/d/x.csv', 'size': 50, 'modified': 1795523865983561860, 'changed': 5, 'inode': 7}
MANIFEST = {
    'inputs': [FILE],
    'features': ['a', 'b'],
    'text_input': json.dumps({'missing': 'fail', 'format': {'delimiter': ','}}),
    'options': {'k': 8, 'max_iter': 100, 'tol': 0.1},
}


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv('TZ', 'UTC')
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def changed(**fields):
    return {**copy.deepcopy(MANIFEST), **fields}


def test_equal_manifests_do_not_differ():
    assert compare_manifests(MANIFEST, changed()) == ''
    more = dict(MANIFEST['options'], max_iter=200)  # which may be raised
    assert compare_manifests(MANIFEST, changed(options=more)) == ''


@pytest.mark.parametrize(
    'fields, words',
    [
        ({'size': 51}, 'size was 50, is 51 (/d/x.csv)'),
        ({'path': '/d/y.csv'}, "path was '/d/x.csv', is '/d/y.csv'"),
        (
            {'modified': 1795523868330938869},
            'the time of modification was 2026-11-24 12:37:45, is 2026-11-24 12:37:48 (/d/x.csv)',
        ),
        (
            {'modified': 1795523865983561861},
            'the time of modification was 2026-11-24 12:37:45.983561860, '
            'is 2026-11-24 12:37:45.983561861 (/d/x.csv)',
        ),
        ({'inode': 8}, 'inode was 7, is 8 (/d/x.csv)'),
        ({'modified': 5, 'size': 9}, 'size was 50, is 9 (/d/x.csv)'),  # which says more
    ],
)
def test_files_that_differ_are_returned(fields, words):
    """Their rows may be those of the run."""
    assert compare_manifests(MANIFEST, changed(inputs=[{**FILE, **fields}])) == words


def test_a_file_more_or_less_differs():
    assert 'no file' in compare_manifests(MANIFEST, changed(inputs=[FILE, FILE]))
    assert 'no file' in compare_manifests(changed(inputs=[FILE, FILE]), MANIFEST)


@pytest.mark.parametrize(
    'fields, words',
    [
        ({'features': ['b', 'a']}, 'the features were a, b, and are b, a'),
        ({'options': {'k': 7, 'tol': 0.1}}, 'k was 8, is 7'),
        ({'options': {'k': 8}}, 'tol was 0.1, is None'),
        (
            {'text_input': json.dumps({'missing': 'fail', 'format': {'delimiter': ';'}})},
            "delimiter was ',', is ';'",
        ),
    ],
)
def test_other_options_are_refused(fields, words):
    with pytest.raises(UsageError) as caught:
        compare_manifests(MANIFEST, changed(**fields))
    assert str(caught.value) == (
        f'--resume: the options differ: {words}. Use --overwrite to start again.'
    )


def test_another_table_is_refused():
    with pytest.raises(UsageError, match="the input differs: table was 'x', is 'y'"):
        compare_manifests(changed(inputs=[{'table': 'x'}]), changed(inputs=[{'table': 'y'}]))


@pytest.mark.parametrize(
    'fields, words',
    [
        ({'inputs': 5}, 'inputs should be a list'),
        ({'inputs': [5]}, r'inputs\[0\] should be an object'),
        ({'features': 'ab'}, 'features should be a list'),
        ({'options': [1]}, 'options should be an object'),
        ({'text_input': '['}, 'text_input should be a JSON object as text'),
        ({'text_input': 5}, 'text_input should be text'),
    ],
)
def test_a_manifest_that_cannot_be_compared_names_its_field(fields, words):
    with pytest.raises(FieldError, match=words):
        check_manifest(changed(**fields))
