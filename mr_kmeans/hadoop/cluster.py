"""A Hadoop cluster: its configuration, its commands and the client of its HDFS, as one value.

What has been found out about a cluster is kept in the value and nowhere else, so that two runs in
one process, with different configurations of mrjob, share nothing.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
from typing import List, Optional, Sequence, Union

from mrjob.fs.hadoop import HadoopFilesystem

from mr_kmeans.errors import RunError
from mr_kmeans.hadoop.commands import hadoop_version
from mr_kmeans.hadoop.conf import HadoopConf, hadoop_user
from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.hadoop.webhdfs import HINT, WebHdfs

log = logging.getLogger(__name__)

HdfsClient = Union[WebHdfs, HadoopCommand]


class Cluster:
    """A Hadoop cluster; nothing is read or asked before it is needed.

    Parameters
    ----------
    conf : HadoopConf, optional
        By default that of the environment.
    command : sequence of str
        The command ``hadoop`` with its arguments; if empty, the one that mrjob finds.
    """

    def __init__(self, conf: Optional[HadoopConf] = None, command: Sequence[str] = ()):
        self._given, self._configured = conf, list(command)

    @functools.cached_property
    def conf(self) -> HadoopConf:
        """The configuration of Hadoop's client."""
        return HadoopConf.read() if self._given is None else self._given

    @property
    def command(self) -> List[str]:
        """The command ``hadoop``, with arguments if any are configured."""
        return self._configured or HadoopFilesystem().get_hadoop_bin()

    @property
    def yarn_command(self) -> Optional[str]:
        """The command ``yarn`` beside ``hadoop``, else in HADOOP_HOME, else on the PATH, or
        None.
        """
        hadoop, home = shutil.which(self.command[0]), os.environ.get('HADOOP_HOME')
        folders: List[Optional[str]] = []
        if hadoop:
            folders += [os.path.dirname(hadoop), os.path.dirname(os.path.realpath(hadoop))]
        if home:
            folders.append(os.path.join(home, 'bin'))
        for folder in [*folders, None]:
            found = shutil.which('yarn', path=folder)
            if found:
                return found
        return None

    @functools.cached_property
    def version(self) -> str:
        """The version of Hadoop, such as ``3.4.2``; a JVM is started for it once."""
        return hadoop_version(self.command)

    @functools.cached_property
    def client(self) -> HdfsClient:
        """The client of HDFS: WebHDFS, or the command where that gives another user or less
        security, or where WebHDFS does not answer: behind a firewall, on another port than
        configured, or requiring more than a user name.

        Raises
        ------
        RunError
            If neither answers.
        """
        by_command = HadoopCommand(HadoopFilesystem(self.command))
        if not self.conf.webhdfs_address:
            return by_command
        by_rest = WebHdfs(self.conf.webhdfs_address, hadoop_user())
        try:
            by_rest.check()
            return by_rest
        except RunError as error:
            trouble = str(error).removesuffix(HINT)
        try:
            by_command.check()
        except (RunError, OSError) as error:
            raise RunError(
                f'{self.conf.default_fs} does not answer. By WebHDFS: {trouble} By the command:'
                f' {error}.{HINT}'
            ) from None
        log.warning(
            'WebHDFS is not available (%s): using hadoop fs, about a second per call', trouble
        )
        return by_command
