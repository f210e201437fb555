r"""The hash of a model, the result of a run.

The model hash is the SHA-256, in hexadecimal, of these bytes (integers and floats little-endian):

=========================  =====================================================================
bytes                      content
=========================  =====================================================================
18                         ``mr_kmeans model 1\n``
8                          d, unsigned
per feature 4 + length     length of the name in UTF-8, unsigned; the name
per feature 1 + 4          the grid: ``d`` or ``b``; its exponent, signed
                           (steps of 10**-exponent or 2**exponent)
per feature 8              the weight, float64
8                          k, unsigned
8 × k × d                  the centroids, float64, cluster by cluster
8 × k                      the counts of the centroids' own partition, unsigned
=========================  =====================================================================
"""

from __future__ import annotations

import hashlib
import struct
from typing import Sequence

import numpy as np

from mr_kmeans.exact.feature_space import FeatureSpace

_MAGIC = b'mr_kmeans model 1\n'


def model_hash(space: FeatureSpace, centroids: np.ndarray, counts: Sequence[int]) -> str:
    """Return the model hash.

    Parameters
    ----------
    space : FeatureSpace
    centroids : ndarray of shape (k, d), float64
    counts : sequence of k int
        The number of rows nearest to each centroid.
    """
    parts = [_MAGIC, struct.pack('<Q', len(space.features))]
    for name in space.features:
        encoded = name.encode('utf-8')
        parts += [struct.pack('<I', len(encoded)), encoded]
    parts += [
        struct.pack('<ci', grid.kind[0].encode('ascii'), grid.exponent) for grid in space.grids
    ]
    parts += [struct.pack('<d', weight) for weight in space.weights]
    parts.append(struct.pack('<Q', len(centroids)))
    parts.append((np.asarray(centroids, dtype='<f8') + 0.0).tobytes())
    parts += [struct.pack('<Q', count) for count in counts]
    return hashlib.sha256(b''.join(parts)).hexdigest()
