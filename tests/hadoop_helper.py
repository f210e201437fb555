"""For tests on a real Hadoop: `Cluster` starts one with `scripts/hadoop` and runs commands in its environment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "hadoop"

sys.path.insert(0, str(SCRIPT.parent))

from hadoop_cluster.processes import find_containers  # noqa: E402


def hadoop(*arguments, **options):
    environ = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run([SCRIPT, *arguments], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=600, **options)


def processes_of(folder):
    """Command lines and working folders of all processes that name a cluster's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes().decode(errors="replace") + os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(folder) in text and int(entry.name) != os.getpid():
            found.append(f"{entry.name} {text[:200]}")
    return found


class Cluster:
    """A cluster in a folder; `options` are those of `scripts/hadoop start`."""

    def __init__(self, folder, *options):
        self.folder = folder
        begin = time.monotonic()
        started = hadoop("start", "--dir", str(folder), *options)
        assert started.returncode == 0, started.stderr
        self.seconds, self.exports, self.talk = time.monotonic() - begin, started.stdout, started.stderr
        shell = subprocess.run(["/bin/sh", "-c", f"{self.exports}\nenv"], stdout=subprocess.PIPE, text=True, check=True)
        self.environ = dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line)

    def status(self):
        return json.loads(hadoop("status", "--json", "--dir", str(self.folder)).stdout)

    def kill(self, daemon):
        """Kill a daemon with -9, as a crash would."""
        _kill([row["pid"] for row in self.status()["daemons"] if row["daemon"] == daemon])

    def kill_node(self, number):
        """Kill the DataNode and the NodeManager of a node and all its tasks, as if its machine had lost power."""
        self.kill(f"nodemanager{number}")
        self.kill(f"datanode{number}")
        _kill(find_containers(self.folder, number))

    def mend(self):
        """Start again what was killed."""
        started = hadoop("start", "--dir", str(self.folder))
        assert started.returncode == 0, started.stderr
        return started

    def run(self, *command, input=None, check=True):
        done = subprocess.run(command, env=self.environ, input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
        assert done.returncode == 0 or not check, done.stderr.decode()
        return done.stdout if check else done


def _kill(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/exe").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
