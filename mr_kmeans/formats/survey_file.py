"""The survey as a file: `survey.json` of a run, or the output lines of the survey job."""

from __future__ import annotations

import json

from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey


def load_space(text: str) -> FeatureSpace:
    """Return the feature space in a run's survey.json, or in the output of the survey job."""
    first = text.lstrip()[:1]
    if first == '{':
        return FeatureSpace.from_json(json.loads(text)['space'])
    survey = Survey.of_records(
        (json.loads(key), json.loads(value))
        for key, value in (line.split('\t') for line in text.splitlines())
    )
    return survey.space([f'x{j + 1}' for j in range(len(survey.moments))])
