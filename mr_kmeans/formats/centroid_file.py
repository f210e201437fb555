r"""The centroid file: k rows for every iteration, as CSV.

Format, UTF-8 with '\n' line ends::

    iteration,cluster_id,count,<feature names>
    0,0,0,4.0
    0,1,0,10.0
    1,0,3,3.0
    1,1,6,18.0

Coordinates are written by ``repr``, so reading them gives the same float64; names are quoted as by
the csv module. Cluster ids are 0 to k-1. Iterations are numbered without gaps. A reader accepts or
refuses the file as a whole: any damage is a DataError that names file and line. Tables
that users write for ``--init`` are read by ``read_initial_centroids``.
"""

from __future__ import annotations

import csv
import difflib
import io
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mr_kmeans.errors import DataError
from mr_kmeans.formats.csv_table import Row, Table, decode, listed, to_float
from mr_kmeans.text.dialect import NAMES_OF_NONE
from mr_kmeans.text.sniff import count_by_one

KEY_COLUMNS = ['iteration', 'cluster_id', 'count']
DELIMITERS = ',\t;'  # of a table given to --init, in order of preference


class CentroidSet(NamedTuple):
    """The centroids of one iteration."""

    iteration: int
    centroids: np.ndarray  # float64 (k, d)
    counts: List[int]  # rows averaged into each centroid; all 0 in iteration 0
    features: List[str]
    line: int = 0  # 1-based line of the first row in its file


# Writing


def format_iteration(
    iteration: int, centroids: np.ndarray, counts: Sequence[int], features: Sequence[str]
) -> str:
    """Return the header and the k rows of one iteration, which is a complete centroid file."""
    return format_centroid_file([CentroidSet(iteration, centroids, list(counts), list(features))])


