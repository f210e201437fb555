"""The shipped data are what data/README.md says."""

import bz2
import csv
import gzip
import hashlib
import os

import numpy as np
import pytest

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'data')
OPENERS = {'.gz': gzip.open, '.bz2': bz2.open, '.csv': open}


def read(name):
    with OPENERS[os.path.splitext(name)[1]](
        os.path.join(DATA, name), 'rt', encoding='utf-8', newline=''
    ) as file:
        header, *rows = csv.reader(file)
    assert {len(row) for row in rows} == {len(header)}
    return header, rows


def test_checksums_are_right_and_complete():
    with open(os.path.join(DATA, 'SHA256SUMS')) as file:
        listed = dict(reversed(line.split()) for line in file)
    assert set(listed) == set(os.listdir(DATA)) - {'README.md', 'SHA256SUMS'}
    for name, checksum in listed.items():
        with open(os.path.join(DATA, name), 'rb') as file:
            assert hashlib.sha256(file.read()).hexdigest() == checksum, name


def test_every_file_is_described():
    with open(os.path.join(DATA, 'README.md'), encoding='utf-8') as file:
        text = file.read()
    assert [
        name
        for name in os.listdir(DATA)
        if '`%s`' % name not in text and name not in ('README.md', 'SHA256SUMS')
    ] == []


@pytest.mark.parametrize(
    'name, n_rows, n_features, n_text',
    [
        ('iris.csv', 150, 4, 0),
        ('iris_species.csv', 150, 0, 1),
        ('wine.csv', 178, 13, 1),
        ('spam.csv.gz', 4601, 57, 1),
        ('shuttle.csv.bz2', 58000, 9, 1),
        ('worked_example.csv', 9, 1, 0),
        ('worked_start.csv', 2, 4, 0),
    ],
)
def test_shapes(name, n_rows, n_features, n_text):
    header, rows = read(name)
    assert (len(rows), len(header)) == (n_rows, n_features + n_text)
    assert len(set(header)) == len(header)
    assert np.isfinite(np.array([row[:n_features] for row in rows], dtype=float)).all()
    for column in list(zip(*rows))[n_features:]:
        assert not any(value[0].isdigit() for value in column)


@pytest.mark.parametrize(
    'name, load, labels',
    [('iris.csv', 'load_iris', None), ('wine.csv', 'load_wine', 'ABC')],
)
def test_values_are_those_of_scikit_learn(name, load, labels):
    from sklearn import datasets  # here, since it takes a second: every worker imports this file

    header, rows = read(name)
    expected = getattr(datasets, load)()
    d = len(expected.feature_names)
    np.testing.assert_array_equal(np.array([row[:d] for row in rows], dtype=float), expected.data)
    classes = (
        [row[-1] for row in rows] if labels else [row[0] for row in read('iris_species.csv')[1]]
    )
    names = list(labels) if labels else list(expected.target_names)
    assert classes == [names[target] for target in expected.target]
