"""What a run reads is of one moment: files that change while they are loaded, tables that others write to."""
import os

import pytest
from sql_cases import run

from mr_kmeans.errors import RunError
from mr_kmeans.pointreader import PointReader
from mr_kmeans.sql.engine import Engine

N_ROWS = 200_000


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2 - 3)


def overwrite(path):
    with open(path, 'r+') as file:
        file.seek(os.path.getsize(path) // 2)
        file.write('9\n' * 100)


@pytest.mark.parametrize('change', [cut, overwrite])
def test_a_file_that_changes_while_it_is_loaded_is_refused(tmp_path, base, monkeypatch, change):
    path, changed = tmp_path / 'rows.csv', []
    path.write_text('a\n' + ''.join(f'{i % 1000}\n' for i in range(N_ROWS)))
    read = PointReader.__iter__

    def then_change(self):
        for points in read(self):
            if not changed:
                change(path)
                changed.append(path)
            yield points

    monkeypatch.setattr(PointReader, '__iter__', then_change)
    with pytest.raises(RunError, match='rows.csv: it changed while it was read'):
        run([path], tmp_path / 'run', 2, None, {'database': base.url})
    assert changed and not (tmp_path / 'run' / 'model.json').exists()
