"""The library takes paths, numbers of numpy and lists, and names the parameter that it refuses."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mr_kmeans.commands.assign import assign
from mr_kmeans.commands.fit import fit
from mr_kmeans.errors import UsageError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import Grid
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.run.model_file import Model, read_model
from mr_kmeans.sql.assign import assign_table

ROWS = 'id,a,b\nr1,1,0.5\nr2,2,0.25\nr3,30,7\nr4,31,9\nr5,33,8.125\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('x.csv').write_text(ROWS)
    return tmp_path


TEXT = {'columns': ['a', 'b']}
MODEL = Model(
    FeatureSpace(['a'], [Grid('decimal', 0)], [1.0]), np.ones((1, 1)), [1], 0.0, 1, 'tol', '', {}
)


@pytest.mark.parametrize(
    'options',
    [
        {'k': np.int64(2)},
        {'k': np.uint8(2)},
        {'k': np.array(2)},
        {'k': 2, 'seed': np.uint64(0)},
        {'k': 2, 'n_init': np.int32(10)},
        {'k': 2, 'max_iter': np.int16(100)},
        {'k': 2, 'tol': np.float64(1e-4)},
        {'k': 2, 'tol': Fraction(1, 10000)},
        {'k': 2, 'feature_weights': np.ones(2)},
        {'k': 2, 'feature_weights': (1, np.float32(1))},
    ],
)
def test_numpy_numbers_are_accepted(options, folder):
    expected = fit(['x.csv'], 'plain', FitOptions(2), TextOptions(**TEXT))
    model = fit(['x.csv'], 'out', FitOptions(**options), TextOptions(**TEXT))
    assert model.hash == expected.hash
    same = dict(expected.options, feature_weights=model.options['feature_weights'])
    assert json.loads(Path('out/model.json').read_text())['options'] == same


@pytest.mark.parametrize(
    'inputs',
    [
        'x.csv',
        Path('x.csv'),
        [Path('x.csv')],
        ('x.csv',),
        np.array(['x.csv']),
        (name for name in ['x.csv']),
    ],
)
def test_one_path_or_many_are_accepted(inputs, folder):
    model = fit(inputs, Path('out'), FitOptions(2), TextOptions(id_column='id'))
    assert model.n_samples == 5
    done = assign(Path('out'), Path('x.csv'), Path('labels'), TextOptions(id_column=1))
    assert (done.labels, done.n_samples) == ('labels', 5)
    assert Path('labels/part-00000.csv').read_text().split('\n')[1].startswith('x.csv,1,r1,')


@pytest.mark.parametrize(
    'columns',
    [
        'a,b',
        ['a', 'b'],
        [2, 3],
        [np.int64(2), 'b'],
        ('a', 3),
        ['a-b'],
        np.array(['a', 'b']),
        ['a', '3'],
    ],
)
def test_columns_can_be_a_list(columns, folder):
    model = fit('x.csv', 'out', FitOptions(2), TextOptions(columns))
    assert model.features == ['a', 'b']
    assert assign('out', 'x.csv', 'labels', TextOptions(columns)).n_samples == 5
    assert fit('x.csv', 'out', FitOptions(2), TextOptions(columns), resume=True) == model


def test_name_with_commas_is_one_name_and_int_is_a_number(folder):
    Path('y.csv').write_text('"a,b",3,a\n1,2,3\n4,5,7\n')
    assert fit('y.csv', 'out', FitOptions(2), TextOptions(['a,b', 3])).features == ['a,b', 'a']
    assert fit('y.csv', 'other', FitOptions(2), TextOptions(['a,b', '3'])).features == [
        'a,b',
        '3',
    ]


def test_table_and_database_can_be_paths(folder):
    duckdb = pytest.importorskip('duckdb')
    with duckdb.connect('x.duckdb') as connection:
        connection.execute("CREATE TABLE x AS FROM 'x.csv'")
    for inputs in None, []:
        model = fit(
            inputs,
            f'out-{inputs is None}',
            FitOptions(np.int64(2)),
            TextOptions(['a', 3], id_column=np.int8(1)),
            sql=SqlOptions(
                Path('x.duckdb'), 'x', centers_table='c_none' if inputs is None else 'c_list'
            ),
        )
        assert model.features == ['a', 'b']
    labeled = assign_table(
        read_model(RunDirectory(Path('out-True'))),
        np.str_('labels'),
        TextOptions(['a', np.int64(3)]),
        SqlOptions(Path('x.duckdb'), 'x'),
        np.bool_(False),
    )
    again = assign_table(model, 'labels', None, SqlOptions('x.duckdb', 'x'), overwrite=True)
    assert labeled == again and again.n_samples == 5


class Strange:
    def __repr__(self):
        raise RuntimeError('no')


@pytest.mark.parametrize(
    'name, call',
    [
        ('k', lambda: fit('x.csv', 'out', FitOptions('3'))),
        ('k', lambda: fit('x.csv', 'out', FitOptions(2.0))),
        ('k', lambda: fit('x.csv', 'out', FitOptions(None))),
        ('k', lambda: fit('x.csv', 'out', FitOptions(True))),
        ('k', lambda: fit('x.csv', 'out', FitOptions(np.float64(2)))),
        ('k', lambda: fit('x.csv', 'out', FitOptions(Strange()))),
        ('seed', lambda: fit('x.csv', 'out', FitOptions(2, seed='0'))),
        ('seed', lambda: fit('x.csv', 'out', FitOptions(2, seed=None))),
        ('n_init', lambda: fit('x.csv', 'out', FitOptions(2, n_init=1.5))),
        ('max_iter', lambda: fit('x.csv', 'out', FitOptions(2, max_iter=[1]))),
        ('tol', lambda: fit('x.csv', 'out', FitOptions(2, tol='x'))),
        ('tol', lambda: fit('x.csv', 'out', FitOptions(2, tol=False))),
        ('tol', lambda: fit('x.csv', 'out', FitOptions(2, tol=1j))),
        ('init', lambda: fit('x.csv', 'out', FitOptions(2, init=np.ones((2, 2))))),
        ('init', lambda: fit('x.csv', 'out', FitOptions(2, init=None))),
        ('feature_weights', lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=1.0))),
        ('feature_weights', lambda: fit('x.csv', 'out', FitOptions(2, feature_weights='11'))),
        (
            'feature_weights',
            lambda: fit('x.csv', 'out', FitOptions(2, feature_weights={'a': 1, 'b': 2})),
        ),
        (
            'feature_weights[1]',
            lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=[1, 'b'])),
        ),
        (
            'feature_weights[0]',
            lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=[-1.0, 1.0])),
        ),
        (
            'feature_weights[1]',
            lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=[1.0, float('nan')])),
        ),
        (
            'feature_weights[1]',
            lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=[1.0, float('inf')])),
        ),
        ('feature_weights', lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=[0.0, 0.0]))),
        ('feature_weights', lambda: fit('x.csv', 'out', FitOptions(2, feature_weights=[]))),
        (
            'feature_weights',
            lambda: fit(
                'x.csv', 'out', FitOptions(2, feature_weights=[1.0] * 3), TextOptions(**TEXT)
            ),
        ),
        (
            'feature_weights',
            lambda: fit(
                'x.csv',
                'out',
                FitOptions(2, feature_weights=[1.0]),
                TextOptions(**TEXT),
                sql=SqlOptions(),
            ),
        ),
        ('inputs', lambda: fit(5, 'out', FitOptions(2))),
        ('inputs', lambda: fit(None, 'out', FitOptions(2))),
        ('inputs', lambda: fit(b'x.csv', 'out', FitOptions(2))),
        ('inputs[0]', lambda: fit([b'x.csv'], 'out', FitOptions(2))),
        ('inputs[1]', lambda: fit(['x.csv', None], 'out', FitOptions(2))),
        ('inputs', lambda: fit({'x.csv': 1}, 'out', FitOptions(2))),
        ('inputs', lambda: fit(np.array([[1.0, 2.0]]), 'out', FitOptions(2))),
        ('inputs', lambda: fit([], 'out', FitOptions(2))),
        ('inputs', lambda: fit('x\0.csv', 'out', FitOptions(2))),
        ('out', lambda: fit('x.csv', None, FitOptions(2))),
        ('out', lambda: fit('x.csv', b'out', FitOptions(2))),
        ('options', lambda: fit('x.csv', 'out', 2)),
        ('options', lambda: fit('x.csv', 'out', {'k': 2})),
        ('options', lambda: fit('x.csv', 'out', None)),
        ('text', lambda: fit('x.csv', 'out', FitOptions(2), 'a,b')),
        ('jobs', lambda: fit('x.csv', 'out', FitOptions(2), None, 'local')),
        ('sql', lambda: fit('x.csv', 'out', FitOptions(2), sql='duckdb')),
        ('text', lambda: fit('x.csv', 'out', FitOptions(2), JobOptions())),
        ('resume', lambda: fit('x.csv', 'out', FitOptions(2), resume='yes')),
        ('overwrite', lambda: fit('x.csv', 'out', FitOptions(2), overwrite=1)),
        ('watch', lambda: fit('x.csv', 'out', FitOptions(2), watch=None)),
        ('columns', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(1.5))),
        ('columns[1]', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(['a', None]))),
        ('columns', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions({'a', 'b'}))),
        ('--columns', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions([]))),
        ('--columns', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions([0]))),
        ('--columns', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions([-1]))),
        ('--columns', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(['a', 'c']))),
        ('id_column', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(id_column=['id']))),
        ('id_column', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(id_column=True))),
        ('delimiter', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(delimiter=b','))),
        ('header', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(header=1))),
        ('missing', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(missing=0))),
        ('max_bad_rows', lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(max_bad_rows='1'))),
        (
            'max_bad_rows',
            lambda: fit('x.csv', 'out', FitOptions(2), TextOptions(max_bad_rows=None)),
        ),
        ('runner', lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(5))),
        ('variant', lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(variant=None))),
        (
            'jobconf',
            lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(jobconf={'a': 'b'})),
        ),
        ('jobconf', lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(jobconf=None))),
        ('jobconf[0]', lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(jobconf=[5]))),
        ('pack', lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(pack='no'))),
        ('conf_path', lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(conf_path=5))),
        (
            'ship_numpy',
            lambda: fit('x.csv', 'out', FitOptions(2), None, JobOptions(ship_numpy=3.9)),
        ),
        ('database', lambda: fit(None, 'out', FitOptions(2), sql=SqlOptions(5, 'x'))),
        ('table', lambda: fit(None, 'out', FitOptions(2), sql=SqlOptions('x.duckdb', Path('x')))),
        ('query', lambda: fit(None, 'out', FitOptions(2), sql=SqlOptions('x.duckdb', query=5))),
        ('plan', lambda: fit('x.csv', 'out', FitOptions(2), sql=SqlOptions(plan=None))),
        (
            'centers_table',
            lambda: fit('x.csv', 'out', FitOptions(2), sql=SqlOptions(centers_table=5)),
        ),
        ('out', lambda: assign(5, 'x.csv', 'labels')),
        ('inputs', lambda: assign('out', 5, 'labels')),
        ('labels', lambda: assign('out', 'x.csv', None)),
        ('text', lambda: assign('out', 'x.csv', 'labels', 'a')),
        ('jobs', lambda: assign('out', 'x.csv', 'labels', None, 5)),
        ('overwrite', lambda: assign('out', 'x.csv', 'labels', overwrite='x')),
        ('out', lambda: RunDirectory(5)),
        ('model', lambda: assign_table('run', 'labels', None, SqlOptions('x.duckdb', 'x'))),
        ('labels', lambda: assign_table(MODEL, Path('x'), None, SqlOptions('x.duckdb', 'x'))),
        ('text', lambda: assign_table(MODEL, 'labels', 'a', SqlOptions('x.duckdb', 'x'))),
        ('missing', lambda: assign_table(MODEL, 'l', TextOptions(missing=3), SqlOptions('x', 'x'))),
        ('options', lambda: assign_table(MODEL, 'labels', None, None)),
        ('view', lambda: assign_table(MODEL, 'labels', None, SqlOptions('x', 'x'), 'yes')),
        ('overwrite', lambda: assign_table(MODEL, 'l', None, SqlOptions('x', 'x'), False, 1)),
    ],
)
def test_invalid_argument_is_named(name, call, folder):
    with pytest.raises(UsageError) as caught:
        call()
    assert str(caught.value).startswith((name + ' ', name + ':')), caught.value
    assert len(str(caught.value)) < 400
    assert sorted(path.name for path in folder.iterdir()) == ['x.csv']


def test_wrong_number_of_weights_names_the_features(folder):
    with pytest.raises(UsageError, match='^feature_weights: 3 given for 2 features: a, b$'):
        fit('x.csv', 'out', FitOptions(2, feature_weights=[1, 2, 3]), TextOptions(**TEXT))
