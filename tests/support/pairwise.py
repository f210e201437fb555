"""Few cases in which any two values of different factors meet."""

from collections import Counter
from itertools import combinations, product


def pairwise(*factors):
    """Return rows, a value of each factor, such that every pair of values of two factors is in one
    of them; greedily, so not the fewest.

    >>> pairwise('ab', [1, 2], [True])
    [('a', 1, True), ('b', 2, True), ('a', 2, True), ('b', 1, True)]
    """
    left = {
        ((i, a), (j, b)): None
        for (i, one), (j, other) in combinations(enumerate(factors), 2)
        for a, b in product(one, other)
    }
    rows, uses = [], Counter()
    while left:
        row = dict(next(iter(left)))
        for i, factor in enumerate(factors):
            if i not in row:
                row[i] = max(
                    factor,
                    key=lambda value: (len(new_pairs({**row, i: value}, left)), -uses[i, value]),
                )
        for pair in new_pairs(row, left):
            del left[pair]
        uses.update(row.items())
        rows.append(tuple(row[i] for i in range(len(factors))))
        left = dict(
            sorted(left.items(), key=lambda item: sum(row[i] == value for i, value in item[0]))
        )  # far from this row first
    return rows


def new_pairs(row, left):
    return [pair for pair in combinations([(i, row[i]) for i in sorted(row)], 2) if pair in left]
