"""A store for tests that cannot rename: files by their whole path, as in S3; a folder is what paths
have in common."""

import contextlib
import io
import os
import posixpath

from mr_kmeans.storage.base import RemoteStorage
from mr_kmeans.system.file_status import Status


class ObjectStorage(RemoteStorage):
    """Objects in memory; `log` has every (verb, path) that changed one."""

    scheme = 'objects'

    def __init__(self):
        self.objects, self.log = {}, []

    def absolute(self, path):
        scheme, _, rest = path.partition('://')
        return f'{scheme}://' + posixpath.normpath(rest)

    def join(self, *parts):
        return posixpath.join(*parts)

    def statuses(self, paths):
        return [self._status(path) for path in paths]

    def _status(self, path):
        name = posixpath.basename(path)
        if path in self.objects:
            return Status(name, False, len(self.objects[path]), 0)
        is_folder = any(one.startswith(path + '/') for one in self.objects)
        return Status(name, True, 0, 0) if is_folder else None

    def entries(self, folder):
        below = [path[len(folder) + 1 :] for path in self.objects if path.startswith(folder + '/')]
        names = sorted({path.partition('/')[0] for path in below} - {''})
        return self.statuses([f'{folder}/{name}' for name in names])

    def checksums(self, paths):
        return [''] * len(paths)

    def make_folder(self, path):
        while path.count('/') > 2:
            if path in self.objects:
                raise NotADirectoryError(20, 'a file is in the way', path)
            path = posixpath.dirname(path)

    def make_private(self, path):
        pass

    def open(self, path, size=None):
        return io.BytesIO(self.read(path))

    def read(self, path):
        if path not in self.objects:
            raise FileNotFoundError(2, 'no such object', path)
        return self.objects[path]

    def write(self, path, data):
        self.log.append(('put', path))
        self.objects[path] = data

    def create(self, path, data):
        if path in self.objects:  # PUT with If-None-Match: *
            raise FileExistsError(17, 'there is such an object', path)
        self.write(path, data)

    def put(self, path, content, size):
        self.create(path, content.read(size))

    def publish(self, folder, target, marker=None):
        paths = [path[len(folder) + 1 :] for path in self.objects if path.startswith(folder + '/')]
        self.move_files(folder, target, {path: path for path in paths}, marker)

    def move_files(self, folder, target, names, marker=None):
        for name in sorted(names, key=lambda name: (name == marker, name)):
            self.write(f'{target}/{names[name]}', self.read(f'{folder}/{name}'))
        for name in sorted(names, key=lambda name: (name != marker, name)):
            self.remove(f'{folder}/{name}')

    def remove(self, path):
        for one in [one for one in self.objects if one == path or one.startswith(path + '/')]:
            self.log.append(('delete', one))
            del self.objects[one]

    def remove_empty(self, folder):
        pass

    def remove_if(self, path, content):
        if self.objects.get(path, content) != content:  # DELETE with If-Match
            return False
        self.remove(path)
        return True

    @contextlib.contextmanager
    def alone(self, folder):
        yield

    def fetch(self, folder, sizes, target):
        for name in sizes:
            with open(os.path.join(target, name), 'wb') as stream:
                stream.write(self.read(f'{folder}/{name}'))
