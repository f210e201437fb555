"""ARCHITECTURE.md tells the truth: its tables name every folder and module, and imports keep its
rule."""

import ast
import importlib.util
import os
import re
from typing import Dict, List, NamedTuple, Set, Tuple

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = 'mr_kmeans'
BASE = {'arguments', 'dependencies', 'errors', 'json_fields', 'masking', 'messages', 'options'}
"""Modules beside the folders, which everything may import."""

ENTRANCES = {'__main__'}
"""Modules beside the folders that begin a program and may import everything."""

NODE_FOLDERS = {'exact', 'system', 'algorithm', 'text', 'formats', 'jobs'}
ON_NODES = {'numpy', 'mrjob'}
OF_NUMBERS = {
    '__future__', 'abc', 'base64', 'fractions', 'functools', 'hashlib', 'itertools', 'logging',
    'math', 'numpy', 'struct', 'sys', 'typing',
}  # fmt: skip
"""What `exact` and `algorithm` may import beside themselves; `sys` is for the byte order,
`logging` for what starts report."""

PRINTING = {'print', 'click.echo', 'click.secho', 'sys.stdout.write', 'sys.stderr.write'}
READING_AND_WRITING = PRINTING | {'open', 'input', 'exec', 'eval'}


class Module(NamedTuple):
    """The source of a module: what it imports, at the top and inside functions, what it calls, its
    syntax tree."""

    imports: Set[str]
    inner: Set[str]
    foreign: Set[str]
    calls: Set[str]
    tree: ast.Module


def read_document() -> str:
    with open(os.path.join(ROOT, 'ARCHITECTURE.md'), encoding='utf-8') as file:
        return file.read()


def section(title: str) -> str:
    return read_document().partition(f'## {title}\n')[2].partition('\n## ')[0]


def read_folders() -> List[str]:
    """The folders, top floor first."""
    return re.findall(r'^\| `(\w+)/` \| .+ \|$', section('Folders'), re.MULTILINE)


def read_map() -> List[Tuple[str, str]]:
    """(folder, module) of each row of the code map."""
    parts = [part.partition('\n') for part in section('Code map').split('\n### ')[1:]]
    return [
        ('' if title == 'At the top' else title.rstrip('/'), module)
        for title, _, rows in parts
        for module in re.findall(r'^\| `([\w.]+)` \| .+ \|$', rows, re.MULTILINE)
    ]


def find_modules() -> Dict[str, str]:
    """{name below the package: path}, without the packages themselves."""
    found = {}
    for folder, _, names in os.walk(os.path.join(ROOT, PACKAGE)):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith('.py') and name != '__init__.py':
                relative = os.path.relpath(path, os.path.join(ROOT, PACKAGE))
                found[relative[:-3].replace(os.sep, '.')] = path
    return found


PATHS = find_modules()
FOLDERS = read_folders()
FLOOR = {folder: len(FOLDERS) - place for place, folder in enumerate(FOLDERS)}


def folder_of(module: str) -> str:
    return module.partition('.')[0] if '.' in module else ''


