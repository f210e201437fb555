"""The backend on a Hadoop cluster."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import posixpath
import re
import shutil
import tempfile
import uuid
from typing import Dict, Optional, Sequence

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.formats.bzip2chain import check_blocks
from mr_kmeans.formats.compressed import Bzip2Format, format_of
from mr_kmeans.formats.splits import is_compressed
from mr_kmeans.hadoop.conf import hadoop_user
from mr_kmeans.inputs.files import InputFile
from mr_kmeans.inputs.source import Source
from mr_kmeans.mapreduce.backend import Backend, write_local
from mr_kmeans.messages import counted
from mr_kmeans.options import HADOOP, JobOptions
from mr_kmeans.run.directory import POINTS, RunDirectory
from mr_kmeans.runners.launch_hadoop import HadoopLauncher, RemoteInput, Uploads
from mr_kmeans.runners.leftovers import NOTE, SCRATCH_PREFIX
from mr_kmeans.runners.mrjob_options import check_configuration, read_option
from mr_kmeans.storage.open import is_remote
from mr_kmeans.system import processes
from mr_kmeans.system.progress import current, still_running
from mr_kmeans.system.signals import undisturbed

log = logging.getLogger(__name__)

_PATTERNS = frozenset('*?[]{}\\,#')

_NO_URI = re.compile(r'[\x00-\x20\x7f-\x9f"%<>^`|]|\s')
"""Characters in a path that java.net.URI refuses or reads otherwise (%), beside `_PATTERNS`: mrjob
names the files of a job unquoted."""

MUCH_BZIP2 = 64 << 20
"""Minimum number of compressed bytes whose check is reported, since it takes a second."""

TMP_DIR = 'hadoop_tmp_dir'
"""Option of mrjob: the folder in HDFS for temporary files."""


class HadoopBackend(Backend):
    """A Hadoop cluster. What a run has running there is recorded in its temporary folder
    (runners/leftovers.py).
    """

    schemes = frozenset({'', 'hdfs'})
    pack_arguments = ['--output-kind', 'rawbytes']

    def __init__(self, jobs: JobOptions, run: RunDirectory, temporary: str):
        self._run = run
        self._text: Optional[RemoteInput] = None
        self.storage = run.stores.hdfs
        key = uuid.uuid4().hex[:12]
        if is_remote(temporary):
            self._remote = self.storage.join(temporary, f'work-{key}')  # of this process alone
        else:
            check_configuration(jobs)
            self._remote = self.storage.absolute(
                self.storage.join(temporary_root(jobs.conf_path), key)
            )
        self._scratch = tempfile.mkdtemp(prefix=SCRATCH_PREFIX)
        self._note_storage = run.stores.of(temporary)
        self._note_path = self._note_storage.join(temporary, NOTE)
        self._note: Dict = {
            'host': processes.identity()['host'],
            'tag': f'mr-kmeans-{key}',
            'scratch': self._scratch,
            'remote': self._remote,
        }
        try:
            self.note()
            self._make_folder()
            self.launcher = HadoopLauncher(
                jobs,
                run.stores.cluster,
                self._scratch,
                self._remote,
                self._note['tag'],
                self.note,
            )
        except BaseException:
            with contextlib.suppress(RunError, OSError):  # the first error is the one to tell
                self.close()
            raise
        self.points = (
            run.path(POINTS) if is_remote(run.out) else self.storage.join(self._remote, POINTS)
        )

    @classmethod
    def check_folder(cls, path: str) -> None:
        """Refuse a folder in HDFS that Hadoop would read as a pattern, or not as a URI.

        Raises
        ------
        UsageError
        """
        if is_remote(path):
            _check_folder(path)

    def _make_folder(self) -> None:
        try:
            self.storage.make_folder(self._remote)
            self.storage.make_private(self._remote)
        except PermissionError as error:
            if is_remote(self._note_path):
                raise
            raise RunError(
                f'{self._remote}: no folder for temporary files can be made there'
                f' ({error.strerror}). Name one that you may write to, such as'
                f' /tmp/{hadoop_user()}, as {TMP_DIR} in the configuration of mrjob (-c FILE).'
            ) from None

    def note(self, **facts) -> None:
        """Record what is running, unless another run has taken the directory over, to which the
        record would then belong.
        """
        if facts.get('client'):
            self._run.check_lock()
        self._note.update(facts)
        self._note_storage.write(self._note_path, json.dumps(self._note).encode('utf-8'))

    def text(self, source: Source) -> RemoteInput:
        """Return the URIs of the input; local files are uploaded first, once.

        Raises
        ------
        DataError
            When there is a bzip2 file of which Hadoop would leave out rows.
        """
        if self._text is None:
            with current().meanwhile(
                lambda seconds: still_running('checking bzip2 files', seconds)
            ):
                self._check_bzip2(
                    [file for file in source.files if format_of(file.path) is Bzip2Format]
                )
            local = [file for file in source.files if not file.is_remote]
            if local:
                files = local[0].name if len(local) == 1 else f'{len(local)} local files'
                log.info(
                    f'uploading {files} ({counted(sum(file.size for file in local), "byte")}) to'
                    f' {self._remote}'
                )
            uploads = Uploads(self.storage, sum(file.size for file in local))
            with current().meanwhile(uploads.describe):
                uris = [
                    file.path if file.is_remote else self._upload(uploads, number, file.path)
                    for number, file in enumerate(source.files)
                ]
            self._text = RemoteInput.of_files(uris, [file.name for file in source.files])
        return self._text

    def _check_bzip2(self, files: Sequence[InputFile]) -> None:
        n_bytes = sum(file.size for file in files)
        if n_bytes >= MUCH_BZIP2:
            log.info(
                f'checking {counted(len(files), "bzip2 file")} ({n_bytes:,} bytes): Hadoop passes'
                ' over a block whose first bits are damaged'
            )
        for file in files:
            with file.storage.open(file.path, file.size) as stream:
                check_blocks(stream, file.name)

    def packed(self, folder: Optional[str] = None) -> RemoteInput:
        """Return the URI of the packed rows."""
        return RemoteInput('rawbytes', [self.storage.join(folder or self.points, 'part-*')], {})

    def output(self, name: str) -> str:
        return self.storage.join(self._remote, name)

    def note_file(self, name: str, text: str) -> str:
        """Write a temporary file, which mrjob uploads; return its path."""
        return write_local(self._scratch, name, text)

    def share_file(self, name: str, text: str) -> str:
        """Write a temporary file into HDFS, so that it is not sent with each job; return its
        URI.
        """
        uri = self.storage.join(self._remote, name)
        self.storage.write(uri, text.encode('utf-8', 'surrogateescape'))
        return uri

    def close(self) -> None:
        with undisturbed():
            shutil.rmtree(self._scratch, ignore_errors=True)
            self.storage.remove(self._remote)

    def _upload(self, uploads: Uploads, number: int, path: str) -> str:
        """Copy a local file; its new name tells only how it is compressed."""
        extension = os.path.splitext(path)[1].lower()
        uri = self.storage.join(
            self._remote, 'input', f'{number:05d}' + (extension if is_compressed(path) else '')
        )
        uploads.put(path, uri)
        return uri


def _check_folder(path: str) -> None:
    patterns, wrong = _PATTERNS.intersection(path), _NO_URI.search(path)
    if patterns:
        raise UsageError(
            f'{path}: jobs cannot work in a folder with {min(patterns)} in its path, which means a'
            ' pattern to Hadoop. Name another folder.'
        )
    if wrong:
        found = (
            'a space'
            if wrong.group() == ' '
            else wrong.group()
            if wrong.group().isprintable()
            else ascii(wrong.group())
        )
        raise UsageError(
            f'{path}: jobs cannot work in a folder with {found} in its path, which Hadoop does not'
            ' take in a URI. Name another folder.'
        )


def temporary_root(conf_path: Optional[str]) -> str:
    """Return the URI of the folder in HDFS for temporary files of runs whose output is local.

    Parameters
    ----------
    conf_path : str or None
        A configuration of mrjob, whose `TMP_DIR` it is; by default one in the user's own folder.

    Raises
    ------
    UsageError
    """
    root = str(read_option(HADOOP, conf_path, TMP_DIR) or 'tmp/mr_kmeans')
    if '://' not in root:
        root = 'hdfs://' + posixpath.join('/user', hadoop_user(), root)
    if not is_remote(root):
        raise UsageError(
            f'{TMP_DIR} in the configuration of mrjob should be a folder in HDFS, found: {root}'
        )
    _check_folder(root)
    return root
