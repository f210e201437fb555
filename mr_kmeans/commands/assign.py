"""Labels for rows: the model of a finished run applied to the same or other files."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import Dict, List, Optional, Sequence, Tuple, Union

from mr_kmeans import arguments
from mr_kmeans.errors import DamagedRowsError, DataError, KMeansError, RunError, UsageError
from mr_kmeans.exact.points import Origin
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.centroid_file import format_iteration
from mr_kmeans.formats.point_reader import STOP_MARGIN
from mr_kmeans.inputs.files import InputFile, check_unchanged, find_files
from mr_kmeans.inputs.heads import blaming_damage, sniff_files
from mr_kmeans.inputs.source import Source, describe
from mr_kmeans.jobs.mr_assign import MRAssign
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.mapreduce.backends import check_paths, make_backend
from mr_kmeans.mapreduce.label_parts import fetch_parts, name_parts
from mr_kmeans.mapreduce.packed import packed_before, summaries
from mr_kmeans.mapreduce.points_folder import remove_points
from mr_kmeans.messages import LABEL, counted
from mr_kmeans.options import JobOptions, TextOptions, check_groups
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.run.label_folder import LabelFolder
from mr_kmeans.run.ledger import Ledger, lines_before
from mr_kmeans.run.model_file import Model, read_model
from mr_kmeans.run.result import AssignResult
from mr_kmeans.runners.mrjob_options import stores_of
from mr_kmeans.storage.open import Stores
from mr_kmeans.system.progress import current, reporting, still_running
from mr_kmeans.system.signals import closing, undisturbed
from mr_kmeans.text.column_selection import resolve_column
from mr_kmeans.text.delimiters import delimiter_bytes, delimiter_name, delimiter_word
from mr_kmeans.text.dialect import Dialect
from mr_kmeans.text.features import check_filled, check_header, check_numeric
from mr_kmeans.text.line_format import TextFormat
from mr_kmeans.text.model_columns import describe_columns, find_columns
from mr_kmeans.text.text_input import TextInput

log = logging.getLogger(__name__)


def assign(
    out: str,
    inputs: Sequence[str],
    labels: str,
    text: Optional[TextOptions] = None,
    jobs: Optional[JobOptions] = None,
    overwrite: bool = False,
) -> AssignResult:
    """Write the label of every row and its distance to the centroid into a folder of CSV files.

    Parameters
    ----------
    out : path
        The output directory of a finished run.
    inputs : path or sequence of paths
        Files, globs, folders, str or pathlib.Path.
    labels : path
        The folder to write.
    text : TextOptions, optional
        Columns, id column, delimiter, header and `missing` are those of the run by default.
    jobs : JobOptions, optional
    overwrite : bool
        Replace `labels` if it is there and holds labels.

    Returns
    -------
    AssignResult

    Raises
    ------
    UsageError, DataError, RunError
    """
    text, jobs = TextOptions() if text is None else text, JobOptions() if jobs is None else jobs
    check_groups(text=(text, TextOptions), jobs=(jobs, JobOptions))
    inputs, out = arguments.paths('inputs', inputs), arguments.path('out', out)
    labels = arguments.path('labels', labels)
    overwrite = arguments.flag('overwrite', overwrite)
    check_paths(jobs, inputs, [out, labels])
    stores = stores_of(jobs)
    run = RunDirectory(out, stores=stores)
    model = read_model(run)
    folder = LabelFolder(labels, overwrite, stores)
    if folder.storage.real(folder.target).startswith(run.storage.real(run.path()) + '/'):
        raise UsageError(
            f'-o {labels}: this is within {out}, which only a run writes to. Name a folder'
            ' beside it.'
        )
    source = _find_source(model, inputs, text, stores)
    log.info(describe(source))
    folder.open()
    try:
        backend = make_backend(jobs, run, folder.temporary)
        with reporting(), closing(backend):
            made, ledger, done = _Assignment(run, model, source, backend, folder).go(
                text.max_bad_rows
            )
            with undisturbed():
                folder.put(made, ledger)
        return done
    finally:
        with undisturbed():
            folder.close()


class _Assignment:
    """One run of `assign`, whose labels go to a temporary folder beside the one to be."""

    def __init__(
        self,
        run: RunDirectory,
        model: Model,
        source: Source,
        backend: Backend,
        folder: LabelFolder,
    ):
        self._run, self._model, self._source, self._backend = run, model, source, backend
        self._folder, self._reads_text = folder, False

    def go(self, max_bad_rows: int) -> Tuple[str, bytes, AssignResult]:
        """Write the labels; return their folder for now, and the list of rejected rows."""
        try:
            return self._label(*self._data(max_bad_rows), max_bad_rows)
        except DamagedRowsError as error:
            if self._reads_text:
                raise
            log.info(f'the packed rows are damaged, and the text is read in their place: {error}')
            self._throw_away()
            self._backend.storage.remove(self._backend.output('labels'))
            return self._label(*self._text(max_bad_rows), max_bad_rows)

    def _label(
        self, data, tallies: Dict[Origin, Dict], max_bad_rows: int
    ) -> Tuple[str, bytes, AssignResult]:
        names = [file.name for file in self._source.files]
        ledger = Ledger.of_tallies(tallies, names, self._source.dialect.names)
        if ledger.n_rejected > max_bad_rows:
            ledger.check(max_bad_rows, self._list_refused(ledger))
        for line in ledger.describe():
            log.info(line)
        backend, made = self._backend, self._backend.output('labels')
        result = backend.launcher.run(MRAssign, data, self._arguments(tallies), output=made)
        if self._reads_text:
            check_unchanged(self._source.files)
        elif not packed_before(backend, self._source):
            raise RunError(
                f'the packed rows in {backend.points} were replaced meanwhile, by another run.'
                ' Nothing was kept; try again.'
            )
        n_samples, n_rows = (
            result.counters.get('rows', 0),
            sum(tally['rows'] for tally in tallies.values()),
        )
        if n_samples != n_rows:
            raise (RunError if self._reads_text else DamagedRowsError)(
                f'the tasks labeled {counted(n_samples, "row")} of {n_rows:,}: the input has'
                ' changed, or a task lost rows. Nothing was kept.'
            )
        storage, folder = self._folder.storage, self._folder
        if backend.storage.scheme != storage.scheme:
            aside = storage.join(folder.temporary, 'fetched')
            with current().meanwhile(lambda seconds: still_running('fetching the labels', seconds)):
                fetch_parts(backend.storage, made, aside)
            made = aside
        with current().meanwhile(
            lambda seconds: still_running('naming the files of labels', seconds)
        ):
            named = storage.join(folder.temporary, 'named')
            parts = name_parts(storage, made, named, names)
        listed = ledger.to_csv().encode('utf-8') if ledger.entries else b''
        return (
            named,
            listed,
            AssignResult(
                folder.labels,
                n_samples,
                ledger.n_rejected,
                ledger.n_skipped,
                parts,
                folder.shown_ledger if listed else None,
            ),
        )

    def _list_refused(self, ledger: Ledger) -> str:
        """List the rows that are the reason to refuse the input; return where."""
        folder = self._folder
        with undisturbed():
            if folder.put_list(ledger.to_csv().encode('utf-8')):
                return ledger.listed_in(folder.shown_ledger)
        return (
            f'; {folder.labels} keeps its labels and their list; with another folder after -o, the'
            ' list of all bad rows is written beside that.'
        )

    def _data(self, max_bad_rows: int) -> Tuple[object, Dict[Origin, Dict]]:
        """Return what the tasks read, and the tallies of the lines of text."""
        backend = self._backend
        if backend.launcher.options.pack and packed_before(backend, self._source):
            log.info(f'using the packed rows in {backend.points}')
            records = (
                record for record in summaries(backend, backend.points) if record[0][0] == 'split'
            )
            return backend.packed(), Survey.of_records(records).tallies
        return self._text(max_bad_rows)

    def _throw_away(self) -> None:
        """Remove the packed rows, unless a run is in the folder, or it is not writable: then the
        next fit does it.
        """
        with contextlib.suppress(KMeansError, OSError):
            self._run.open()
            with closing(self._run):
                remove_points(self._backend)

    def _text(self, max_bad_rows: int) -> Tuple[object, Dict[Origin, Dict]]:
        """Return what tasks read of the text, and its tallies."""
        self._reads_text, backend = True, self._backend
        data = backend.text(self._source)
        reading = [
            '--text-input',
            self._source.text_input.dumps(),
            '--only-lines',
            '--stop-after',
            str(max_bad_rows + STOP_MARGIN),
        ]
        records = backend.launcher.run(MRSurvey, data, reading).records
        return data, Survey.of_records(records).tallies

    def _arguments(self, tallies: Dict[Origin, Dict]) -> List[str]:
        model = self._model
        head = {origin.file: tally['head'] for origin, tally in tallies.items() if not origin.start}
        before = [
            [*origin, lines - head.get(origin.file, 0)]
            for origin, lines in lines_before(tallies).items()
        ]
        files = {
            'survey': json.dumps({'space': model.space.to_json()}),
            'lines-before': json.dumps(before),
            'centroids': format_iteration(
                model.n_iter, model.centroids, model.counts, model.features
            ),
        }
        arguments = ['--text-input', self._source.text_input.dumps()]
        for name, content in files.items():
            arguments += ['--' + name, self._backend.note_file(name, content)]
        return arguments


def _find_source(model: Model, inputs: Sequence[str], text: TextOptions, stores: Stores) -> Source:
    """Look at the input, and find the columns of the model in it."""
    files = find_files(inputs, stores)
    with blaming_damage(files):
        return _look(model, files, text)


def _look(model: Model, files: List[InputFile], text: TextOptions) -> Source:
    options = model.options
    delimiter = options['delimiter'] if text.delimiter is None else text.delimiter
    dialects = sniff_files(
        files,
        None if delimiter is None else delimiter_bytes(delimiter),
        options['header'] if text.header is None else text.header,
        LABEL,
    )
    first = next(dialect for dialect in dialects if not dialect.empty)
    try:
        selected = _find_features(model, first, text)
    except UsageError as error:
        raise _of_delimiter(files, model, text) or error from None
    mapping = describe_columns(model.features, [first.names[i] for i in selected])
    if first.header and mapping:
        log.info(mapping)
    id_field = _find_ids(text.id_column, options['id_column'], first)
    check_numeric(first, selected, id_field, of_model=True)
    missing = options['missing'] if text.missing is None else text.missing
    fmt = TextFormat(first.delimiter, first.n_fields, tuple(selected), id_field, missing)
    said = 'the run was told' if text.header is None else '--no-header says'
    check_header(dialects, fmt, text.max_bad_rows, said)
    for line in check_filled(dialects, fmt, text.max_bad_rows, of_model=True):
        log.info(line)
    return Source(files, first, TextInput(fmt, first.header))


def _find_features(model: Model, dialect: Dialect, text: TextOptions) -> List[int]:
    return find_columns(
        model.features,
        dialect.names,
        dialect.path,
        text.columns,
        dialect.header,
        dialect.describe(),
    )


def _of_delimiter(files, model: Model, text: TextOptions) -> Optional[UsageError]:
    """Return the error of files that only the delimiter of the run does not fit."""
    options = model.options
    if text.delimiter is not None or options['delimiter'] is None:
        return None
    try:
        dialects = sniff_files(
            files, None, options['header'] if text.header is None else text.header, LABEL
        )
        first = next(dialect for dialect in dialects if not dialect.empty)
        _find_features(model, first, text)
    except (DataError, UsageError):
        return None
    return UsageError(
        f'{first.path}: it is separated by {delimiter_name(first.delimiter)}, but fit was given'
        f' --delimiter {options["delimiter"]}. Say --delimiter {delimiter_word(first.delimiter)}.'
    )


def _find_ids(
    asked: Union[str, int, None], of_run: Optional[str], dialect: Dialect
) -> Optional[int]:
    """Return the field of the ids: the one asked for, or that of the run where there is such a
    column.
    """
    if asked is not None:
        return resolve_column(asked, dialect.names, dialect.path, '--id-column')
    if of_run is None:
        return None
    try:
        return resolve_column(of_run, dialect.names, dialect.path, '--id-column')
    except UsageError:
        log.info(
            f'{dialect.path}: the id column of the run, {of_run!r}, is not there; the labels come'
            ' without ids'
        )
        return None
