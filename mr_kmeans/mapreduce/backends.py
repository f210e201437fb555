"""Where the jobs of a run work: on this machine, or on a Hadoop cluster. All that differs between
the two is here.

A place has

=================  ==========================================================================================
launcher           runs a job on what `text` or `packed` gave
storage            where jobs write what stays in a folder
points             the folder of the packed rows, in `storage`
text(source)       the input of a pass over text
packed(folder)     the input of a pass over packed rows, by default those in `points`
output(name)       a folder for a job to write, in `storage`, temporary
note_file(name, …) puts a small file where a job can be given it
pack_arguments     what the pack job is told in addition
=================  ==========================================================================================
"""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import re
import shutil
import tempfile
import uuid
from typing import Dict, List, Optional, Sequence

from mr_kmeans.errors import RunError, UsageError, naming
from mr_kmeans.formats.bzip2chain import check_blocks
from mr_kmeans.formats.compressed import Bzip2Format, format_of
from mr_kmeans.formats.splits import Split, is_compressed
from mr_kmeans.hadoop.conf import hadoop_user
from mr_kmeans.inputs.files import InputFile
from mr_kmeans.inputs.source import Source, packed_tasks
from mr_kmeans.messages import counted
from mr_kmeans.options import HADOOP, JobOptions
from mr_kmeans.run.directory import POINTS, RunDirectory, Say
from mr_kmeans.runners.launch_local import Launcher
from mr_kmeans.runners.leftovers import NOTE, SCRATCH_PREFIX
from mr_kmeans.runners.mrjob_options import check_configuration, read_option
from mr_kmeans.storage.local import LocalStorage
from mr_kmeans.storage.open import is_remote, storage_for
from mr_kmeans.system import processes
from mr_kmeans.system.progress import current, still_running
from mr_kmeans.system.signals import undisturbed

_PATTERNS = frozenset('*?[]{}\\,#')

_NO_URI = re.compile(r'[\x00-\x20\x7f-\x9f"%<>^`|]|\s')
"""What java.net.URI refuses in a path, or takes for something else (%), beside `_PATTERNS`: mrjob
names the files of a job unquoted."""

MUCH_BZIP2 = 64 << 20
"""Compressed bytes that take a second to check; it is reported."""

TMP_DIR = 'hadoop_tmp_dir'
"""mrjob's option: the folder in HDFS for what is temporary."""


def make_place(jobs: JobOptions, run: RunDirectory, temporary: str, say: Say):
    """Return the place that the options name.

    Parameters
    ----------
    jobs : JobOptions
    run : RunDirectory
        Whose packed rows are meant.
    temporary : str
        A folder for this use alone, local or in HDFS; the caller removes it.
    say : callable
        Takes lines for the user.
    """
    return (
        HadoopPlace(jobs, run, temporary, say)
        if jobs.runner == HADOOP
        else LocalPlace(jobs, run, temporary)
    )


def check_paths(jobs: JobOptions, inputs: Sequence[str], folders: Sequence[str]) -> None:
    """Refuse what the runner cannot reach, and folders whose names Hadoop would take for patterns.

    Raises
    ------
    UsageError
    """
    for path in (*inputs, *folders):
        if is_remote(path) and jobs.runner != HADOOP:
            raise UsageError(
                f'{path}: -r {jobs.runner} reads and writes local files only; use -r {HADOOP} for'
                ' hdfs://'
            )
    for path in folders:
        if is_remote(path):
            _check_folder(path)


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


class LocalPlace:
    """This machine, for the inline and local runners."""

    pack_arguments: List[str] = []

    def __init__(self, jobs: JobOptions, run: RunDirectory, temporary: str):
        # of this process alone: a run whose lock was taken must not write to its successor's
        self._temporary = os.path.join(temporary, uuid.uuid4().hex[:12])
        self.launcher = Launcher(jobs, self._temporary)
        self.storage, self.points = LocalStorage(), run.path(POINTS)

    def text(self, source: Source) -> List[List[Split]]:
        """Return the splits of each task."""
        return source.tasks()

    def packed(self, folder: Optional[str] = None) -> List[List[Split]]:
        """Return the splits of each task."""
        return packed_tasks(folder or self.points)

    def output(self, name: str) -> str:
        """Return the path of a folder that is not there yet."""
        return os.path.join(self._temporary, name)

    def note_file(self, name: str, text: str) -> str:
        """Write a temporary file; return its path."""
        return write_local(self._temporary, name, text)

    def close(self) -> None:
        """Leave nothing."""


