"""Tests of the record of a run's leftovers on a cluster, which is read strictly and ignored if
damaged.
"""

import json
import os

import pytest
from commandline import call

from mr_kmeans.runners import leftovers
from mr_kmeans.storage.local import LocalStorage
from mr_kmeans.system import processes

DAMAGED = {
    'a list for the client': ({'client': [1]}, 'client should be an object'),
    'text for the client': ({'client': 'x'}, 'client should be an object'),
    'a client of a strange number': ({'client': {'pid': 'x'}}, 'client.pid should be a whole'),
    'a client of a negative number': ({'client': {'pid': -5}}, 'client.pid should be a whole'),
    'a host that is a number': ({'client': {'host': 5}}, 'client.host should be text'),
    'a number for the folder': ({'remote': 5}, 'remote should be a temporary folder'),
    'a folder of the user': ({'remote': 'hdfs://host/data'}, 'remote should be a temporary'),
    'a number for the scratch': ({'scratch': 7}, 'scratch should be text'),
    'a tag of others': ({'tag': 'production'}, 'tag should be a tag of mr-kmeans'),
    'another application': ({'application': 'x'}, 'application should be the id'),
    'a list': ([1], 'should be a JSON object'),
    'a file that is cut': ('{"client": ', 'not JSON'),
    'an empty file': ('', 'the file is empty'),
}


def put(folder, content):
    os.makedirs(folder)
    text = content if isinstance(content, str) else json.dumps(content)
    with open(os.path.join(folder, leftovers.NOTE), 'w', encoding='utf-8') as stream:
        stream.write(text)


@pytest.mark.parametrize('name', DAMAGED)
def test_damaged_record_is_ignored_and_reported(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, words = DAMAGED[name]
    (tmp_path / 'x.csv').write_text('a,b\n1,2\n3,4\n50,7\n')
    fit = ('fit', 'x.csv', '-k', 2, '-o', 'run', '--resume')
    assert call(*fit, '-q').code == 0
    put('run/tmp/jobs', content)
    done = call(*fit)
    assert done.code == 0, done.stderr
    assert 'hadoop.json: ignored, as it is damaged: ' in done.stderr and words in done.stderr
    assert not os.path.exists('run/tmp')


def test_complete_record_is_read(tmp_path):
    note = {
        'host': 'elsewhere',
        'tag': 'mr-kmeans-0123456789ab',
        'scratch': '/tmp/mr-kmeans-x',
        'remote': 'hdfs:///user/me/tmp/mr_kmeans/0123456789ab',
        'client': processes.identity(),
        'application': None,
        'left': True,
    }
    put(tmp_path / 'jobs', note)
    assert leftovers.is_left(LocalStorage(), str(tmp_path / 'jobs'))
    assert not leftovers.is_left(LocalStorage(), str(tmp_path / 'none'))


def test_client_with_another_start_time_is_not_killed():
    """Its pid was reused."""
    leftovers.end_client(dict(processes.identity(), born='1'))
    leftovers.end_client({})
