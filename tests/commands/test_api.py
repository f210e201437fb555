"""The Python API: `from mr_kmeans import fit, assign` and what they take, give and leave alone."""

import dataclasses
import inspect
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import mr_kmeans
from mr_kmeans import DataError, KMeansError, Model, RunError, UsageError, assign, fit
from mr_kmeans.cli.main import main
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions

ROOT = Path(__file__).resolve().parents[2]
ROWS = 'id,a,b\nr1,1,0.5\nr2,2,0.25\nr3,30,7\nr4,31,9\nbad,x,1\nr5,33,8.125\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('x.csv').write_text(ROWS)
    return tmp_path


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary folders."""
    path = tmp_path / 'temporary'
    path.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(path))
    return path


def in_python(*lines):
    """Run lines in a new Python; return its standard output and error."""
    done = subprocess.run(
        [sys.executable, '-c', '\n'.join(lines)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        check=True,
    )
    return done.stdout, done.stderr


def command(*arguments):
    """Run a command; return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, '-m', 'mr_kmeans', *arguments, '--json'],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        check=True,
    )
    return json.loads(done.stdout)


def contents(folder):
    """{path: bytes} of the files below a folder that have no times in them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob('*'))
        if path.is_file() and path.suffix in ('.csv', '.json') and path.name != 'iterations.csv'
    }


# The import


def test_importing_the_package_imports_nothing_else():
    out, _ = in_python(
        'import sys',
        'before = set(sys.modules)',
        'import mr_kmeans',
        'print(mr_kmeans.__version__, dir(mr_kmeans) > [])',
        'print(sorted({name.split(".")[0] for name in set(sys.modules) - before}'
        ' - set(sys.stdlib_module_names if sys.version_info >= (3, 10) else ())'
        ' & {"mr_kmeans", "numpy", "mrjob", "click"}))',
        'print([name for name in sys.modules if name.startswith("mr_kmeans.")])',
    )
    assert out.splitlines() == [f'{mr_kmeans.__version__} True', "['mr_kmeans']", '[]']


@pytest.mark.parametrize('name', mr_kmeans.__all__)
def test_each_public_name_is_there(name):
    assert name in dir(mr_kmeans)
    found = getattr(mr_kmeans, name)
    assert getattr(mr_kmeans, name) is found
    assert isinstance(found, str) or found.__doc__


def test_another_name_is_not_there():
    with pytest.raises(AttributeError, match="'mr_kmeans' has no attribute 'nothing'"):
        mr_kmeans.nothing  # noqa: B018


# The parameters


def names_of(*groups):
    return {field.name for group in groups for field in dataclasses.fields(group)}


def test_every_option_is_a_keyword_of_fit():
    keywords = set(inspect.signature(fit).parameters)
    assert names_of(FitOptions, TextOptions, JobOptions, SqlOptions) <= keywords
    assert names_of(TextOptions) <= set(inspect.signature(assign).parameters)


@pytest.mark.parametrize('name', ['fit', 'assign'])
def test_every_option_of_the_command_is_a_keyword(name):
    """But for those that say what the command prints."""
    function, other = getattr(mr_kmeans, name), {'no_pack': 'pack', 'out': 'model'}
    keywords = inspect.signature(function).parameters
    of_command = {option.name for option in main.commands[name].params}
    of_command -= {'quiet', 'verbose', 'as_json'}
    assert {one if one in keywords else other[one] for one in of_command} <= set(keywords)


@pytest.mark.parametrize('name', ['fit', 'assign'])
def test_every_keyword_is_explained(name):
    function = getattr(mr_kmeans, name)
    text = function.__doc__.partition('Parameters\n')[2].partition('Returns\n')[0]
    explained = {
        word
        for line in text.splitlines()
        if line.startswith('    ') and not line.startswith('     ') and ' : ' in line
        for word in line.strip().partition(' : ')[0].split(', ')
    }
    assert explained == set(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    'keywords',
    [
        {'columns': ['a', 'b']},
        {'columns': 'a,b'},
        {'columns': (np.int64(2), 'b')},
        {'columns': np.array([2, 3])},
        {'id_column': np.int32(1)},
        {
            'id_column': 'id',
            'seed': np.uint8(0),
            'tol': np.float32(1e-4),
            'feature_weights': [1, 1],
        },
        {'columns': [2, 3], 'runner': 'local', 'variant': 'combiner', 'jobconf': 'a.b=c'},
        {'columns': [2, 3], 'pack': np.True_, 'n_init': np.int8(10)},
        {'columns': [2, 3], 'engine': 'sql'},
    ],
)
@pytest.mark.parametrize(
    'inputs',
    [
        'x.csv',
        pytest.param(Path('x.csv'), marks=pytest.mark.slow),
        pytest.param([Path('x.csv')], marks=pytest.mark.slow),
    ],
)
def test_options_are_flat_keywords(keywords, inputs, folder):
    check_flat_keywords(inputs, keywords)


@pytest.mark.parametrize('inputs', [Path('x.csv'), [Path('x.csv')]])
def test_inputs_may_be_paths(inputs, folder):
    check_flat_keywords(inputs, {'columns': ['a', 'b']})


def check_flat_keywords(inputs, keywords):
    expected = fit('x.csv', k=2, columns='2,3', max_bad_rows=1)
    result = fit(inputs, k=np.int64(2), max_bad_rows=np.int8(1), **keywords)
    assert result.model.hash == expected.model.hash


@pytest.mark.parametrize(
    'name, keywords',
    [
        ('k', {'k': '3'}),
        ('k', {'k': 2.0}),
        ('inputs', {'inputs': 5}),
        ('inputs', {'inputs': None}),
        ('inputs[1]', {'inputs': ['x.csv', 1]}),
        ('out', {'out': 5}),
        ('init', {'init': np.ones((2, 2))}),
        ('n_init', {'n_init': None}),
        ('max_iter', {'max_iter': 1.5}),
        ('tol', {'tol': 'x'}),
        ('seed', {'seed': None}),
        ('feature_weights', {'feature_weights': 1.0}),
        ('columns[0]', {'columns': [None]}),
        ('id_column', {'id_column': True}),
        ('delimiter', {'delimiter': b','}),
        ('header', {'header': 'yes'}),
        ('missing', {'missing': 0}),
        ('max_bad_rows', {'max_bad_rows': '1'}),
        ('engine', {'engine': None}),
        ('database', {'database': 5, 'engine': 'sql'}),
        ('table', {'table': 5, 'engine': 'sql'}),
        ('table', {'table': 'x'}),
        ('query', {'query': 'SELECT 1'}),
        ('plan', {'plan': 'ranking'}),
        ('centers_table', {'centers_table': 'c'}),
        ('runner', {'runner': 5}),
        ('runner', {'runner': 'local', 'engine': 'sql'}),
        ('conf_path', {'conf_path': 5}),
        ('jobconf[0]', {'jobconf': [5]}),
        ('variant', {'variant': 5}),
        ('pack', {'pack': 'no'}),
        ('pack', {'pack': False, 'engine': 'sql'}),
        ('ship_numpy', {'ship_numpy': 3.9}),
        ('resume', {'resume': 'yes', 'out': 'run'}),
        ('out', {'resume': True}),
        ('out', {'overwrite': True}),
        ('out', {'engine': 'sql', 'inputs': None, 'table': 'x', 'database': 'x.duckdb'}),
        ('watch', {'watch': 5}),
    ],
)
def test_an_error_begins_with_the_parameter(name, keywords, folder):
    with pytest.raises(UsageError) as caught:
        fit(**{'inputs': 'x.csv', 'k': 2, **keywords})
    assert str(caught.value).startswith(name + ' '), caught.value
    assert [path.name for path in folder.iterdir()] == ['x.csv']


@pytest.mark.parametrize(
    'name, keywords',
    [
        ('model', {'model': 5}),
        ('inputs', {'inputs': None}),
        ('labels', {'labels': 5}),
        ('view', {'view': 'yes'}),
        ('view', {'view': True}),
        ('overwrite', {'overwrite': 2}),
        ('table', {'table': 'x'}),
    ],
)
def test_an_error_of_assign_begins_with_the_parameter(name, keywords, folder):
    with pytest.raises(UsageError) as caught:
        assign(**{'model': 'run', 'inputs': 'x.csv', 'labels': 'labels', **keywords})
    assert str(caught.value).startswith(name + ' '), caught.value
    assert [path.name for path in folder.iterdir()] == ['x.csv']


def test_errors_of_the_system_become_errors_of_the_package(folder, temporary):
    temporary.rmdir()
    with pytest.raises(KMeansError, match='No such file or directory') as caught:
        fit('x.csv', k=2)
    assert type(caught.value) is RunError


# What they leave alone


def test_without_out_nothing_is_left(folder, temporary):
    result = fit('x.csv', k=2, columns=['a', 'b'], max_bad_rows=1)
    assert (result.model.n_samples, result.path) == (5, None)
    assert list(temporary.iterdir()) == []
    with pytest.raises(DataError, match='x.csv line 6'):
        fit('x.csv', k=2, columns=['a', 'b'])
    assert list(temporary.iterdir()) == []
    assert {path.name for path in folder.iterdir()} == {'x.csv', 'temporary'}


@pytest.mark.parametrize('runner', ['inline', pytest.param('local', marks=pytest.mark.slow)])
def test_the_library_prints_nothing_and_leaves_logging_alone(runner, folder):
    out, err = in_python(
        'import logging',
        'from mr_kmeans import fit',
        f'fit("x.csv", k=2, columns=["a", "b"], max_bad_rows=1, runner={runner!r})',
        'root = logging.getLogger()',
        'assert (root.handlers, root.level) == ([], logging.WARNING)',
        'assert logging.getLogger("mr_kmeans").propagate and logging.getLogger("mrjob").propagate',
    )
    assert (out, err) == ('', '')


def test_messages_are_logged(folder, caplog):
    with caplog.at_level('INFO', 'mr_kmeans'):
        fit('x.csv', k=2, columns=['a', 'b'], max_bad_rows=1)
    assert '1 bad row left out' in [record.message for record in caplog.records]
    assert {record.name.partition('.')[0] for record in caplog.records} == {'mr_kmeans'}


def test_each_iteration_is_watched(folder):
    seen = []
    model = fit('x.csv', k=2, columns=['a', 'b'], max_bad_rows=1, watch=seen.append).model
    assert [stats.iteration for stats in seen] == list(range(model.n_iter + 1))
    assert seen[-1].inertia == model.inertia


# The result


def test_the_result_says_all_that_the_files_say(folder):
    result = fit('x.csv', k=2, out='run', columns=['a', 'b'], max_bad_rows=1)
    model = result.model
    assert result.path == 'run' and result.n_rejected == 1
    assert result.rejected == [('x.csv', 6, "field 2 ('a'): 'x' is not a number", 'bad,x,1')]
    assert (model.k, model.features, model.n_samples) == (2, ['a', 'b'], 5)
    assert model.centroids.dtype == np.float64 and model.centroids.shape == (2, 2)
    assert model.counts == [2, 3] and model.converged and model.options['k'] == 2
    assert [stats.iteration for stats in result.iterations] == list(range(model.n_iter + 1))
    assert result.iterations[-1].inertia == model.inertia
    again = fit('x.csv', k=2, out='run', columns=['a', 'b'], max_bad_rows=1, resume=True)
    assert again == result


def test_counts_of_a_run_that_was_cut_short(folder):
    Path('y.csv').write_text('x\n2\n4\n10\n12\n3\n20\n30\n11\n25\n')
    Path('start.csv').write_text('4\n10\n')
    result = fit('y.csv', k=2, init='start.csv', max_iter=1)
    assert (result.averaged, result.model.counts) == ([3, 6], [4, 5])
    assert not result.model.converged


def test_a_model_is_written_read_and_taken_as_a_start(folder):
    keywords = {'k': 2, 'columns': ['a', 'b'], 'max_bad_rows': 1}
    model = fit('x.csv', **keywords).model
    model.write(Path('m#1.json'))
    fit('x.csv', out='run', **keywords)
    assert Path('m#1.json').read_bytes() == Path('run/model.json').read_bytes()
    for path in 'm#1.json', Path('run'), 'run/model.json':
        found = Model.read(path)
        assert found == model and hash(found) == hash(model) and found.hash == model.hash
    assert model != fit('x.csv', **{**keywords, 'k': 3}).model
    assert fit('x.csv', init=Path('m#1.json'), **keywords).model.hash == model.hash


@pytest.mark.parametrize(
    'path, kind, words',
    [
        (5, UsageError, 'path should be a path'),
        ('none', RunError, 'none: there is no such folder'),
        ('.', RunError, 'there is no model.json'),
        ('x.csv', DataError, 'x.csv: not a whole model.json'),
        ('s3://x/model.json', UsageError, 'no such store is known'),
    ],
)
def test_anything_but_a_model_is_refused(path, kind, words, folder):
    with pytest.raises(kind, match=words):
        Model.read(path)


def test_the_centroids_of_a_model_cannot_be_written_to(folder):
    model = fit('x.csv', k=2, columns=['a', 'b'], max_bad_rows=1).model
    with pytest.raises(ValueError, match='read-only'):
        model.centroids[0] = 0
    with pytest.raises(AttributeError):
        model.inertia = 0


# The command line


@pytest.mark.parametrize(
    'options, keywords',
    [
        ([], {}),
        (['--columns', '2,b'], {'columns': [2, 'b']}),
        (['--no-pack'], {'pack': False}),
        pytest.param(
            ['-r', 'local', '--no-pack'],
            {'runner': 'local', 'pack': False},
            marks=pytest.mark.slow,
        ),
        (['--engine', 'sql'], {'engine': 'sql'}),
        (['--init', 'random', '--seed', '3'], {'init': 'random', 'seed': 3}),
    ],
)
def test_fit_writes_the_files_of_the_command_line(options, keywords, folder):
    if 'columns' not in keywords:
        options, keywords = [*options, '--id-column', 'id'], {**keywords, 'id_column': 'id'}
    printed = command(
        'fit', 'x.csv', '-k', '2', '-o', 'by_command/run', '--max-bad-rows', '1', *options
    )
    result = fit('x.csv', k=2, out=Path('by_python/run'), max_bad_rows=1, **keywords)
    assert result.model.hash == printed['hash']
    of_command, of_python = contents('by_command/run'), contents('by_python/run')
    assert of_command.keys() == of_python.keys()
    for name in ('centroids.csv', 'rejected.csv', 'survey.json'):
        assert of_command[name] == of_python[name], name
    for name in ('model.json', 'manifest.json'):
        ours, theirs = json.loads(of_python[name]), json.loads(of_command[name])
        assert without_columns(ours) == without_columns(theirs), name


def without_columns(content):
    """A model or manifest without how the columns were named, and the digest of it."""
    content.get('options', {}).pop('columns', None)
    content.pop('digest', None)
    return content


def test_assign_writes_the_files_of_the_command_line(folder):
    fit('x.csv', k=2, out='run', max_bad_rows=1, id_column='id')
    printed = command('assign', 'run', 'x.csv', '-o', 'by_command', '--max-bad-rows', '1')
    done = assign('run', Path('x.csv'), labels=Path('by_python'), max_bad_rows=1)
    assert contents('by_python') == contents('by_command') != {}
    assert Path('by_python.rejected.csv').read_bytes() == (
        Path('by_command.rejected.csv').read_bytes()
    )
    assert dict(done._asdict(), labels='', ledger='') == dict(printed, labels='', ledger='')


def test_assign_accepts_the_result_of_fit(folder, temporary):
    keywords = {'columns': ['a', 'b'], 'max_bad_rows': 1}
    kept = fit('x.csv', k=2, out='run', **keywords)
    result = fit('x.csv', k=2, **keywords)
    found = set()
    for name, model in ('run', 'run'), ('kept', kept), ('result', result), ('model', result.model):
        done = assign(model, 'x.csv', labels=name + '.labels', max_bad_rows=1)
        assert (done.n_samples, done.n_rejected) == (5, 1)
        found.add(Path(name + '.labels/part-00000.csv').read_bytes())
    assert len(found) == 1
    assert list(temporary.iterdir()) == []


def test_assign_in_a_database(folder):
    duckdb = pytest.importorskip('duckdb')
    with duckdb.connect('x.duckdb') as connection:
        connection.execute("CREATE TABLE x AS SELECT id, b, b + 1 AS a FROM 'x.csv'")
    keywords = {'engine': 'sql', 'table': 'x', 'database': Path('x.duckdb')}
    fit(k=2, out='run', id_column='id', **keywords)
    done = assign('run', labels='found', **keywords)
    assert (done.labels, done.n_samples) == ('found', 6)
    with pytest.raises(UsageError, match='files are labeled by the jobs'):
        assign('run', 'x.csv', labels='found', **keywords)
    with pytest.raises(UsageError, match='Use --overwrite'):
        assign('run', labels='found', **keywords)
    assert assign('run', labels='found', overwrite=True, **keywords) == done