def format_centroid_file(sets: Sequence[CentroidSet]) -> str:
    """Return one header and the rows of all `sets`, which have the same k and features."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(KEY_COLUMNS + sets[0].features)
    for one in sets:
        centroids = np.asarray(one.centroids, dtype=np.float64) + 0.0  # turns -0 into 0
        if (
            centroids.shape != (len(one.counts), len(sets[0].features))
            or not np.isfinite(centroids).all()
        ):
            raise ValueError(
                'iteration %d: centroids of shape %s, %d counts and %d features do not fit, or are'
                ' not finite' % (one.iteration, centroids.shape, len(one.counts), len(one.features))
            )
        for cluster_id, (count, row) in enumerate(zip(one.counts, centroids.tolist())):
            writer.writerow(
                [one.iteration, cluster_id, int(count)] + [repr(value) for value in row]
            )
    return out.getvalue()


# Reading the centroid file


def read_centroid_file(text: Union[str, bytes], name: str) -> List[CentroidSet]:
    """Return all iterations; an incomplete one is refused like any other damage."""
    text = decode(text, name)
    table = Table(text, name)
    _check_header(table)
    if not text.endswith('\n'):
        raise table.fault(table.rows[-1], 'the last line has no line end, so it may be incomplete')
    groups = _group_by_iteration(table, table.rows[1:])
    for group in groups:
        _check_ids(table, group, len(groups[0]))
    return [_to_set(table, group) for group in groups]


def _check_header(table: Table) -> None:
    if not table.rows:
        raise DataError(
            '%s: no complete line; expected the header %s,<features>'
            % (table.name, ','.join(KEY_COLUMNS))
        )
    header = table.rows[0]
    if header.fields[:3] != KEY_COLUMNS:
        raise table.fault(header, 'expected a header that begins with %s' % ','.join(KEY_COLUMNS))
    if len(header.fields) < 4:
        raise table.fault(
            header, 'expected feature names after %s, found none' % ','.join(KEY_COLUMNS)
        )


def _group_by_iteration(table: Table, rows: List[Row]) -> List[List[Row]]:
    """Split `rows` where the iteration changes, and sort each group by cluster id."""
    if not rows:
        raise table.fault(table.rows[0], 'a header without rows; expected k >= 1 centroids')
    groups: List[List[Row]] = []
    previous: Optional[int] = None
    for row in rows:
        table.check_n_fields(row, len(table.rows[0].fields))
        iteration = table.whole_number(row, 0, 'iteration')
        table.whole_number(row, 2, 'count')
        if previous is not None and previous not in (iteration, iteration - 1):
            raise table.fault(
                row, 'expected iteration %d or %d, found %d' % (previous, previous + 1, iteration)
            )
        if iteration != previous:
            groups.append([])
        groups[-1].append(row)
        previous = iteration
    return [_sort_by_id(table, group, 1) for group in groups]


def _sort_by_id(table: Table, rows: List[Row], column: int) -> List[Row]:
    by_id: Dict[int, Row] = {}
    for row in rows:
        cluster_id = table.whole_number(row, column, 'cluster_id')
        if cluster_id in by_id:
            raise table.fault(
                row, 'cluster_id %d is already in line %d' % (cluster_id, by_id[cluster_id].line)
            )
        by_id[cluster_id] = row
    return [by_id[cluster_id] for cluster_id in sorted(by_id)]


def _check_ids(table: Table, group: List[Row], k: int, column: int = 1, first: int = 0) -> None:
    """Refuse rows, sorted by cluster id, whose ids are not exactly `first` to `first` + k - 1."""
    found = {int(row.fields[column]): row for row in group}
    for cluster_id, row in found.items():
        if not first <= cluster_id < first + k:
            raise table.fault(
                row,
                'cluster_id %d found, expected the ids %d to %d'
                % (cluster_id, first, first + k - 1),
            )
    missing = [cluster_id for cluster_id in range(first, first + k) if cluster_id not in found]
    if missing:
        last = max(group, key=lambda row: row.line)
        raise table.fault(
            last,
            'the iteration ends here without cluster_id %s; expected the ids %d to %d'
            % (listed(missing), first, first + k - 1),
        )


def _to_set(table: Table, group: List[Row]) -> CentroidSet:
    features = table.rows[0].fields[3:]
    centroids = _to_array(table, group, features, range(3, 3 + len(features)))
    line = min(row.line for row in group)
    return CentroidSet(
        int(group[0].fields[0]), centroids, [int(row.fields[2]) for row in group], features, line
    )


def _to_array(
    table: Table, rows: List[Row], features: Sequence[str], positions: Sequence[int]
) -> np.ndarray:
    columns = list(zip(positions, features))
    return np.array(
        [[table.value(row, position, feature) for position, feature in columns] for row in rows],
        dtype=np.float64,
    )


# Reading what a user gives to --init


def read_initial_centroids(
    text: Union[str, bytes], name: str, features: Sequence[str], headerless_data: bool = False
) -> np.ndarray:
    """Return the centroids, of shape (k, d), of a file for --init, with the columns in the order of
    `features`.

    The file is a centroid file, of which the last iteration is used, or a plain table
    separated by comma, tab or semicolon. In a table with a header, columns are matched by name, in
    any order, and rows are sorted by cluster_id (from 0 or 1) if there is one. A table without a
    header has exactly the features in their order. A last line without a line end is accepted if it
    has all numbers.
    """
    text = decode(text, name)
    features = [feature.strip() for feature in features]
    table = Table(text, name, _find_delimiter(text, features), strip=True)
    if not table.rows:
        raise DataError(
            '%s: the file is empty; expected centroids with the columns %s'
            % (name, listed(features))
        )
    if _has_header(table.rows[0], features, headerless_data):
        positions = _match_columns(table, features)
        rows = _rows_below_header(table, positions)
    else:
        positions, rows = list(range(len(features))), table.rows
        for row in rows:
            table.check_n_fields(row, len(features))
    centroids = _to_array(table, rows, features, positions)
    _refuse_duplicates(table, rows, centroids)
    return centroids


def _find_delimiter(text: str, features: List[str]) -> str:
    """Choose the delimiter with which the first line has all features, else as many fields as
    features, else the most fields.
    """
    head = next((line for line in text.splitlines() if line.strip()), '')

    def merit(delimiter: str) -> Tuple[bool, bool, int]:
        fields = [
            field.strip()
            for field in next(csv.reader([head], delimiter=delimiter, skipinitialspace=True), [])
        ]
        return set(features) <= set(fields), len(fields) == len(features), len(fields)

    try:
        return max(DELIMITERS, key=merit)  # in a tie, the first
    except csv.Error:
        return ','


def _has_header(first: Row, features: Sequence[str], headerless_data: bool) -> bool:
    """Return whether the first line is a header: a line of only numbers is none unless these are
    the features' names, nor is a line without any known name.
    """
    if set(features) <= set(first.fields):
        return True
    if all(to_float(field) is not None for field in first.fields):
        return False
    return not headerless_data or not set(first.fields).isdisjoint(KEY_COLUMNS + list(features))


def _match_columns(table: Table, features: Sequence[str]) -> List[int]:
    """Return the position of each feature in the header, which has no other columns except
    KEY_COLUMNS.
    """
    header = table.rows[0]
    first = 3 if _is_centroid_file(header) else 0  # a feature may also be called 'count'
    names = header.fields[first:]
    for feature in features:
        if names.count(feature) == 0:
            near = difflib.get_close_matches(feature, names, n=1)
            raise table.fault(
                header,
                'no column %r%s' % (feature, '; the nearest is %r' % near[0] if near else ''),
            )
        if names.count(feature) > 1:
            raise table.fault(header, 'there are two columns %r' % feature)
    unknown = [
        column
        for column in names[1 if _begins_with_index(table, features) else 0 :]
        if column not in features and (first or column not in KEY_COLUMNS)
    ]
    if unknown:
        shown = [column or 'without a name' for column in unknown]
        raise table.fault(
            header,
            'column %s is not a feature of this run (%s)' % (listed(shown), listed(features)),
        )
    return [first + names.index(feature) for feature in features]


def _begins_with_index(table: Table, features: Sequence[str]) -> bool:
    """Return whether the first column is an index written by pandas, which has no name and counts
    up by one.
    """
    header, rows = table.rows[0], table.rows[1:]
    name = header.fields[0]
    if name in features or not (name == '' or NAMES_OF_NONE.fullmatch(name)):
        return False
    return count_by_one([row.fields[0].encode('utf-8', 'replace') for row in rows])


def _is_centroid_file(header: Row) -> bool:
    return header.fields[:3] == KEY_COLUMNS


def _rows_below_header(table: Table, positions: List[int]) -> List[Row]:
    header, rows = table.rows[0], table.rows[1:]
    if not rows:
        raise table.fault(header, 'a header without rows; expected k >= 1 centroids')
    for row in rows:
        table.check_n_fields(row, len(header.fields))
    if _is_centroid_file(header):
        groups = _group_by_iteration(table, rows)
        _check_ids(table, groups[-1], len(groups[0]))
        return groups[-1]
    keys = {header.fields[i]: i for i in range(len(header.fields)) if i not in positions}
    if len({row.fields[keys['iteration']] for row in rows} if 'iteration' in keys else ()) > 1:
        raise table.fault(
            header,
            'several iterations; such a file must begin with the columns %s'
            % ','.join(KEY_COLUMNS),
        )
    if 'cluster_id' in keys:
        rows = _sort_by_id(table, rows, keys['cluster_id'])
        _check_ids(
            table,
            rows,
            len(rows),
            keys['cluster_id'],
            min(1, int(rows[0].fields[keys['cluster_id']])),
        )
    return rows


def _refuse_duplicates(table: Table, rows: List[Row], centroids: np.ndarray) -> None:
    seen: Dict[Tuple[float, ...], Row] = {}
    for row, centroid in zip(rows, centroids.tolist()):
        earlier = seen.setdefault(tuple(centroid), row)
        if earlier is not row:
            raise table.fault(
                row, 'the same centroid as in line %d; a start needs k distinct ones' % earlier.line
            )
