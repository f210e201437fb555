"""Labels for rows: the model of a finished run applied to the same or other files."""
from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans import process
from mr_kmeans.centroids import format_iteration
from mr_kmeans.dialect import Dialect, check_numeric, delimiter_bytes
from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.grid import Grid
from mr_kmeans.inputs import check_unchanged, find_files, sniff_files
from mr_kmeans.jobs.mr_assign import HEADER, MRAssign
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.launch import Launcher
from mr_kmeans.ledger import Ledger, lines_before
from mr_kmeans.options import JobOptions, TextOptions
from mr_kmeans.points import Origin
from mr_kmeans.rows import Say, packed_before, read_summaries
from mr_kmeans.rundir import LEDGER, MODEL, POINTS, RunDirectory
from mr_kmeans.selection import resolve_column, select_columns
from mr_kmeans.source import Source, describe, packed_tasks
from mr_kmeans.space import Space
from mr_kmeans.splits import TEXT, Split
from mr_kmeans.storage import UNFINISHED, storage_for
from mr_kmeans.survey import Survey
from mr_kmeans.textformat import TextFormat
from mr_kmeans.textinput import TextInput
from mr_kmeans.wording import counted, shortened

MODEL_KEYS = ('features', 'grid', 'weights', 'centroids', 'counts', 'n_iter', 'options')
"""What is needed of a model."""


class Labelled(NamedTuple):
    """What `assign` did.

    Attributes
    ----------
    labels : str
        The folder.
    n_samples, n_rejected, n_skipped : int
    parts : list of str
        Names of the files in it.
    """

    labels: str
    n_samples: int
    n_rejected: int
    n_skipped: int
    parts: List[str]


def assign(out: str, inputs: Sequence[str], labels: str, text: Optional[TextOptions] = None, jobs: Optional[JobOptions] = None,
           overwrite: bool = False, say: Say = lambda line: None) -> Labelled:
    """Write the label of every row and its distance to the centroid into a folder of CSV files.

    Parameters
    ----------
    out : str
        The output directory of a finished run.
    inputs : sequence of str
        Paths, globs, folders.
    labels : str
        The folder to write.
    text : TextOptions, optional
        Columns and id column are those of the run by default.
    jobs : JobOptions, optional
    overwrite : bool
        Replace `labels` if it is there and holds labels.
    say : callable

    Returns
    -------
    Labelled

    Raises
    ------
    UsageError, DataError, RunError
    """
    text, jobs = text or TextOptions(), jobs or JobOptions()
    for group in (text, jobs):
        group.check()
    run = RunDirectory(out)
    model = read_model(run)
    if os.path.realpath(labels).startswith(os.path.realpath(out) + os.sep):
        raise UsageError(f'-o {labels}: this is within {out}, which only a run writes to. Name a folder beside it.')
    _check_labels(labels, overwrite)
    source = _find_source(model, inputs, text, say)
    say(describe(source))
    folder = _temporary_folder(os.path.abspath(labels))
    try:
        aside, done = _Assignment(run, model, source, jobs, folder, say).go(text.max_bad_rows)
        if overwrite and os.path.isdir(labels):
            os.rename(labels, os.path.join(folder, 'old'))
        os.rename(aside, labels)
        return done._replace(labels=labels)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Assignment:
    """One run of `assign`, in a temporary folder."""

    def __init__(self, run: RunDirectory, model: Dict, source: Source, jobs: JobOptions, folder: str, say: Say):
        self._run, self._model, self._source, self._jobs, self._folder, self._say = run, model, source, jobs, folder, say
        self._launcher = Launcher(jobs, os.path.join(folder, 'jobs'))

    def go(self, max_bad_rows: int) -> Tuple[str, Labelled]:
        """Write the labels; return their folder for now."""
        tasks, tallies = self._tasks()
        ledger = Ledger.of_tallies(tallies, [file.name for file in self._source.files], self._source.dialect.names)
        for line in ledger.describe():
            self._say(line)
        ledger.check(max_bad_rows, 'raise the number to find the others, or mend the file.')
        aside = os.path.join(self._folder, 'labels')
        result = self._launcher.run(MRAssign, tasks, self._arguments(tallies), output=aside)
        if tasks[0][0].kind == TEXT:
            check_unchanged(self._source.files)
        parts = _name_parts(aside)
        if ledger.entries:
            self._run.storage.write(os.path.join(aside, LEDGER), ledger.to_csv().encode('utf-8'))
        return aside, Labelled(aside, result.counters.get('rows', 0), ledger.n_rejected, ledger.n_skipped, parts)

    def _tasks(self) -> Tuple[List[List[Split]], Dict[Origin, Dict]]:
        """Return what the tasks read, and the tallies of the lines of text."""
        if self._jobs.pack and packed_before(self._run, self._source):
            folder = self._run.path(POINTS)
            self._say(f'using the packed rows in {folder}')
            return packed_tasks(folder), Survey.of_records(record for record in read_summaries(folder) if record[0][0] == 'split').tallies
        tasks = self._source.tasks()
        records = self._launcher.run(MRSurvey, tasks, ['--text-input', self._source.text_input.dumps(), '--only-lines']).records
        return tasks, Survey.of_records(records).tallies

    def _arguments(self, tallies: Dict[Origin, Dict]) -> List[str]:
        model = self._model
        space = Space(model['features'], [Grid.from_json(grid) for grid in model['grid']], model['weights'])
        head = {origin.file: tally['head'] for origin, tally in tallies.items() if not origin.start}
        before = [[*origin, lines - head.get(origin.file, 0)] for origin, lines in lines_before(tallies).items()]
        files = {'survey': json.dumps({'space': space.to_json()}), 'lines-before': json.dumps(before),
                 'centroids': format_iteration(model['n_iter'], np.array(model['centroids']), model['counts'], model['features'])}
        arguments = ['--text-input', self._source.text_input.dumps()]
        for name, content in files.items():
            path = os.path.join(self._folder, name)
            with open(path, 'w', encoding='utf-8', newline='') as stream:
                stream.write(content)
            arguments += ['--' + name, path]
        return arguments


