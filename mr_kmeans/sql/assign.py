"""Labels for the rows of a table: a table or a view in the database, with the rows' own columns or their id."""
from __future__ import annotations

from typing import Callable, Dict, NamedTuple

import numpy as np

from mr_kmeans.errors import DataError, UsageError
from mr_kmeans.grid import Grid
from mr_kmeans.lloyd import Rows
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.space import Space
from mr_kmeans.sql import expressions
from mr_kmeans.sql.engine import Engine, connect
from mr_kmeans.sql.names import parse_table, quote, quote_table
from mr_kmeans.sql.passes import check_overflow, may_vanish
from mr_kmeans.sql.source import TableSource, define_values, find_ledger, find_table
from mr_kmeans.sql.statements import numbered
from mr_kmeans.sql.survey import find_ranges

LABEL_COLUMNS = ('cluster_id', 'distance')


class LabelledTable(NamedTuple):
    """What `assign_table` did.

    Attributes
    ----------
    labels : str
        The table or view.
    n_samples, n_rejected, n_skipped : int
    """

    labels: str
    n_samples: int
    n_rejected: int
    n_skipped: int


def assign_table(model: Dict, labels: str, text: TextOptions, options: SqlOptions, view: bool = False, overwrite: bool = False,
                 say: Callable[[str], None] = lambda line: None) -> LabelledTable:
    """Label the rows of a table or query by a model.

    Parameters
    ----------
    model : dict
        Content of model.json.
    labels : str
        The table or view to make: the rows' columns (with an id column, only this one), ``cluster_id`` and ``distance``.
    text : TextOptions
    options : SqlOptions
    view : bool
        Make a view, that labels rows when it is read; the table has to stay.
    overwrite : bool
        Replace `labels`.
    say : callable

    Raises
    ------
    KMeansError
    """
    if view and options.query is not None:
        raise UsageError('--view needs --table: a query is evaluated once, and its rows are gone afterwards')
    engine = connect(options.database)
    try:
        if text.columns is None:
            text = TextOptions(**dict(vars(text), columns=_columns(model)))
        if text.id_column is None and model['options'].get('id_column'):
            text = TextOptions(**dict(vars(text), id_column=model['options']['id_column']))
        source = find_table(engine, options, text)
        if len(source.selected) != len(model['features']):
            raise UsageError(f'--columns: {len(source.selected)} columns chosen, the model has {len(model["features"])} features: '
                             + ', '.join(model['features']))
        return _label(engine, model, source, labels, text, view, overwrite, say)
    finally:
        engine.close()


def _columns(model: Dict) -> str:
    names = model['features']
    if any(',' in name for name in names):
        raise UsageError('name the features with --columns: there are commas in their names')
    return ','.join(names)


def _label(engine: Engine, model: Dict, source: TableSource, labels: str, text: TextOptions, view: bool, overwrite: bool,
           say: Callable[[str], None]) -> LabelledTable:
    say(source.describe())
    define_values(engine, source.relation, source.values)
    ranges = find_ranges(engine, len(source.selected))
    ledger = find_ledger(engine, source, ranges, text.missing)
    for line in ledger.describe():
        say(line)
    ledger.check(text.max_bad_rows, 'raise the number to leave them without a label.')
    if not ranges.n_good:
        raise DataError(f'{source.label}: no usable row; there is nothing to label')
    space = Space(model['features'], [Grid.from_json(grid) for grid in model['grid']], model['weights'])
    centroids = np.array(model['centroids'])
    if engine.vanishing_products_fail:
        largest = [int(max(-low, high) / float(grid.step)) + 1 if float(grid.step) else 0
                   for low, high, grid in zip(ranges.minima, ranges.maxima, space.grids)]
        facts = Rows(ranges.n_good, space, [size * size for size in largest], [])
        check_overflow(facts, centroids)
        if may_vanish(facts, centroids):
            raise DataError(f'{source.label}: squares of differences so small that {engine.name} refuses them. Use --engine mapreduce.')
    table = quote_table(parse_table(labels, '-o'))
    with engine.transaction():
        if overwrite and engine.table_comment(table) is not None:
            engine.fetch(f'DROP {"VIEW" if engine.is_view(table) else "TABLE"} {table}')
        engine.fetch(_statement(engine, source, space, centroids, f'CREATE {"VIEW" if view else "TABLE"} {table}'))
    return LabelledTable(labels, ranges.n_good, ledger.n_rejected, ledger.n_skipped)


def _statement(engine: Engine, source: TableSource, space: Space, centroids: np.ndarray, create: str) -> str:
    d = len(space.features)
    kept = [source.id_column] if source.id_column else source.columns
    clash = [column.name for column in kept if column.name.lower() in LABEL_COLUMNS]
    if clash:
        raise UsageError(f'{source.label}: a column is called {clash[0]!r}, as one of the labels. Use --id-column, or rename it in a '
                         '--query.')
    own = numbered('kept', (quote(column.name) for column in kept))
    rows = [[str(cluster)] + [expressions.number(value) for pair in zip(centroid, space.weights) for value in pair]
            for cluster, centroid in enumerate(centroids.tolist())]
    snapped = (expressions.snapped(f'v_{j}', grid) for j, grid in enumerate(space.grids, 1))
    names = dict(numbered('value', source.values), **numbered('x', snapped), source=source.relation, create=create,
                 limit=expressions.number(expressions.LIMIT), centroids=', '.join(f'({", ".join(row)})' for row in rows),
                 kept=', '.join(own.values()), names=', '.join(own.values()))
    return engine.statement('labels', d, names=names)
