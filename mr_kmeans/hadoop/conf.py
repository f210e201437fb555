"""The client's Hadoop configuration, read from its XML files without a JVM."""

from __future__ import annotations

import getpass
import os
import re
from typing import Dict, Optional
from urllib.parse import urlsplit
from xml.etree import ElementTree

DEFAULT_HTTP_PORT = 9870
"""Default port of the NameNode's web interface since Hadoop 3."""

HISTORY_HTTP_PORT = 19888
"""Default port of the JobHistoryServer's web interface."""

_ANYWHERE = ('', '0.0.0.0')
"""Hosts in addresses that tell where a server listens, not where it is."""

_VARIABLE = re.compile(r'\$\{([^}]+)\}')


class HadoopConf:
    """Properties of core-site.xml, hdfs-site.xml, mapred-site.xml and yarn-site.xml.

    Parameters
    ----------
    properties : dict of str to str
    folder : str
        The folder of these files.
    """

    def __init__(self, properties: Dict[str, str], folder: str = ''):
        self._properties, self.folder = properties, folder

    @classmethod
    def read(cls) -> HadoopConf:
        """Read the files in HADOOP_CONF_DIR, else in HADOOP_HOME/etc/hadoop, else in
        /etc/hadoop/conf; missing files are skipped.
        """
        home = os.environ.get('HADOOP_HOME')
        folder = os.environ.get('HADOOP_CONF_DIR') or (
            os.path.join(home, 'etc', 'hadoop') if home else '/etc/hadoop/conf'
        )
        properties: Dict[str, str] = {}
        for name in ('core-site.xml', 'hdfs-site.xml', 'mapred-site.xml', 'yarn-site.xml'):
            try:
                root = ElementTree.parse(os.path.join(folder, name)).getroot()
            except (OSError, ElementTree.ParseError):
                continue
            for item in root.iter('property'):
                properties[(item.findtext('name') or '').strip()] = (
                    item.findtext('value') or ''
                ).strip()
        return cls(properties, folder)

    def get(self, name: str, default: Optional[str] = None) -> Optional[str]:
        """Return a property, with its variables replaced by the other properties."""
        value = self._properties.get(name, default)
        for _ in range(5):
            if value and _VARIABLE.search(value):
                value = _VARIABLE.sub(
                    lambda match: self._properties.get(match.group(1), match.group(0)), value
                )
        return value

    @property
    def default_fs(self) -> Optional[str]:
        """``hdfs://host:port`` of the cluster; None if the configuration names no HDFS."""
        value = (self.get('fs.defaultFS') or '').rstrip('/')
        return value if value.startswith('hdfs://') else None

    @property
    def webhdfs_address(self) -> Optional[str]:
        """``http://host:port`` of WebHDFS if it has the same user and security as the ``hadoop``
        command; else None.

        That is the case with simple authentication, one NameNode and plain HTTP. Otherwise the
        command is used, which supports Kerberos, TLS and high availability.
        """
        if (
            self.get('hadoop.security.authentication', 'simple') != 'simple'
            or self.get('dfs.nameservices')
            or self.get('dfs.http.policy', 'HTTP_ONLY') == 'HTTPS_ONLY'
            or self.get('dfs.webhdfs.enabled', 'true') != 'true'
            or not self.default_fs
        ):
            return None
        address = (
            self.get('dfs.namenode.http-address')
            or f'{urlsplit(self.default_fs).hostname}:{DEFAULT_HTTP_PORT}'
        )
        host, _, port = address.rpartition(':')
        if host in _ANYWHERE:
            host = urlsplit(self.default_fs).hostname or ''
        return f'http://{host}:{port}'

    @property
    def resource_manager(self) -> Optional[str]:
        """``http://host:port`` of the ResourceManager's web services."""
        address = self.get('yarn.resourcemanager.webapp.address')
        if not address and self.get('yarn.resourcemanager.hostname'):
            address = f'{self.get("yarn.resourcemanager.hostname")}:8088'
        return f'http://{address}' if address else None

    @property
    def history_server(self) -> Optional[str]:
        """``http://host:port`` of the JobHistoryServer's web services; None if it is unknown or
        only TLS.
        """
        if self.get('mapreduce.jobhistory.http.policy') == 'HTTPS_ONLY':
            return None
        own = (self.get('mapreduce.jobhistory.address') or '').rpartition(':')[0]
        host, _, port = (self.get('mapreduce.jobhistory.webapp.address') or '').rpartition(':')
        if host in _ANYWHERE:
            host = (
                own if own not in _ANYWHERE else host
            )  # 0.0.0.0 means this machine if all servers run on one
        return f'http://{host}:{port or HISTORY_HTTP_PORT}' if host else None


def hadoop_user() -> str:
    """Return the user that Hadoop's simple authentication assumes for this process."""
    return os.environ.get('HADOOP_USER_NAME') or getpass.getuser()
