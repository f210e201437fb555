"""mrjob's configuration of a runner, which is read only here."""

from __future__ import annotations

import shlex
from typing import Dict, List, Optional

from mrjob.conf import find_mrjob_conf, load_opts_from_mrjob_conf, load_opts_from_mrjob_confs

from mr_kmeans.errors import UsageError
from mr_kmeans.masking import remember, remember_configuration
from mr_kmeans.options import HADOOP, JobOptions
from mr_kmeans.storage.open import Stores


def read_sections(runner: str, conf_path: Optional[str]) -> List[Dict]:
    """Return the options of a runner, those of included files first. Without a path, the files are
    those that mrjob finds.
    """
    return [values for _, values in load_opts_from_mrjob_confs(runner, [conf_path])]


def read_option(runner: str, conf_path: Optional[str], name: str):
    """Return an option of a runner, None if it is not set."""
    found = [values[name] for values in read_sections(runner, conf_path) if values.get(name)]
    return found[-1] if found else None


def option_names(runner: str, conf_path: str) -> List[str]:
    """Return the names of the options that are set in a file or in one that it includes."""
    return [name for _, values in load_opts_from_mrjob_conf(runner, conf_path) for name in values]


def check_configuration(options: JobOptions) -> None:
    """Refuse a configuration that mrjob cannot read; otherwise mask its secrets and those of -D in
    messages.

    Without ``--conf-path``, mrjob looks for a configuration in the usual places.

    Raises
    ------
    UsageError
    """
    try:
        for item in options.jobconf:
            remember(*item.split('=', 1))
        for values in read_sections(options.runner, options.conf_path):
            remember_configuration(values)
    except Exception as error:  # raised by the YAML or JSON parser, or by mrjob for their results
        path = options.conf_path or find_mrjob_conf()
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise UsageError(f'{path}: not a configuration of mrjob ({reason})') from None


def stores_of(options: JobOptions) -> Stores:
    """Return the stores for a run with these options; if its jobs run on a cluster, its command
    ``hadoop`` is ``hadoop_bin`` of mrjob's configuration.

    Raises
    ------
    UsageError
        If mrjob cannot read its configuration.
    """
    if options.runner != HADOOP:
        return Stores()
    check_configuration(options)
    command = read_option(HADOOP, options.conf_path, 'hadoop_bin') or []
    return Stores(
        shlex.split(command) if isinstance(command, str) else [str(part) for part in command]
    )
