"""What a Hadoop client's configuration says: the files of HADOOP_CONF_DIR, read without a JVM."""

import os
import re
import shutil
import xml.etree.ElementTree

#: In the order in which Hadoop reads them; a later file wins.
FILES = ("core-site.xml", "hdfs-site.xml", "yarn-site.xml", "mapred-site.xml")


def conf_dir(environ=os.environ):
    """The folder of the configuration, None if there is none to be seen."""
    command = shutil.which("hadoop", path=environ.get("PATH"))
    homes = [environ.get("HADOOP_HOME"), command and os.path.dirname(os.path.dirname(os.path.realpath(command)))]
    for path in (environ.get("HADOOP_CONF_DIR"), *(os.path.join(home, "etc", "hadoop") for home in homes if home),
                 "/etc/hadoop/conf"):
        if path and os.path.exists(os.path.join(path, "core-site.xml")):
            return path
    return None


def read_conf(folder):
    """{name: value} of the site files of a folder, `${other.name}` filled in."""
    raw = {}
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            for item in xml.etree.ElementTree.parse(path).getroot().iter("property"):
                raw[item.findtext("name", "").strip()] = item.findtext("value", "").strip()
    return {name: _fill(value, raw) for name, value in raw.items()}


def _fill(value, raw, depth=20):
    """Hadoop's own substitution: other properties and `${env.NAME}`; what is unknown stays as it is."""
    def known(match):
        name = match[1]
        return os.environ.get(name[4:], match[0]) if name.startswith("env.") else raw.get(name, match[0])

    filled = re.sub(r"\$\{([^}$\s]+)\}", known, value)
    return value if filled == value or not depth else _fill(filled, raw, depth - 1)
