"""Secrets are shown nowhere: not in a log, an error or a file, however they are written there."""

import json
import logging
import os
import pprint
import shlex
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
from commandline import ROOT, call, environment, run
from fake_hadoop import FakeHadoop

from mr_kmeans import masking
from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.masking import masked
from mr_kmeans.messages import shortened
from mr_kmeans.options import JobOptions
from mr_kmeans.storage.open import Stores

IRIS = ROOT / 'data' / 'iris.csv'

SECRETS = {
    'LOGIN': "Zx9 qu'ote\\b4ck é",
    'AWS_SECRET_ACCESS_KEY': 'wJalr/XUtn+FEMI',
    'PEM': '-----BEGIN-----\nMIIEpAIBAAKCAQEA\n-----END-----',
    'LONG': ' '.join(['plain words of a phrase'] * 6),
}
PROPERTY = 'Qy7/plus+equals='
CONF = {
    'runners': {
        name: {
            'cmdenv': dict(SECRETS, N_THREADS='17'),
            'jobconf': {'fs.s3a.session.token': 'conf-T0ken'},
        }
        for name in ('inline', 'local', 'hadoop')
    }
}
TELLING = ['Zx9', 'b4ck', 'wJalr', 'FEMI', 'MIIE', 'a phrase', 'Qy7', 'equals=', 'T0ken']
"""Parts of these secrets: none may be left over."""


@pytest.fixture(autouse=True)
def nothing_is_known():
    masking.forget()
    yield
    masking.forget()


@pytest.mark.parametrize(
    'text, shown',
    [
        ('hdfs://me:hunter2@host:8020/data', 'hdfs://***@host:8020/data'),
        ('hdfs://me:hun/ter2@host/data: no', 'hdfs://***@host/data: no'),
        ('hdfs://me:p@ss/word@host/x', 'hdfs://***@host/x'),
        ('at hdfs://me:p@ss@host/x and b@c', 'at hdfs://***@host/x and b@c'),
        ('-D db.pass=hunter22 -D x=1', '-D db.pass=*** -D x=1'),
        ("['fs.auth=hunter22', 'x=1']", "['fs.auth=***', 'x=1']"),
        ('dfs.encrypt.key=a1b2 encryption-key=a1b2', 'dfs.encrypt.key=*** encryption-key=***'),
        (
            'https://T0ken@github.com/x and https://me:hunter2@pypi',
            'https://***@github.com/x and https://***@pypi',
        ),
        ('-D fs.s3a.secret.key=a/b+c= -D x=1', '-D fs.s3a.secret.key=*** -D x=1'),
        (
            "hadoop jar '-D' 'fs.azure.sas.box=sv=2020&sig=x'",
            "hadoop jar '-D' 'fs.azure.sas.box=***&sig=x'",
        ),
        ("{'AWS_SESSION_TOKEN': 'it\\'s', 'x': 1}", "{'AWS_SESSION_TOKEN': ***, 'x': 1}"),
        ('{"password": "hunter2"}', '{"password": ***}'),
        ('dbpassword: hunter2\nhost: h', 'dbpassword: ***\nhost: h'),
        ('host=h password=hunter2 dbname=b', 'host=h password=*** dbname=b'),
        ("password='hunter 2'", 'password=***'),
    ],
)
def test_secrets_are_recognized_by_their_form(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    'text',
    [
        'tokens.csv: 4 columns, separated by comma',
        '-o secrets: it exists. Use --overwrite',
        'hdfs://host:8020/me@home/x.csv: no such file',
        "there is no column 'token': the columns are a, b",
        "field 3 ('password'): 'x' is not a number",
        'see https://x.org, or mail me@x.org',
        'passes=3 author=me compass=north',
    ],
)
def test_text_that_only_looks_secret_is_shown(text):
    assert masked(text) == text


