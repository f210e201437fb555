"""A NameNode and its DataNode for tests: WebHDFS on a local folder, as much of it as webhdfs.py
uses, and as Hadoop 3.4 does it (test_contract_of_storage.py runs on both)."""

import contextlib
import hashlib
import json
import os
import shutil
from urllib.parse import parse_qs, quote, unquote, urlsplit

from web_service import serving


class Refusal(Exception):
    """An error of HDFS: status, Java's name, words."""


def missing(path):
    return Refusal(404, 'FileNotFoundException', f'File does not exist: {path}')


class FakeWebHdfs:
    """Answers requests; `root` is the folder that HDFS holds."""

    def __init__(self, root):
        self.root = root

    def local(self, path):
        return os.path.join(self.root, path.strip('/'))

    def answer(self, method, target, service):
        url = urlsplit(target)
        path, query = (
            unquote(url.path),
            {key: found[0] for key, found in parse_qs(url.query).items()},
        )
        if path.startswith('/data/'):
            with open(self.local(path[len('/data') :]), 'wb') as stream:
                stream.write(service.asked[-1][2])
            return 201, b''
        do = getattr(self, f'{method}_{query["op"]}'.lower())
        path = path[len('/webhdfs/v1') :]
        try:
            self.check_parents(path)
            found = do(path, query, service.address)
        except Refusal as refusal:
            status, exception, message = refusal.args
            found = {'RemoteException': {'exception': exception, 'message': message}}
            return status, json.dumps(found).encode()
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()

    def check_parents(self, path):
        parent = os.path.dirname(path)
        while parent != '/':
            if os.path.isfile(self.local(parent)):
                raise Refusal(403, 'ParentNotDirectoryException', f'{parent} (is not a directory)')
            parent = os.path.dirname(parent)

    def status(self, path, suffix=''):
        local = self.local(path)
        if not os.path.exists(local):
            raise missing(path)
        found = os.stat(local)
        is_folder = os.path.isdir(local)
        return {
            'type': 'DIRECTORY' if is_folder else 'FILE',
            'length': 0 if is_folder else found.st_size,
            'modificationTime': found.st_mtime_ns // 10**6,
            'fileId': found.st_ino,
            'pathSuffix': suffix,
        }

    def get_getfilestatus(self, path, *_):
        return {'FileStatus': self.status(path)}

    def get_liststatus(self, path, *_):
        status = self.status(path)
        names = os.listdir(self.local(path)) if status['type'] == 'DIRECTORY' else []
        found = [self.status(os.path.join(path, name), name) for name in names]
        return {
            'FileStatuses': {'FileStatus': found if status['type'] == 'DIRECTORY' else [status]}
        }

    def get_getfilechecksum(self, path, *_):
        with open(self.local(path), 'rb') as stream:
            digest = hashlib.md5(stream.read()).hexdigest()
        return {'FileChecksum': {'algorithm': 'MD5-of-0MD5-of-512CRC32C', 'bytes': digest}}

    def get_open(self, path, query, _):
        if self.status(path)['type'] == 'DIRECTORY':
            raise missing(path)
        with open(self.local(path), 'rb') as stream:
            stream.seek(int(query.get('offset', 0)))
            return stream.read(int(query.get('length', -1)))

    def put_mkdirs(self, path, *_):
        if os.path.isfile(self.local(path)):
            raise Refusal(403, 'FileAlreadyExistsException', f'Path is not a directory: {path}')
        os.makedirs(self.local(path), exist_ok=True)
        return {'boolean': True}

    def put_setpermission(self, path, query, _):
        os.chmod(self.local(path), int(query['permission'], 8))
        return b''

    def put_create(self, path, query, address):
        local = self.local(path)
        if os.path.exists(local) and query['overwrite'] != 'true':
            raise Refusal(403, 'FileAlreadyExistsException', f'{path} already exists')
        os.makedirs(os.path.dirname(local), exist_ok=True)
        with open(local, 'wb'):
            quoted = ''.join(quote(one) if one.isascii() else one for one in path)
            return {'Location': f'{address}/data{quoted}'}  # Hadoop leaves what is not ASCII

    def put_rename(self, path, query, _):
        old, new = self.local(path), self.local(query['destination'])
        if not os.path.exists(old):
            raise Refusal(404, 'FileNotFoundException', f'rename source {path} is not found.')
        if os.path.exists(new) and query['renameoptions'] != 'OVERWRITE':
            raise Refusal(403, 'FileAlreadyExistsException', f'rename destination {new} exists')
        os.replace(old, new)
        return b''

    def delete_delete(self, path, *_):
        local = self.local(path)
        found = os.path.exists(local)
        if os.path.isdir(local):
            shutil.rmtree(local)
        elif found:
            os.unlink(local)
        return {'boolean': found}


@contextlib.contextmanager
def serving_webhdfs(root):
    """Serve a folder as HDFS while the block lasts."""
    with serving(FakeWebHdfs(str(root)).answer) as service:
        yield service
