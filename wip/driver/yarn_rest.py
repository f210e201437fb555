"""What the driver asks of YARN and the history server, over their web services: whose job runs, end it, why it failed.

Only urllib, simple authentication. Where a cluster wants more (Kerberos), `kill` and `why_it_failed` say so by returning
False and None: the `yarn` command is then the way.
"""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

#: Seconds for one answer.
TIMEOUT = 20
#: Seconds until a finished application's logs are in HDFS (its master waits 5 s before it goes, then they are copied).
LOGS_SECONDS = 20

ALIVE = "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING"

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Yarn:
    """The web services of a ResourceManager (or two of them) and a history server: host:port each."""

    def __init__(self, managers, history, user):
        self._managers, self._history, self._user = managers, history, user

    @classmethod
    def from_conf(cls, conf, user):
        """From a configuration (see `hadoop_conf.read_conf`), with Hadoop's defaults for what it does not say."""
        ids = [name.strip() for name in conf.get("yarn.resourcemanager.ha.rm-ids", "").split(",") if name.strip()]
        host = conf.get("yarn.resourcemanager.hostname", "localhost")
        managers = [conf.get(f"yarn.resourcemanager.webapp.address.{name}",
                             f"{conf.get(f'yarn.resourcemanager.hostname.{name}', host)}:8088") for name in ids]
        managers = managers or [conf.get("yarn.resourcemanager.webapp.address", f"{host}:8088")]
        history = conf.get("mapreduce.jobhistory.webapp.address", f"{host}:19888")
        return cls([_reachable(address, host) for address in managers], _reachable(history, host), user)

    def hadoop_version(self):
        """'3.4.2', as the ResourceManager says it; None if it does not answer."""
        found = self._manager("GET", "ws/v1/cluster/info")
        return found and found["clusterInfo"]["hadoopVersion"]

    def running(self, tag):
        """The ids of the applications with a tag (jobconf `mapreduce.job.tags`, lower case) that have not ended."""
        query = urllib.parse.urlencode({"applicationTags": tag, "states": ALIVE})
        found = self._manager("GET", f"ws/v1/cluster/apps?{query}") or {}
        return [app["id"] for app in (found.get("apps") or {}).get("app", [])]

    def state(self, application_id):
        """'RUNNING', 'FINISHED', 'KILLED', …; None if the ResourceManager does not know or does not answer."""
        found = self._manager("GET", f"ws/v1/cluster/apps/{application_id}/state")
        return found and found["state"]

    def kill(self, application_id):
        """End an application; False if the ResourceManager does not let us (then: `yarn application -kill`)."""
        query = urllib.parse.urlencode({"user.name": self._user})
        return self._manager("PUT", f"ws/v1/cluster/apps/{application_id}/state?{query}", {"state": "KILLED"}) is not None

    def why_it_failed(self, job_id, seconds=LOGS_SECONDS):
        """The stderr of a failed task attempt of a job, as (attempt id, text, where it is); None if it is not to be had.

        `job_id` or its application's id. The NodeManager has it while the application lives, the history server as
        soon as the logs have been gathered; both are asked until one has it.
        """
        job_id = job_id.replace("application_", "job_")
        end = time.monotonic() + seconds
        while True:
            for attempt in self._failed_attempts(job_id):
                container, node = attempt.get("assignedContainerId"), attempt.get("nodeHttpAddress")
                for base in ([f"http://{node}/ws/v1/node"] if node else []) + [f"http://{self._history}/ws/v1/history"]:
                    url = f"{base}/containerlogs/{container}/stderr"
                    text = _contents(_get(url))
                    if text:
                        return attempt["id"], text, url
            if time.monotonic() > end:
                return None
            time.sleep(0.5)

    def _failed_attempts(self, job_id):
        """The failed attempts, the last first, from the history server; from the job's master while it runs."""
        application = job_id.replace("job_", "application_")
        bases = [f"http://{self._history}/ws/v1/history/mapreduce/jobs/{job_id}"]
        bases += [f"http://{manager}/proxy/{application}/ws/v1/mapreduce/jobs/{job_id}" for manager in self._managers]
        for base in bases:
            tasks = _json(_get(f"{base}/tasks"))
            if tasks is None:
                continue
            failed = [task["id"] for task in (tasks.get("tasks") or {}).get("task", []) if task["state"] == "FAILED"]
            answers = [_json(_get(f"{base}/tasks/{task}/attempts"), {}) for task in failed[:3]]
            found = [attempt for answer in answers for attempt in (answer.get("taskAttempts") or {}).get("taskAttempt", [])
                     if attempt["state"] == "FAILED"]
            return sorted(found, key=lambda attempt: -attempt.get("finishTime", 0))
        return []

    def _manager(self, method, path, body=None):
        """A ResourceManager's JSON answer, None if none of them gives one. (A standby one redirects, or answers nothing.)"""
        for address in self._managers:
            found = _json(_get(f"http://{address}/{path}", method, body))
            if found is not None:
                return found
        return None


def last_traceback(text, lines=20):
    """The end of a task's stderr that a person wants: from the last Python traceback on, without the shell's `+` lines."""
    kept = [line for line in text.splitlines() if not re.match(r"\++ |log4j:WARN", line)]
    begins = [n for n, line in enumerate(kept) if line.startswith("Traceback (most recent call last)")]
    kept = kept[begins[-1]:] if begins else kept
    return "\n".join(kept if len(kept) <= lines else [kept[0], "  …", *kept[2 - lines:]])


def _contents(answer):
    """The log itself in an answer of `containerlogs`: between the heading and the end mark."""
    if not answer:
        return None
    text = answer.decode(errors="replace")
    match = re.search(r"^LogContents:\n(.*?)\n?^End of LogType:", text, re.S | re.M)
    return (match[1] if match else text).strip()


def _reachable(address, host):
    return re.sub(r"^0\.0\.0\.0:", f"{host}:", address)


def _json(data, default=None):
    try:
        return default if data is None else json.loads(data)
    except ValueError:
        return default


def _get(url, method="GET", body=None):
    """The bytes of an answer, None if there is none or it is an error."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Accept": "application/json" if "/containerlogs/" not in url else "*/*", "Content-Type": "application/json"}
    try:
        with _opener.open(urllib.request.Request(url, data, headers, method=method), timeout=TIMEOUT) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError):
        return None
