"""The rows of a run in a database, and passes over them by SQL statements."""

from __future__ import annotations

import io
import json
import logging
import time
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from mr_kmeans.algorithm.lloyd import (
    Iteration,
    PassResult,
    RowFacts,
    advance,
    gains_little,
    inertia_of,
    stopped_by,
)
from mr_kmeans.errors import UsageError
from mr_kmeans.exact.column import to_floats
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import Grid
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.point_reader import SPLITS, STOP_MARGIN, PointReader
from mr_kmeans.formats.splits import total_bytes
from mr_kmeans.inputs.files import check_unchanged
from mr_kmeans.masking import masked
from mr_kmeans.messages import counted
from mr_kmeans.options import DEFAULT_MISSING, FitOptions, SqlOptions, TextOptions
from mr_kmeans.run import scales
from mr_kmeans.run.directory import DATABASE, MANIFEST, RunDirectory
from mr_kmeans.run.ledger import Ledger
from mr_kmeans.run.loop import read_iteration
from mr_kmeans.run.row_source import RowSource
from mr_kmeans.sql.centroid_table import Centers, identify
from mr_kmeans.sql.connect import connect, connect_own
from mr_kmeans.sql.database import Database
from mr_kmeans.sql.identifiers import (
    CANDIDATES_TABLE,
    CENTERS_TABLE,
    centers_table_of,
    parse_table,
    quote,
)
from mr_kmeans.sql.passes import NextOf, SqlPasses
from mr_kmeans.sql.screen import Screening
from mr_kmeans.sql.survey import Ranges, find_fingerprint, find_ranges, survey
from mr_kmeans.sql.table_source import (
    TableSource,
    define_points,
    define_values,
    find_ledger,
    find_table,
)
from mr_kmeans.system.progress import current, reading, still_running

if TYPE_CHECKING:
    from mr_kmeans.inputs.source import Source

log = logging.getLogger(__name__)

LOADED = 'mr_kmeans_rows'
"""The temporary table of rows from files."""


def _surveying(seconds: float) -> str:
    return still_running('surveying the rows', seconds)


