"""The table `iterations.csv`: a row of stats for each iteration."""

from __future__ import annotations

import csv
import io
from typing import Any, Dict, List, Sequence

from mr_kmeans.algorithm.candidate import IterationStats


def format_stats(stats: Sequence[IterationStats]) -> str:
    """Return iterations.csv; what isn't known or has no meaning is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(IterationStats._fields)
    for row in stats:
        rounded: Dict = {'seconds': round(row.seconds, 3), 'job_seconds': round(row.job_seconds, 3)}
        writer.writerow(['' if value is None else repr(value) for value in row._replace(**rounded)])
    return buffer.getvalue()


def parse_stats(text: str) -> List[IterationStats]:
    """Return the stats that `format_stats` wrote; none of a table that somebody else wrote."""
    floats = {'inertia', 'shift', 'seconds', 'job_seconds'}
    try:
        rows: List[Dict[str, Any]] = [
            {
                name: None if value == '' else float(value) if name in floats else int(value)
                for name, value in row.items()
            }
            for row in csv.DictReader(io.StringIO(text, newline=''))
        ]
        return [IterationStats(**row) for row in rows]
    except (TypeError, ValueError):
        return []
