import re
from pathlib import Path
def edit(path, *pairs):
    s=Path(path).read_text()
    for a,b in pairs:
        if a not in s: print('MISSING',path,repr(a[:60])); continue
        s=s.replace(a,b)
    Path(path).write_text(s)
edit('mr_kmeans/commands/api.py',("            _log if say is None else say,\n",""),("    say = _log if say is None else say\n    arguments.functions(say=say)\n",""),
 ("def _log(line: str) -> None:\n    log.info('%s', line)\n\n\n",""))
s=Path('mr_kmeans/commands/api.py').read_text()
if not re.search(r'\blog\.',s): s=s.replace("log = logging.getLogger('mr_kmeans')\n\n","").replace("import logging\n","")
Path('mr_kmeans/commands/api.py').write_text(s)
edit('mr_kmeans/commands/assign.py',("    arguments.functions(say=say)\n",""),('''        self._run, self._model, self._source, self._place, self._say = (
            run,
            model,
            source,
            place,
        )
''','''        self._run, self._model, self._source, self._place = run, model, source, place
'''),("with saying(), closing","with reporting(), closing"),("import current, saying, still_running","import current, reporting, still_running"))
edit('mr_kmeans/commands/fit.py',("arguments.functions(say=say, watch=watch)","arguments.functions(watch=watch)"),("with saying(), run","with reporting(), run"))
s=Path('mr_kmeans/commands/fit.py').read_text()
s=re.sub(r"self\._initial, self\._say, self\._watch = initial, say, watch","self._initial, self._watch = initial, watch",s)
s=re.sub(r"self\._initial, self\._say, self\._watch = initial, watch","self._initial, self._watch = initial, watch",s)
Path('mr_kmeans/commands/fit.py').write_text(s)
edit('mr_kmeans/commands/init_file.py',("self.init, self._say = init, say","self.init = init"))
edit('mr_kmeans/sql/assign.py',("    arguments.functions(say=say)\n",""),("            saying(),\n","            reporting(),\n"),("import current, saying, still_running","import current, reporting, still_running"))
edit('mr_kmeans/sql/rows.py',('''        self._run, self._source, self._text, self._options, self._say = (
            run,
            source,
            text,
            options,
        )
''','''        self._run, self._source, self._text, self._options = run, source, text, options
'''),("            say(self._table.describe())","            log.info(self._table.describe())"))
edit('mr_kmeans/mapreduce/prepare.py',("self._run, self._source, self._place, self._say = run, source, place, say","self._run, self._source, self._place = run, source, place"))
edit('mr_kmeans/mapreduce/hadoop_backend.py',("self._run, self._say = run, say","self._run = run"))
edit('mr_kmeans/inputs/files.py',("Say = Callable[[str], None]\n",""))
edit('mr_kmeans/run/directory.py',("Say = Callable[[str], None]\n",""))
edit('mr_kmeans/system/progress.py',('''`fit` and `assign` set the receiver (`saying`). A long''','''Lines are logged. `fit` and `assign` begin a progress of their own (`reporting`), so that two of
them in two threads do not meet. A long'''),
('''    """Progress of operations, reported to a receiver of lines.
''','''    """Progress of operations, logged a line at a time.
'''),("    say : callable\n        Called with lines, possibly from another thread.\n","    say : callable\n        Called with lines, possibly from another thread. By default they are logged.\n"),
("def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic):","def __init__(\n        self, say: Callable[[str], None] = log.info, clock: Callable[[], float] = time.monotonic\n    ):"),
("default=Progress(lambda line: None))","default=Progress())"),
('''    """Return the current receiver of progress."""''','''    """Return the progress of this thread's command."""'''),
('''def saying(say: Callable[[str], None]) -> Iterator[None]:
    """Send progress lines to the user of a command."""
    token = _current.set(Progress(say))
''','''def reporting() -> Iterator[None]:
    """Report on a command that begins, apart from any other."""
    token = _current.set(Progress())
'''),
("from mr_kmeans.system import task_counts\n","from mr_kmeans.system import task_counts\n\nlog = logging.getLogger(__name__)\n"),("import contextlib\nimport threading","import contextlib\nimport logging\nimport threading"))
edit('mr_kmeans/cli/main.py',("        say=talk.say,\n",""),("('mr_kmeans', logging.ERROR if quiet else logging.WARNING, heard)","('mr_kmeans', logging.ERROR if quiet else logging.INFO, heard)"))
