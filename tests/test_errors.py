"""What the system refuses, and defects, in words."""

import errno
import os

import pytest

from mr_kmeans import errors


@pytest.mark.parametrize(
    'error, words',
    [
        (
            OSError(errno.ENOSPC, 'No space left on device', 'out/x'),
            ['out/x: No space left on device. Make room', '--resume'],
        ),
        (
            OSError(errno.EFBIG, 'File too large'),
            ['a task: File too large', 'ulimit -f', '--resume'],
        ),
        (PermissionError(errno.EACCES, 'Permission denied', 'out'), ['out: Permission denied']),
        (
            OSError(errno.ENOSPC, 'No space left on device', 'read', None, 'written'),
            ['written: No space left'],
        ),
        (
            OSError(errno.EACCES, 'Permission denied', 'old', None, 'new'),
            ['old: Permission denied'],
        ),
        (OSError('something'), ['a task: something']),
    ],
)
def test_system_errors_become_messages(error, words):
    made = errors.of_os_error(error, 'a task')
    assert isinstance(made, errors.RunError) and made.exit_code == 1
    for word in words:
        assert word in str(made)


def test_unexpected_errors_are_shown_with_their_place():
    try:
        {}['k']
    except KeyError as error:
        assert errors.of_defect(error).startswith(
            f"KeyError: 'k' ({os.path.basename(__file__)} line "
        )
        assert '\n' not in errors.of_defect(error) and 'report it' in errors.of_defect(error)
    assert errors.of_defect(ValueError('no')).startswith('ValueError: no. ')


def test_exit_codes_of_errors():
    kinds = errors.RunError, errors.UsageError, errors.DataError, errors.LockedError
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4]