class SqlRows(RowSource):
    """Rows in a database: a table or query of the user, or loaded from files into a temporary
    table.

    Parameters
    ----------
    run : RunDirectory
        Open.
    source : Source or None
        The files.
    text : TextOptions
    options : SqlOptions
    """

    def __init__(
        self,
        run: RunDirectory,
        source: Optional[Source],
        text: TextOptions,
        options: SqlOptions,
    ):
        self._run, self._source, self._text, self._options = run, source, text, options
        self._connection: Optional[Database] = None
        self._is_new = False  # the folder's own database, and no run has begun in it
        self._table: TableSource  # unless the rows are in files
        self._defined: Optional[Tuple[Ranges, List[Grid]]] = None
        self._survey: Optional[Survey] = None
        self._scratch: Optional[Centers] = None
        self._screening: Optional[Screening] = None
        if source:
            self.features, self.has_names = source.features, source.dialect.header
        else:
            try:
                self._table = find_table(self._engine, options, text)
            except BaseException:
                self.close()
                raise
            log.info(self._table.describe())
            self.features, self.has_names = [column.name for column in self._table.selected], True

    @property
    def _engine(self) -> Database:
        """The connection, made when it is first needed."""
        if self._connection is None:
            if self._options.database is None:
                self._is_new = not self._run.storage.exists(self._run.path(DATABASE))
                self._connection = connect_own(self._run)
            else:
                self._connection = connect(
                    self._options.database, may_make=self._source is not None
                )
        return self._connection

    def close(self) -> None:
        """Close the connection; remove the database in the folder if no run has begun in it."""
        if self._connection is not None:
            self._connection.close()
            if self._is_new or (self._options.database is None and not self._run.has_run()):
                self._run.remove_database()

    def to_json(self) -> Dict:
        """Return what identifies the rows; a run can be resumed only with the same. The database is
        not named, since its URL may contain a secret.
        """
        if self._source:
            return self._source.to_json()
        what = (
            {'table': self._options.table}
            if self._options.query is None
            else {'query': masked(self._options.query)}
        )
        reading = {'id_column': self._text.id_column, 'missing': self._text.missing}
        return {
            'inputs': [what],
            'text_input': json.dumps(reading),
            'features': self.features,
            'names': [self._table.label],
        }

    def begin(self, manifest: Dict, overwrite: bool) -> None:
        """Make the centroid table."""
        self._centers().create(identify(manifest, self._fingerprint()), overwrite)
        self._is_new = False

    def recover(self, manifest: Dict, options: FitOptions, capacity: int) -> List[Iteration]:
        """Return the iterations in the centroid table, when it is of this run.

        Raises
        ------
        UsageError
            When it is of other rows.
        """
        centers = self._centers()
        if not centers.belongs_to(identify(manifest)):
            return []
        found, _ = self.make(options, capacity)
        if not centers.belongs_to(identify(manifest, found.fingerprint)):
            raise UsageError(
                f'--resume: the rows have changed since the table {centers.table} was written. Use'
                ' --overwrite to start again.'
            )
        return centers.read()

    def make(self, options: FitOptions, capacity: int) -> Tuple[Survey, FeatureSpace]:
        """Define the views of values and points, survey the rows, write the ledger."""
        if self._survey is None:
            with current().meanwhile(_surveying), self._engine.snapshot():
                ranges, grids = self._define()
                self._survey = survey(self._engine, ranges, grids, options.seed, capacity)
        return self._survey, self._survey.space(self.features, options.feature_weights)

    def compare(
        self,
        options: FitOptions,
        capacity: int,
        remembered: Survey,
        space: FeatureSpace,
        moved: str,
    ) -> None:
        """Refuse rows other than those of the run; if the files are the same in everything that the
        manifest knows, so are the rows.

        Raises
        ------
        UsageError
        """
        if moved or not self._source:
            self._check_rows(remembered, space, moved)

    def scaling_hint(self, expressions: Dict[str, str]) -> str:
        """Return how columns are replaced by expressions of SQL."""
        if self._source:
            return scales.hint_of_files(self._source, expressions, self.ledger)
        table = self._options.table
        if table is None:
            return 'in the query, ' + scales.select_items(expressions)
        if self._engine.dialect == 'duckdb':
            statement = scales.replaced(expressions, table)
        else:
            ids = [] if self._table.id_column is None else [self._table.id_column.name]
            statement = scales.listed(expressions, [*ids, *self.features], table)
        return f'in place of --table, --query {scales.shell_quoted(statement)}'

    def make_again(
        self,
        options: FitOptions,
        capacity: int,
        remembered: Survey,
        space: FeatureSpace,
        iterations: List[Iteration],
        moved: str,
    ) -> None:
        """Define the views again, and check that the rows and the centroid table are those of the
        run.

        Raises
        ------
        UsageError, RunError
        """
        self._check_rows(remembered, space, moved)
        centers, manifest = self._centers(), self._run.read_json(MANIFEST) or {}
        run = identify(manifest, remembered.fingerprint)
        if not centers.belongs_to(run):
            if centers.belongs_to(identify(manifest, remembered.fingerprint, with_files=True)):
                centers.mark(run)
            else:
                centers.create(run, False)
        self._is_new = False
        centers.check(iterations)

    def passes(self, facts: RowFacts, survey: Survey) -> SqlPasses:
        """Return what makes passes over the rows; the centroids are in a temporary table."""
        if self._scratch is None:
            self._scratch = Centers(
                self._engine, (self._engine.temporary_schema, CANDIDATES_TABLE), self.features
            )
            self._scratch.create_temporary()
        return self._passes(self._scratch, facts, survey)

    def passes_of_fit(self, facts: RowFacts, survey: Survey, options: FitOptions) -> SqlPasses:
        """Return what makes the passes of a fit; its iterations are also in the centroid table."""

        def next_of(iteration: Iteration, found: PassResult) -> Optional[Iteration]:
            little = False
            if iteration.number and options.tol_inertia is not None:
                before = self._inertia_before(iteration, facts)
                little = gains_little(
                    before, inertia_of(iteration, found, facts), options.tol_inertia
                )
            goes_on = stopped_by(iteration, options.tol, options.max_iter, little) is None
            return advance(iteration, found, facts) if goes_on else None

        return self._passes(self._centers(), facts, survey, next_of)

    def _inertia_before(self, iteration: Iteration, facts: RowFacts) -> Optional[float]:
        """Return the inertia of the iteration before one that is in the run's files."""
        d = len(facts.space.features)
        return read_iteration(self._run, iteration.number, facts.n_samples, d)[2]

    def _passes(
        self, centers: Centers, facts: RowFacts, survey: Survey, next_of: Optional[NextOf] = None
    ) -> SqlPasses:
        """Return passes; all of them share what the screen has packed."""
        if self._engine.screens and self._screening is None:
            self._screening = Screening(self._engine, facts.space, survey)
        return SqlPasses(
            self._engine, centers, facts, survey, self._screening, self._options.plan, next_of
        )

    def _check_rows(self, remembered: Survey, space: FeatureSpace, moved: str) -> None:
        """Define the views; refuse rows other than those of the run: even if the sums are equal,
        the fingerprint is not.
        """
        found = ''
        with current().meanwhile(_surveying), self._engine.snapshot():
            ranges, grids = self._define()
            same = grids == space.grids
            if ranges.n_good != remembered.n_samples:
                same, before = False, counted(remembered.n_samples, 'row')
                found = f' (there were {before}, there are {ranges.n_good:,})'
            if same:
                same = self._fingerprint() == remembered.fingerprint
        if not same:
            what = (
                f'the input differs: {moved}; its rows are not those of the run'
                if moved
                else 'the rows have changed since the run began'
            )
            raise UsageError(f'--resume: {what}{found}. Use --overwrite to start again.')

    def _fingerprint(self) -> int:
        if self._survey is not None:
            return self._survey.fingerprint
        ranges, _ = self._define()
        self._engine.prepare_hashes()
        return find_fingerprint(self._engine, len(self.features), ranges.n_good)

    def _centers(self) -> Centers:
        return Centers(self._engine, self._centers_table(), self.features, self._run.path())

    def _centers_table(self) -> Tuple[str, ...]:
        """Return the name of the centroid table: the user's, or one of the run's own."""
        if self._options.centers_table is not None:
            return parse_table(self._options.centers_table, '--centers-table')
        if self._options.database is None:
            return (CENTERS_TABLE,)
        return (centers_table_of(self._run.out, self._engine.max_name_bytes),)

    def _define(self) -> Tuple[Ranges, List[Grid]]:
        """Define the views, once; write the ledger; return the ranges of the values, and the
        grids.
        """
        if self._defined is None:
            engine, d = self._engine, len(self.features)
            engine.check_features(d)
            if self._source:
                self.ledger = self._load(self._source)
                define_values(engine, LOADED, [f'v_{j}' for j in range(1, d + 1)])
                ranges = find_ranges(engine, d)
            else:
                define_values(engine, self._relation(), self._table.values)
                ranges = find_ranges(engine, d)
                missing = self._text.missing or DEFAULT_MISSING
                self.ledger = find_ledger(engine, self._table, ranges, missing)
                self.ledger.report(
                    self._run, self._table.label, ranges.n_good, self._text.max_bad_rows
                )
            grids = ranges.grids()
            define_points(engine, grids, ranges.n_rows == ranges.n_good)
            self._defined = ranges, grids
        return self._defined

    def _relation(self) -> str:
        """Return what the passes read: the query's rows, or a copy of the table's features.

        One statement reads all of it, so that the run's rows are of one moment, whoever writes to
        the table meanwhile, and whatever a view makes them of. Sums would not tell that values have
        changed places between rows.
        """
        if self._options.table is None:
            return self._table.relation
        features = ', '.join(quote(column.name) for column in self._table.selected)
        return self._engine.snapshot_query(f'SELECT {features} FROM {self._table.relation}')

    def _load(self, source: Source) -> Ledger:
        """Load the rows of the files as they are parsed for the jobs."""
        started = time.monotonic()
        splits = [split for task in source.tasks() for split in task]
        reader = PointReader(
            io.BytesIO(b''.join(split.dumps() for split in splits)),
            SPLITS,
            source.text_input,
            stop_after=self._text.max_bad_rows + STOP_MARGIN,
        )
        with current().meanwhile(reading('loading the rows', total_bytes(splits))):
            n_rows = self._engine.load(
                [to_floats(column) for column in points.columns] for points in reader
            )
        tallies = {origin: tally.to_json() for origin, tally in reader.tallies.items()}
        names = [file.name for file in source.files]
        check_unchanged(source.files)
        ledger = Ledger.of_tallies(tallies, names, source.dialect.names)
        ledger.report(self._run, names[0], n_rows, self._text.max_bad_rows)
        log.info(
            f'loaded {counted(n_rows, "row")} into {self._engine.name} in'
            f' {time.monotonic() - started:.1f} s'
        )
        return ledger
