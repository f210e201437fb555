"""`--init` given an earlier run, by folder or file; and words for methods of other programs."""

import json
import os
import shutil
from pathlib import Path

import pytest
from commandline import call, model_hash

ROWS = 'a,b\n1,0.5\n2,0.25\n30,7\n31,9\n33,8.125\n90,1\n'
SWAPPED = '\n'.join(','.join(line.split(',')[::-1]) for line in ROWS.split()) + '\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('x.csv').write_text(ROWS)
    assert (
        call(
            'fit',
            'x.csv',
            '-k',
            2,
            '-o',
            'run',
            '--max-iter',
            1,
            '--tol',
            0,
            '--init',
            'random',
            '-q',
        ).code
        == 0
    )
    return tmp_path


def start_of(out='out'):
    return json.loads(Path(out, 'iterations/00000.json').read_text())['iteration']['centroids']


def final_of(run='run'):
    return json.loads(Path(run, 'model.json').read_text())['centroids']


@pytest.mark.parametrize('init', ['run', 'run/', './run/model.json', 'run/centroids.csv'])
@pytest.mark.parametrize('more', [(), ('--engine', 'sql')])
def test_the_final_centroids_of_a_run_are_the_start(init, more, folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', init, *more)
    assert done.code == 0, done.stderr
    assert start_of() == final_of()


@pytest.mark.parametrize('finished', [True, False])
def test_every_way_to_run_begins_at_the_same_earlier_run(finished, folder):
    if not finished:
        os.unlink('run/model.json')
    hashes = set()
    for number, more in enumerate(
        [(), ('-r', 'local'), ('--variant', 'two-job'), ('--no-pack',), ('--engine', 'sql')]
    ):
        out = f'out{number}'
        done = call('fit', 'x.csv', '-k', 2, '-o', out, '--init', 'run', *more)
        assert done.code == 0, done.stderr
        hashes.add((json.loads(Path(out, 'model.json').read_text())['hash'], str(start_of(out))))
    assert len(hashes) == 1


def test_a_copied_model_is_enough(folder):
    shutil.copy('run/model.json', 'best.json')
    expected = final_of()
    shutil.rmtree('run')
    assert call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'best.json').code == 0
    assert start_of() == expected


def test_features_are_matched_by_name(folder):
    Path('y.csv').write_text(SWAPPED)
    assert call('fit', 'y.csv', '-k', 2, '-o', 'out', '--init', 'run').code == 0
    assert start_of() == [centroid[::-1] for centroid in final_of()]


@pytest.mark.parametrize(
    'header, k, code, words',
    [
        (
            'a,c',
            2,
            3,
            (
                '--init run/model.json: the features of that run are not those of this one: '
                "it lacks 'c' and has 'b'."
            ),
        ),
        ('a,b', 3, 2, '--init run: it has 2 centroids, but -k is 3'),
    ],
)
def test_a_run_that_does_not_fit_is_refused(header, k, code, words, folder):
    Path('y.csv').write_text(ROWS.replace('a,b', header))
    done = call('fit', 'y.csv', '-k', k, '-o', 'out', '--init', 'run')
    assert (done.code, done.stdout) == (code, '') and words in done.stderr, done.stderr
    assert not Path('out').exists()


def test_fewer_and_more_features_are_named(folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'run', '--columns', 'a')
    assert done.code == 3 and "it has 'b'. Choose the same columns with --columns." in done.stderr


def test_equal_centroids_are_no_start(folder):
    Path('same.csv').write_text('a,b\n' + '1,2\n' * 3 + '5,6\n')
    model = json.loads(Path('run/model.json').read_text())
    import numpy as np

    from mr_kmeans.formats.model import model_hash as hash_of
    from mr_kmeans.run.model_file import parse_model

    space = parse_model(Path('run/model.json').read_bytes(), 'model.json').space

    model['centroids'][1] = model['centroids'][0]
    model['hash'] = hash_of(space, np.array(model['centroids']), model['counts'])
    del model['digest']
    Path('twice.json').write_text(json.dumps(model))
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'twice.json')
    assert done.code == 3 and 'clusters 0 and 1 have the same centroid' in done.stderr