def test_values_are_masked_with_any_quoting():
    masking.remember_configuration(CONF['runners']['inline'])
    for value in SECRETS.values():
        broken = pprint.pformat({'x': 'y' * 60 + ' ' + value})
        for written in (
            value,
            repr(value),
            json.dumps(value),
            shlex.quote(value),
            quote(value),
            broken,
            *value.splitlines(),
        ):
            left = masked(written)
            assert '***' in left and not [part for part in TELLING if part in left], (written, left)
    # too short to be masked everywhere
    assert masked('17 rows, N_THREADS=17') == '17 rows, N_THREADS=***'
    masking.remember_configuration({'setup': ["export API_TOKEN='setup-T0ken'"]})
    assert masked('echo setup-T0ken') == 'echo ***'
    masking.remember('max.rows', '123456')
    masking.remember('use.token', 'true')
    assert masked('123456 true') == '123456 true'


def test_half_a_secret_is_not_shown():
    assert shortened('x' * 20 + ' https://me:hunter2@host', 37) == 'x' * 20 + ' https://***@host'


def test_errors_of_the_library_are_masked():
    assert str(RunError('hdfs://me:hunter2@host/x is away')) == 'hdfs://***@host/x is away'


@pytest.mark.parametrize(
    'uri',
    [
        'hdfs://me:hunter2@host/x',
        'hdfs://me@host/x',
        'hdfs://me:hun/ter2@host/x',
        'hdfs://me:h@n/ter2@host/x',
    ],
)
def test_hdfs_uri_with_user_is_refused(uri):
    told = r'^hdfs://\*\*\*@host/x: HDFS takes neither user nor password'
    with pytest.raises(UsageError, match=told) as caught:
        Stores().of(uri)
    assert 'ter2' not in str(caught.value)
    fit = ['fit', IRIS, '-k', 2, '-o']
    for arguments in (
        ['fit', uri, '-k', 2, '-o', 'out'],
        [*fit, uri],
        ['assign', uri, IRIS, '-o', 'labels'],
        [*fit, 'out', '--init', uri],
        [*fit, 'out', f'--{uri}'],
        ['fit', '-k', uri],
    ):
        done = call(*arguments)
        assert done.code == 2 and 'hdfs://***@host/x' in done.stderr
        assert 'ter2' not in done.stderr and 'me' not in done.stderr.split('***@')[0][-9:]


def test_invalid_property_that_may_be_secret_is_not_shown():
    with pytest.raises(UsageError, match=r'-D \*\*\*: should be KEY=VALUE'):
        JobOptions(jobconf=['fs.s3a.secret.key hunter2']).check()


@pytest.fixture
def conf(tmp_path):
    """A configuration with secrets, by which mrjob leaves its temporary files, and their folder."""
    left = tmp_path / 'left'
    left.mkdir()
    for options in CONF['runners'].values():
        options.update(local_tmp_dir=str(left), cleanup=['NONE'], cleanup_on_failure=['NONE'])
    path = tmp_path / 'secret.conf'
    path.write_text(json.dumps(CONF))
    return path, left


def check_nothing_is_shown(done, *folders):
    texts = {'stdout': done.stdout, 'stderr': done.stderr}
    for folder in folders:
        for place, _, names in os.walk(folder):
            texts.update((name, Path(place, name).read_bytes().decode('latin-1')) for name in names)
    assert not [
        (name, part, text[max(0, text.index(part) - 200) :][:300])
        for name, text in texts.items()
        for part in TELLING
        if part in text
    ]


@pytest.mark.parametrize('runner', ['inline', pytest.param('local', marks=pytest.mark.slow)])
def test_verbose_run_shows_no_secret(runner, conf, tmp_path):
    path, left = conf
    done = run(
        'fit',
        IRIS,
        '-k',
        3,
        '-o',
        tmp_path / 'out',
        '-r',
        runner,
        '-v',
        '-c',
        path,
        '-D',
        'fs.s3a.secret.key=' + PROPERTY,
    )
    assert done.code == 0, done.stderr
    check_nothing_is_shown(done, tmp_path / 'out', left)
    assert os.listdir(left) and os.listdir(tmp_path / 'out')
    for word in (
        "'LOGIN': ***",
        "'fs.s3a.secret.key': ***",
        "'fs.s3a.session.token': ***",
        "'N_THREADS': ***",
        'Running step 1 of 1',
        "'local_tmp_dir'",
        'iris.csv',
    ):  # it is still of use
        assert word in done.stderr, word


