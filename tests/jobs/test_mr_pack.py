"""Tests of the summary at the end of a packed file, and of damaged ones."""

import pytest
from logged import logged

from mr_kmeans.commands.fit import fit
from mr_kmeans.errors import DataError
from mr_kmeans.jobs.mr_pack import dump_records, load_records
from mr_kmeans.options import FitOptions

RECORDS = [(['rows'], {'rows': 3}), (['split', 'a "name",\n with ends', 0], {'lines': 4})]


def test_summary_round_trips():
    assert load_records(dump_records(RECORDS), 'here') == RECORDS
    assert load_records(dump_records([]), 'here') == []


@pytest.mark.parametrize(
    'damage', [lambda s: s.replace(b'3', b'4', 1), lambda s: s[:-1], lambda s: s[5:], lambda s: b'']
)
def test_damaged_summary_is_refused_with_its_place(damage):
    with pytest.raises(DataError, match='^part-0 at byte 7: a damaged summary'):
        load_records(damage(dump_records(RECORDS)), 'part-0 at byte 7')


def test_rows_with_a_damaged_summary_are_packed_again(tmp_path):
    data = tmp_path / 'rows.csv'
    data.write_text('x\n' + ''.join(f'{i % 7}.25\n' for i in range(50)))
    first = fit([str(data)], str(tmp_path / 'out'), FitOptions(k=3))
    part = sorted((tmp_path / 'out' / 'points').glob('part-*'))[0]
    content = part.read_bytes()
    start = content.index(b'["feature", 0]')
    part.write_bytes(
        content[: start + 20] + bytes([content[start + 20] ^ 1]) + content[start + 21 :]
    )
    said = logged()
    again = fit([str(data)], str(tmp_path / 'out'), FitOptions(k=3), overwrite=True)
    assert (again.hash, again.inertia) == (first.hash, first.inertia)
    assert any(
        line.startswith('the packed rows are damaged, and are packed again: ')
        and 'damaged summary' in line
        for line in said
    )