def test_an_unfinished_run_gives_its_last_iteration_and_says_so(folder):
    os.unlink('run/model.json')
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'run')
    assert done.code == 0
    assert 'not finished; taking the last iteration in run/centroids.csv' in done.stderr
    last = json.loads(Path('run/iterations/00001.json').read_text())['iteration']
    assert start_of() == last['centroids']


@pytest.mark.parametrize(
    'make', [lambda: os.mkdir('d'), lambda: shutil.copytree('run/points', 'd')]
)
def test_a_folder_without_a_run_is_refused(make, folder):
    make()
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'd')
    assert done.code == 1
    assert '--init d: a folder without model.json; name the output folder of a fit' in done.stderr


def test_a_run_may_begin_again_from_its_own_end(folder):
    before = final_of()
    done = call('fit', 'x.csv', '-k', 2, '-o', 'run', '--init', 'run', '--overwrite')
    assert done.code == 0 and start_of('run') == before


def test_resuming_asks_for_the_same_content_wherever_it_lies(folder):
    first = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'run', '--max-iter', 1, '--tol', 0)
    whole = call('fit', 'x.csv', '-k', 2, '-o', 'whole', '--init', 'run')
    shutil.copy('run/model.json', 'elsewhere.json')
    os.utime('elsewhere.json', (1, 1))
    done = call(
        'fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'elsewhere.json', '--resume', '--tol', 0
    )
    assert done.code == 0 and first.code == 0, done.stderr
    assert model_hash(done) == model_hash(whole)
    assert (
        call(
            'fit',
            'x.csv',
            '-k',
            2,
            '-o',
            'run',
            '--init',
            'random',
            '--seed',
            5,
            '--overwrite',
            '-q',
        ).code
        == 0
    )
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'run', '--resume', '--tol', 0)
    assert done.code == 2 and "the options differ: init was 'model " in done.stderr


@pytest.mark.parametrize(
    'word', ['k-means++', 'kmeans++', 'KMeans++', 'k_means++', 'canopy', 'smaple']
)
def test_names_of_methods_that_sample_covers(word, folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', word)
    assert (done.code, done.stdout) == (2, '') and not Path('out').exists()
    assert f'--init {word}: there is no such method, and no such file. `sample`' in done.stderr
    assert '`sample`, the default, is greedy k-means++ on a sample' in done.stderr
    Path(word).write_text('a,b\n1,2\n3,4\n')
    assert call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', word).code == 0


def test_names_of_methods_that_random_covers(folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'forgy')
    assert done.code == 2
    assert 'no such file. `random` takes k distinct rows drawn from all.' in done.stderr


@pytest.mark.parametrize('word', ['kmeans||', 'K-Means||', 'scalable-k-means++', 'parallel'])
def test_words_for_k_means_parallel(word, folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', word)
    assert done.code == 2
    assert 'no such file. `k-means||` draws rows in five passes over all of them' in done.stderr


def test_k_means_parallel_by_name(folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'k-means||', '--n-init', 3)
    assert done.code == 0 and 'k-means||, round 1 of 5: 1 candidate, inertia ' in done.stderr
    manifest = json.loads(Path('out/manifest.json').read_text())['options']
    assert (manifest['init'], manifest['n_init']) == ('k-means||', 3)


def test_a_file_that_is_missing(folder):
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'none.csv')
    assert done.code == 1 and '--init none.csv: no such file or directory' in done.stderr
    assert call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', '').code == 2


def test_a_pipe_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('x.csv').write_text('a\n1\n2\n3\n')
    os.mkfifo('start.csv')
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--init', 'start.csv')
    assert done.code == 2 and '--init start.csv: not a regular file. Write it to' in done.stderr