def read_model(run: RunDirectory) -> Dict:
    """Return the content of model.json of a finished run."""
    model = run.read_json(MODEL)
    if model is None:
        if not run.storage.is_folder(run.path()):
            what = 'this is a file' if run.storage.exists(run.path()) else 'there is no such folder'
            raise RunError(f'{run.out}: {what}; name the output folder of a fit')
        what = 'the run in it is not finished; fit --resume goes on with it' if run.has_run() else 'no run is in it'
        raise RunError(f'{run.out}: there is no {MODEL}: {what}')
    missing = [key for key in MODEL_KEYS if key not in model]
    if missing:
        raise RunError(f'{run.path(MODEL)}: damaged, or of another version: it has no {missing[0]!r}')
    return model


def _temporary_folder(labels: str) -> str:
    """Make a temporary folder beside that of the labels, and remove those of processes that were killed."""
    parent, name = os.path.split(labels)
    try:
        os.makedirs(parent, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f'-o {labels}: there is a file where a folder above it should be') from None
    me = process.identity()
    for other in os.listdir(parent):
        pid = re.fullmatch(rf'\.{re.escape(name)}\.([0-9]+)@{re.escape(me["host"])}\..*{re.escape(UNFINISHED)}', other)
        if pid and process.is_gone(dict(me, pid=int(pid.group(1)), born=None)):
            shutil.rmtree(os.path.join(parent, other), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f'.{name}.{me["pid"]}@{me["host"]}.', suffix=UNFINISHED, dir=parent)


def _check_labels(labels: str, overwrite: bool) -> None:
    if not labels:
        raise UsageError("-o '': name a folder")
    storage_for(labels)  # refuses what is no place for labels
    if not os.path.lexists(labels) or (os.path.isdir(labels) and not os.listdir(labels)):
        return
    if not overwrite:
        raise UsageError(f'-o {labels}: it exists. Use --overwrite to replace it, or name another folder.')
    if not os.path.isdir(labels) or any(not name.startswith('part-') and name != LEDGER for name in os.listdir(labels)):
        raise UsageError(f'-o {labels}: it holds other things than labels, and is not overwritten. Name another folder.')


def _find_source(model: Dict, inputs: Sequence[str], text: TextOptions, say: Say) -> Source:
    """Look at the input, and find the columns of the model in it."""
    files = find_files(inputs, say)
    options = model['options']
    delimiter = options['delimiter'] if text.delimiter is None else text.delimiter
    dialects = sniff_files(files, None if delimiter is None else delimiter_bytes(delimiter),
                           options['header'] if text.header is None else text.header)
    first = next(dialect for dialect in dialects if not dialect.empty)
    selected = _match(model['features'], first, text.columns)
    id_field = _find_ids(text.id_column, options['id_column'], first, say)
    check_numeric(first, selected, id_field)
    fmt = TextFormat(first.delimiter, first.n_fields, tuple(selected), id_field, text.missing)
    return Source(files, first, TextInput(fmt, first.header))


def _find_ids(asked: Optional[str], of_run: Optional[str], dialect: Dialect, say: Say) -> Optional[int]:
    """Return the field of the ids: the one asked for, or that of the run where there is such a column."""
    if asked is not None:
        return resolve_column(asked, dialect.names, dialect.path, '--id-column')
    if of_run is None:
        return None
    try:
        return resolve_column(of_run, dialect.names, dialect.path, '--id-column')
    except UsageError:
        say(f'{dialect.path}: the id column of the run, {of_run!r}, is not there; the labels come without ids')
        return None


def _match(features: Sequence[str], dialect: Dialect, columns: Optional[str]) -> List[int]:
    """Return the fields that are the model's features, in their order."""
    if columns is not None:
        selected = select_columns(columns, dialect.names, dialect.path)
        if len(selected) != len(features):
            raise UsageError(f'--columns: {counted(len(selected), "column")} chosen, the model has {counted(len(features), "feature")}: '
                             + shortened(', '.join(features), 200))
        return selected
    for name in features:
        n_found = min(dialect.names.count(name), 2)
        if n_found != 1 or features.count(name) > 1:
            what = ['there is no column', 'more than one feature is', 'more than one column is'][n_found]
            raise UsageError(f'{dialect.path}: {what} {name!r}, a feature of the model ({dialect.describe()}). Say with --columns which '
                             f'columns are {shortened(", ".join(features), 200)}.')
    return [dialect.names.index(name) for name in features]


def _name_parts(folder: str) -> List[str]:
    """Give the parts of a job's output their names, leave out those without a row; return the names."""
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    full = [path for path in paths if os.path.getsize(path) > len(HEADER)] or paths[:1]
    for path in paths:
        if path not in full:
            os.unlink(path)
    for number, path in enumerate(full):
        os.rename(path, os.path.join(folder, f'part-{number:05d}.csv'))
    return sorted(os.listdir(folder))