def parse(module: str) -> Module:
    with open(PATHS[module], encoding='utf-8') as file:
        tree = ast.parse(file.read(), feature_version=(3, 9))
    found = Module(set(), set(), set(), set(), tree)

    def visit(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                found.calls.add(ast.unparse(child.func))
            for name in imported(child):
                if name.split('.')[0] != PACKAGE:
                    found.foreign.add(name.split('.')[0])
                elif name != PACKAGE:
                    (found.inner if inside else found.imports).add(name[len(PACKAGE) + 1 :])
            visit(child, inside or isinstance(child, (ast.FunctionDef, ast.Lambda)))

    visit(tree, False)
    return found


def imported(node) -> List[str]:
    """The modules that a node of a syntax tree imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, 'a relative import does not work where a job file runs as a script'
    names = [f'{node.module}.{alias.name}' for alias in node.names]
    return [
        name if name.startswith(PACKAGE) and name[len(PACKAGE) + 1 :] in PATHS else node.module
        for name in names
    ]


MODULES = {module: parse(module) for module in PATHS}


def test_the_code_map_names_every_module_in_its_folder_and_no_other():
    assert sorted(module for _, module in read_map()) == sorted(PATHS)
    assert all(folder == folder_of(module) for folder, module in read_map())


def test_the_list_of_folders_is_that_of_the_package():
    assert sorted(FOLDERS) == sorted({folder_of(module) for module in PATHS} - {''})
    assert {module for module in PATHS if not folder_of(module)} == BASE | ENTRANCES


@pytest.mark.parametrize('module', [module for module in MODULES if module not in ENTRANCES])
def test_a_folder_imports_only_folders_below_it(module):
    """Imports inside functions count, too."""
    mine = folder_of(module)
    for other in MODULES[module].imports | MODULES[module].inner:
        assert other in PATHS or other in FOLDERS, f'{module} imports {other}, which is not there'
        theirs = folder_of(other) if other in PATHS else other
        if theirs and theirs != mine:
            assert mine and FLOOR[theirs] < FLOOR[mine], f'{module} imports {other}'
        elif not theirs:
            assert other in BASE, f'{module} imports {other}'


def test_no_import_is_circular():
    """Imports inside functions count, too."""
    done = set()

    def visit(module, above):
        assert module not in above, ' -> '.join([*above, module])
        if module not in done:
            for other in sorted(MODULES[module].imports | MODULES[module].inner):
                if other in MODULES:
                    visit(other, [*above, module])
            done.add(module)

    for module in MODULES:
        visit(module, [])


@pytest.mark.parametrize(
    'module', [name for name in MODULES if folder_of(name) in ('exact', 'algorithm')]
)
def test_exact_and_algorithm_read_and_write_nothing(module):
    assert MODULES[module].foreign <= OF_NUMBERS
    assert not MODULES[module].calls & READING_AND_WRITING


def is_standard(name: str) -> bool:
    origin = importlib.util.find_spec(name).origin
    return origin in ('built-in', 'frozen') or not re.search('(site|dist)-packages', origin)


@pytest.mark.parametrize('module', [name for name in MODULES if folder_of(name) in NODE_FOLDERS])
def test_what_runs_on_a_node_needs_numpy_and_mrjob_only(module):
    """A folder for nodes imports folders for nodes alone, so this holds for everything that a task
    imports."""
    foreign = {name for name in MODULES[module].foreign if not is_standard(name)}
    assert foreign <= (ON_NODES if folder_of(module) != 'system' else {'numpy'})
    for other in MODULES[module].imports | MODULES[module].inner:
        assert folder_of(other) in NODE_FOLDERS or other in BASE, f'{module} imports {other}'


def test_hadoop_knows_nothing_of_k_means():
    for module, found in MODULES.items():
        if folder_of(module) == 'hadoop':
            others = {folder_of(other) or other for other in found.imports | found.inner}
            assert others <= {'hadoop', 'system', *BASE}, module


def test_sql_never_imports_mrjob():
    for module, found in MODULES.items():
        if folder_of(module) == 'sql':
            assert 'mrjob' not in found.foreign, module


def test_the_dependencies_are_explained():
    table = read_document().partition('| dependency | for |')[2]
    rows = re.findall(r'^\| (\w+)[^|`]* \| .+ \|$', table, re.MULTILINE)
    foreign = {
        name for found in MODULES.values() for name in found.foreign if not is_standard(name)
    }
    assert foreign <= set(rows) <= foreign | {'setuptools'}


def test_only_the_command_line_prints():
    for module, found in MODULES.items():
        if folder_of(module) != 'cli':
            assert not found.calls & PRINTING, module
            assert not found.foreign & {'click', 'rich'}, module


def test_only_launchers_run_jobs():
    makers = {
        module
        for module, found in MODULES.items()
        if any(call.endswith('job.make_runner') for call in found.calls)
    }
    assert makers == {'runners.launch_local', 'runners.launch_hadoop'}


@pytest.mark.parametrize('module', [module for module in MODULES if module.startswith('jobs.mr_')])
def test_a_job_file_is_a_script(module):
    """`mr_verb.py` holds MRVerb, ends in a main of two lines, and is no standard module's name."""
    name = ''.join(word.capitalize() for word in module.rpartition('.')[2].split('_')[1:])
    tree = MODULES[module].tree
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == ['MR' + name]
    assert ast.unparse(tree.body[-1]) == f"if __name__ == '__main__':\n    MR{name}.run()"
    docstring = ast.get_docstring(tree)
    assert 'Input:' in docstring
    assert 'Output:' in docstring
    assert 'Alone' in docstring