@pytest.mark.slow
def test_cluster_commands_and_task_logs_show_no_secret(conf, tmp_path):
    path, left = conf
    hadoop = FakeHadoop(tmp_path / 'hadoop')
    hadoop.tell(
        'jar',
        "print('Submitted application application_1_0001')\n"
        "print('\\n'.join(arguments))\n"
        "print('ERROR streaming.StreamJob: Job not successful!')\nsys.exit(1)",
    )
    hadoop.tell(
        'logs',
        'Traceback (most recent call last):\n  File "x.py", line 1\n'
        "KeyError: %r in {'LOGIN': %r}\n" % (SECRETS['AWS_SECRET_ACCESS_KEY'], SECRETS['LOGIN']),
    )
    done = run(
        'fit',
        IRIS,
        '-k',
        3,
        '-o',
        tmp_path / 'out',
        '-r',
        'hadoop',
        '-v',
        '-c',
        path,
        '-D',
        'fs.s3a.secret.key=' + PROPERTY,
        env=environment(**hadoop.environ),
    )
    assert done.code == 1 and "KeyError: '***' in {'LOGIN': ***}" in done.stderr, done.stderr
    given = [word.partition('=')[2] for words in hadoop.asked() for word in words]
    assert SECRETS['LOGIN'] in given
    for word in ('-cmdenv', 'fs.s3a.secret.key=***', 'hadoop-streaming.jar'):
        assert word in done.stderr
    check_nothing_is_shown(done, tmp_path / 'out', left, hadoop.folder / 'hdfs')


def test_unreadable_configuration_shows_no_secret(tmp_path):
    path = tmp_path / 'broken.conf'
    path.write_text("runners:\n  inline:\n    cmdenv:\n      PASSWORD: hunter2\n     x: 'hunter2\n")
    done = call('fit', IRIS, '-k', 3, '-o', tmp_path / 'out', '-c', path, '-v')
    assert done.code == 2 and 'not a configuration of mrjob' in done.stderr
    assert 'hunter2' not in done.stderr


def test_secret_in_a_query_is_not_stored(tmp_path):
    base = tmp_path / 'base.duckdb'
    with duckdb.connect(str(base)) as connection:
        connection.execute('CREATE TABLE t AS SELECT i AS a FROM range(9) AS r(i)')
    query = "SELECT a FROM t WHERE 'host=h password=hunter2' <> ''"
    sql = [
        '-k',
        2,
        '-o',
        tmp_path / 'out',
        '--engine',
        'sql',
        '--database',
        base,
        '--query',
        query,
        '-v',
    ]
    done, again = call('fit', *sql), call('fit', *sql, '--resume')
    assert (done.code, again.code) == (0, 0), again.stderr
    assert 'password=***' in (tmp_path / 'out' / 'manifest.json').read_text()
    for path in (tmp_path / 'out').rglob('*.*'):
        assert b'hunter2' not in path.read_bytes()
    assert 'hunter2' not in done.stdout + done.stderr + again.stderr


def test_tracebacks_show_no_secret(monkeypatch, conf, tmp_path):
    def fail(*_, **__):
        raise ZeroDivisionError('https://me:hunter2@host ' + SECRETS['LOGIN'])

    masking.remember_configuration(CONF['runners']['inline'])
    monkeypatch.setattr('mr_kmeans.commands.api.fit', fail)
    done = call('fit', IRIS, '-k', 3, '-o', tmp_path / 'out', '-v')
    assert 'Traceback' in done.stderr and 'ZeroDivisionError: https://***@host ***' in done.stderr
    assert 'hunter2' not in done.stderr and 'Zx9' not in done.stderr


def test_log_records_are_masked_when_complete(capsys):
    from mr_kmeans.cli.main import messages_of

    messages_of(False, True)
    logging.getLogger('mrjob.x').debug('%s=%s', 'TOKEN', 'hunter2')
    assert capsys.readouterr().err == 'TOKEN=***\n'