class HadoopPlace:
    """A Hadoop cluster. What a run has at work there is noted in its temporary folder (work.py)."""

    pack_arguments = ['--output-kind', 'rawbytes']

    def __init__(self, jobs: JobOptions, run: RunDirectory, temporary: str, say: Say):
        from mr_kmeans.runners.launch_hadoop import HadoopLauncher
        from mr_kmeans.storage.hdfs import storage_of_cluster

        self._run, self._say, self._text = run, say, None
        self.storage = storage_of_cluster()
        key = uuid.uuid4().hex[:12]
        if is_remote(temporary):
            self._remote = self.storage.join(temporary, f'work-{key}')  # of this process alone
        else:
            check_configuration(jobs)
            self._remote = self.storage.absolute(
                self.storage.join(temporary_root(jobs.conf_path), key)
            )
        self._scratch = tempfile.mkdtemp(prefix=SCRATCH_PREFIX)
        self._note_storage = storage_for(temporary)
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
                jobs, self._scratch, self._remote, self._note['tag'], self.note
            )
        except BaseException:
            with contextlib.suppress(RunError, OSError):  # the first error is the one to tell
                self.close()
            raise
        self.points = (
            run.path(POINTS) if is_remote(run.out) else self.storage.join(self._remote, POINTS)
        )

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
        """Note what is at work now, unless another run has taken the directory over: the note would
        then be its own.
        """
        if facts.get('client'):
            self._run.check_lock()
        self._note.update(facts)
        self._note_storage.write(self._note_path, json.dumps(self._note).encode('utf-8'))

    def text(self, source: Source):
        """Return the URIs of the input; local files are uploaded first, once.

        Raises
        ------
        DataError
            When there is a bzip2 file of which Hadoop would leave out rows.
        """
        from mr_kmeans.runners.launch_hadoop import RemoteInput, Uploads

        if self._text is None:
            with current().meanwhile(
                lambda seconds: still_running('checking bzip2 files', seconds)
            ):
                self._check_bzip2(
                    [file for file in source.files if format_of(file.path) is Bzip2Format]
                )
            local = [file for file in source.files if not is_remote(file.path)]
            if local:
                files = local[0].name if len(local) == 1 else f'{len(local)} local files'
                self._say(
                    f'uploading {files} ({counted(sum(file.size for file in local), "byte")}) to'
                    f' {self._remote}'
                )
            uploads = Uploads(self.storage, sum(file.size for file in local))
            with current().meanwhile(uploads.describe):
                uris = [
                    file.path if is_remote(file.path) else self._upload(uploads, number, file.path)
                    for number, file in enumerate(source.files)
                ]
            self._text = RemoteInput.of_files(uris, [file.name for file in source.files])
        return self._text

    def _check_bzip2(self, files: Sequence[InputFile]) -> None:
        n_bytes = sum(file.size for file in files)
        if n_bytes >= MUCH_BZIP2:
            self._say(
                f'checking {counted(len(files), "bzip2 file")} ({n_bytes:,} bytes): Hadoop passes'
                ' over a block whose first bits are damaged'
            )
        for file in files:
            with (
                self.storage.open(file.path, file.size)
                if is_remote(file.path)
                else open(file.path, 'rb')
            ) as stream:
                check_blocks(stream, file.name)

    def packed(self, folder: Optional[str] = None):
        """Return the URI of the packed rows."""
        from mr_kmeans.runners.launch_hadoop import RemoteInput

        return RemoteInput('rawbytes', [self.storage.join(folder or self.points, 'part-*')], {})

    def output(self, name: str) -> str:
        """Return the URI of a folder that is not there yet."""
        return self.storage.join(self._remote, name)

    def note_file(self, name: str, text: str) -> str:
        """Write a temporary file, which mrjob uploads; return its path."""
        return write_local(self._scratch, name, text)

    def close(self) -> None:
        """Leave nothing, neither here nor there."""
        with undisturbed():
            shutil.rmtree(self._scratch, ignore_errors=True)
            self.storage.remove(self._remote)

    def _upload(self, uploads, number: int, path: str) -> str:
        """Copy a local file; its name says no more than how it's compressed."""
        extension = os.path.splitext(path)[1].lower()
        uri = self.storage.join(
            self._remote, 'input', f'{number:05d}' + (extension if is_compressed(path) else '')
        )
        uploads.put(path, uri)
        return uri


def write_local(folder: str, name: str, text: str) -> str:
    """Write a small file; return its path."""
    path = os.path.join(folder, name)
    with (
        naming(path),
        open(path, 'w', encoding='utf-8', errors='surrogateescape', newline='') as stream,
    ):
        stream.write(text)
    return path
