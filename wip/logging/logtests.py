import re
from pathlib import Path
IMP='from logged import logged'
def edit(path, *pairs, imp=None):
    p=Path(path); s=p.read_text()
    for a,b in pairs:
        if a not in s: print('MISSING',path,repr(a[:70])); continue
        s=s.replace(a,b)
    s=re.sub(r',\s*say=said\.append(?=,?\s*\))','',s)
    s=re.sub(r'\n\s*say=said\.append,','',s)
    s=re.sub(r',\s*say=say\b','',s)
    if imp and imp not in s:
        m=re.search(r'^(?:from|import) (?!__future__)',s,re.M)
        s=s[:m.start()]+imp+'\n'+s[m.start():]
    p.write_text(s)
edit('tests/commands/test_resume.py',("paths, said = change(problem, tmp_path), []","paths, said = change(problem, tmp_path), logged()"),("out, said = tmp_path / 'out', []","out, said = tmp_path / 'out', logged()"),("    said = []\n","    said = logged()\n"),imp=IMP)
edit('tests/jobs/test_mr_pack.py',("    said = []\n","    said = logged()\n"),imp=IMP)
edit('tests/run/test_scales.py',("    said = []\n","    said = logged()\n"),imp=IMP)
edit('tests/sql/test_sql_queries.py',("base, said = DuckBase(tmp_path / 'base.duckdb'), []","base, said = DuckBase(tmp_path / 'base.duckdb'), logged()"),imp=IMP)
edit('tests/sql/test_sql_tables.py',("{'max_bad_rows': 2}, sql), []","{'max_bad_rows': 2}, sql), logged()"),("        ({'say': 'loud'}, 'say should be'),\n",""),imp=IMP)
edit('tests/support/sql_cases.py',("('resume', 'overwrite', 'watch', 'say')","('resume', 'overwrite', 'watch')"))
edit('tests/support/candidates.py',("jobs, lambda line: None)","jobs)"),("sql, lambda line: None)","sql)"))
edit('tests/mapreduce/test_contract_of_backends.py',("str(tmp_path / 'temporary'), lambda line: None","str(tmp_path / 'temporary')"))
s=Path('tests/test_arguments.py').read_text(); s=re.sub(r"        \('say', lambda: .*\n",'',s); Path('tests/test_arguments.py').write_text(s)
p=Path('tests/system/test_progress.py'); s=p.read_text()
s=re.sub(r"(\n( +)say = Listener\(.*\n)",r"\1\2hear(say)\n",s)
s=s.replace("said, jobs = [], JobOptions('local')","said, jobs = logged(), JobOptions('local')")
p.write_text(s)
edit('tests/system/test_progress.py',imp='from logged import hear, logged')
edit('tests/run/test_contract_of_row_sources.py',("missing='fail'), sql, lambda line: None)","missing='fail'), sql)"))
edit('tests/mapreduce/test_backends.py',("None, str(tmp_path), print)","None, str(tmp_path))"))
p=Path('tests/hadoop/test_hadoop_fs.py'); s=p.read_text()
s=s.replace("Initial(init, said.append)","Initial(init)")
s=re.sub(r",\s*said\.append(?=,?\s*\))","",s)
s=re.sub(r"(\b)said = \[\]",r"\1said = logged()",s)
s=re.sub(r"^(    )(\w+), said = (.*), \[\]$",r"\1\2, said = \3, logged()",s,flags=re.M)
if 'from logged' not in s:
    m=re.search(r'^(?:from|import) (?!__future__)',s,re.M); s=s[:m.start()]+IMP+'\n'+s[m.start():]
p.write_text(s)
p=Path('tests/system/test_progress.py'); s=p.read_text()
if 'test_only_the_user_of_the_command_gets_lines' in s:
    a=s.index("def test_only_the_user_of_the_command_gets_lines"); b=s.index("def test_meanwhile_reports")
    s=s[:a]+'''def test_each_command_has_a_progress_of_its_own():
    with reporting():
        mine = current()
        with reporting():
            assert current() is not mine
        assert current() is mine
    assert current() is not mine


def test_two_threads_do_not_meet():
    with reporting():
        mine, theirs = current(), []
        thread = threading.Thread(target=lambda: theirs.append(current()))
        thread.start()
        thread.join()
    assert theirs != [mine]


'''+s[b:]
s=s.replace("saying","reporting")
p.write_text(s)
p=Path('mr_kmeans/cli/main.py'); s=p.read_text()
i=s.index("    done = api.assign("); j=s.rindex("talk = talk_of(quiet, verbose)",0,i); s=s[:j]+s[j:].replace("talk = talk_of(quiet, verbose)","talk_of(quiet, verbose)",1); p.write_text(s)
p=Path('mr_kmeans/system/progress.py'); s=p.read_text(); s=s.replace("Progress(lambda line: None)","Progress()"); p.write_text(s)
for f in Path('mr_kmeans').rglob('*.py'):
    s=f.read_text(); n=re.sub(r'(from mr_kmeans\.system\.progress import [^\n]*)\bsaying\b',r'\1reporting',s)
    if n!=s: f.write_text(n)
edit('tests/cli/test_cli.py',("(((), ['urgent', 'worth knowing']), (('-q',), ['urgent']))","(((), ['urgent', 'worth knowing', 'a message']), (('-q',), ['urgent']))"),("                ('info', 'nothing'),\n","                ('info', 'a message'),\n                ('debug', 'nothing'),\n"),("def test_warnings_of_ours_are_heard_unless_quiet","def test_what_is_logged_is_shown_unless_quiet"))
