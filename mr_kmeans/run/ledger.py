"""Bad rows: where they are, why they are bad, and whether the run may continue without them."""

from __future__ import annotations

import csv
import io
import logging
import os
from typing import Dict, List, NamedTuple, Optional, Sequence

from mr_kmeans.errors import DataError
from mr_kmeans.exact.points import Origin
from mr_kmeans.formats.point_reader import MAX_RECORDS
from mr_kmeans.messages import counted
from mr_kmeans.run.directory import LEDGER, RunDirectory
from mr_kmeans.text.line_format import MISSING_ADVICE

log = logging.getLogger(__name__)

HEADER = ['file', 'line', 'reason', 'row']
MAX_SHOWN = 5
LEDGER_HINT = '; the ledger rejected.csv lists them.'


class Entry(NamedTuple):
    """A row that was rejected, or skipped for a missing value."""

    file: str
    line: Optional[int]  # a row of a table has none
    reason: str
    row: str
    was_skipped: bool


class Ledger(NamedTuple):
    """All rows that were rejected or skipped.

    Attributes
    ----------
    entries : list of Entry
        In the input's order; of a split with very many, the first MAX_RECORDS.
    n_rejected, n_skipped, n_blank : int
        Exact, unless `is_cut`.
    is_cut : bool
        A task met too many bad rows and read no further: there are at least as many as counted, and
        the run is refused. What stands behind in the same file has no line numbers, and is not in
        the entries.
    """

    entries: List[Entry]
    n_rejected: int
    n_skipped: int
    n_blank: int
    is_cut: bool = False

    @classmethod
    def of_tallies(
        cls, tallies: Dict[Origin, Dict], files: Sequence[str], names: Sequence[str]
    ) -> Ledger:
        """Return the ledger of the rows that the tasks tallied.

        Parameters
        ----------
        tallies : dict of Origin to dict
            `Tally.to_json` per split.
        files : list of str
            The input, in its order.
        names : list of str
            Of the fields of a line, to name a column by.
        """
        before, entries = lines_before(tallies), []
        order = {file: number for number, file in enumerate(files)}
        cut = set()
        for origin in sorted(tallies, key=lambda origin: (order[origin.file], origin.start)):
            if origin.file in cut:
                continue
            if tallies[origin].get('stopped'):
                cut.add(origin.file)
            for line, reason, row, was_skipped in tallies[origin]['records']:
                entries.append(
                    Entry(
                        origin.file,
                        before[origin] + line + 1,
                        _with_name(reason, names),
                        row,
                        was_skipped,
                    )
                )
        n_rejected, n_skipped, n_blank = (
            sum(tally[what] for tally in tallies.values())
            for what in ('rejected', 'skipped', 'blank')
        )
        return cls(entries, n_rejected, n_skipped, n_blank, bool(cut))

    def report(
        self,
        run: RunDirectory,
        name: str,
        n_samples: int,
        max_bad_rows: int,
    ) -> None:
        """Write the ledger, unless there is a run that has its own; log its content, unless the run
        is refused.

        Parameters
        ----------
        run : RunDirectory
        name : str
            Of the first file, or the table.
        n_samples : int
            Rows that can be used.
        max_bad_rows : int

        Raises
        ------
        DataError
            When there are too many bad rows, or no other ones.
        """
        if run.has_run():
            self.check(
                max_bad_rows,
                f'; {run.out} keeps the run that is in it; with another folder after -o, the list'
                ' of all bad rows is written there.',
            )
        else:
            self.write(run)
            self.check(max_bad_rows, self.listed_in(os.path.join(run.out, LEDGER)))
        if not n_samples:
            found = '; '.join(self.describe())
            raise DataError(
                f'{name}: no usable row; there is nothing to cluster'
                + (f': {found}.' if found else '.')
            )
        for line in self.describe():
            log.info(line)

    def write(self, run: RunDirectory) -> None:
        """Write the ledger into a run's folder; remove it if it is empty."""
        if self.entries:
            run.write_text(self.to_csv(), LEDGER)
        else:
            run.storage.remove(run.path(LEDGER))

    def listed_in(self, path: str) -> str:
        """Return the end of a message: which file lists the bad rows, or some of them."""
        n_listed = sum(not entry.was_skipped for entry in self.entries)
        are_all = n_listed == self.n_rejected and not self.is_cut
        return f'; {path} lists {"them" if are_all else f"{n_listed:,} of them"}.'

    def check(self, max_bad_rows: int, hint: str = LEDGER_HINT) -> None:
        """Raise DataError if more rows were rejected than allowed; `hint` ends the message."""
        if self.n_rejected <= max_bad_rows:
            return
        bad = [entry for entry in self.entries if not entry.was_skipped]
        lines = [
            f'{_place(entry)}: {entry.reason}: {_short(entry.row)}' for entry in bad[:MAX_SHOWN]
        ]
        if self.n_rejected > len(lines):
            lines.append(
                f'... and {"at least " if self.is_cut else ""}{self.n_rejected - len(lines):,}'
                ' more.'
            )
        if self.is_cut:
            lines.append(
                f'At least {self.n_rejected:,} rows are bad, --max-bad-rows {max_bad_rows} allows '
                f'{max_bad_rows or "none"}; the rest was not read. Are the delimiter and --columns '
                f'right? Look at the rows above{hint}'
            )
            raise DataError('\n'.join(lines))
        rows = 'row is' if self.n_rejected == 1 else 'rows are'
        lines.append(
            f'{self.n_rejected:,} {rows} bad, --max-bad-rows {max_bad_rows} allows '
            f'{max_bad_rows or "none"}. {self._advice(bad)}{hint}'
        )
        raise DataError('\n'.join(lines))

    def _advice(self, bad: Sequence[Entry]) -> str:
        """Return how to leave these bad rows out."""
        n_missing = sum(entry.reason.endswith(MISSING_ADVICE) for entry in bad)
        n_others, are_all = len(bad) - n_missing, len(bad) == self.n_rejected
        if n_missing and not n_others:
            if self.n_rejected == 1:
                return 'It has a missing value: use --missing skip to leave such rows out'
            listed = 'All' if are_all else 'All that are listed'
            return f'{listed} have a missing value: use --missing skip to leave such rows out'
        advice = f'Use --max-bad-rows {self.n_rejected} to leave such rows out'
        if n_missing and are_all:
            advice += f' (with --missing skip, --max-bad-rows {n_others} is enough)'
        return advice

    def to_csv(self) -> str:
        """Return the ledger file."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator='\n')
        writer.writerow(HEADER)
        writer.writerows(
            [entry.file, entry.line, entry.reason, entry.row] for entry in self.entries
        )
        return buffer.getvalue()

    @property
    def is_capped(self) -> bool:
        """Whether more rows are counted than are listed."""
        return len(self.entries) < self.n_rejected + self.n_skipped

    def describe(self) -> List[str]:
        """Return lines that describe the bad rows to the user."""
        words = []
        if self.n_rejected:
            words.append(f'{counted(self.n_rejected, "bad row")} left out')
        if self.n_skipped:
            words.append(f'{counted(self.n_skipped, "row")} left out for a missing value')
        if self.n_blank:
            words.append(f'{counted(self.n_blank, "blank line")} ignored')
        if self.is_capped:
            splits = ' of each split' if self.entries and self.entries[0].line is not None else ''
            words.append(f'the ledger shows the first {MAX_RECORDS}{splits}, the counts are of all')
        return words


def lines_before(tallies: Dict[Origin, Dict]) -> Dict[Origin, int]:
    """Return for each split the number of lines of its file before it."""
    before: Dict[Origin, int] = {}
    seen: Dict[str, int] = {}
    for origin in sorted(tallies):
        before[origin] = seen.get(origin.file, 0)
        seen[origin.file] = before[origin] + tallies[origin]['lines']
    return before


def _with_name(reason: str, names: Sequence[str]) -> str:
    """Return a reason that names the column too: "field 3: …" becomes "field 3 ('height'): …"."""
    word, _, rest = reason.partition(': ')
    number = word[6:] if word.startswith('field ') else ''
    if number.isdigit() and 1 <= int(number) <= len(names):
        return f'{word} ({names[int(number) - 1]!r}): {rest}'
    return reason


def _place(entry: Entry) -> str:
    return entry.file if entry.line is None else f'{entry.file} line {entry.line}'


def _short(row: str) -> str:
    return repr(row if len(row) <= 80 else row[:77] + '...')
