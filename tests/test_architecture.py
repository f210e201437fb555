"""ARCHITECTURE.md tells the truth: its code map names every module, and its layers and invariants hold, as far as imports show."""

import ast
import importlib.util
import math
import os
import re
from typing import Dict, List, NamedTuple, Set, Tuple

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = 'mr_kmeans'
LAYERS = ['Base', 'Numbers', 'Formats', 'Jobs', 'Driver', 'Command line']
ON_NODES = {'numpy', 'mrjob'}
OF_NUMBERS = {'__future__', 'base64', 'fractions', 'functools', 'math', 'numpy', 'sys', 'typing'}
"""What the layer Numbers may import beside itself; `sys` is for the byte order."""

NOT_ON_NODES = {('jobs.base', 'inputs'), ('jobs.base', 'runners.inline'), ('jobs.base', 'runners.local'), ('jobs.base', 'runners.hadoop')}
"""Imports upwards, inside functions that run where a job is started, not in a task."""

PRINTING = {'print', 'click.echo', 'click.secho', 'sys.stdout.write', 'sys.stderr.write'}
READING_AND_WRITING = PRINTING | {'open', 'input', 'exec', 'eval'}


class Module(NamedTuple):
    """What the source of a module says: whole imports, those inside functions, other packages, dotted names called, syntax tree."""

    imports: Set[str]
    inner: Set[str]
    foreign: Set[str]
    calls: Set[str]
    tree: ast.Module


def read_map() -> List[Tuple[str, str]]:
    """(layer, module) of each row of the code map."""
    with open(os.path.join(ROOT, 'ARCHITECTURE.md'), encoding='utf-8') as file:
        text = file.read()
    code_map = text.partition('## Code map\n')[2].partition('\n## ')[0]
    return [(layer, module) for layer, _, rows in (part.partition('\n') for part in code_map.split('\n### ')[1:])
            for module in re.findall(r'^\| `([\w.]+)` \| .+ \|$', rows, re.MULTILINE)]


def find_modules() -> Dict[str, str]:
    """{name below the package: path}, without the packages themselves."""
    found = {}
    for folder, _, names in os.walk(os.path.join(ROOT, PACKAGE)):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith('.py') and name != '__init__.py':
                found[os.path.relpath(path, os.path.join(ROOT, PACKAGE))[:-3].replace(os.sep, '.')] = path
    return found


PATHS = find_modules()
MAP = read_map()
LAYER = {module: LAYERS.index(layer) for layer, module in MAP if layer in LAYERS}


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
                    (found.inner if inside else found.imports).add(name[len(PACKAGE) + 1:])
            visit(child, inside or isinstance(child, (ast.FunctionDef, ast.Lambda)))

    visit(tree, False)
    return found


def imported(node) -> List[str]:
    """The modules that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, 'a relative import does not work where a job file runs as a script'
    names = [f'{node.module}.{alias.name}' for alias in node.names]
    return [name if name[len(PACKAGE) + 1:] in PATHS and name.startswith(PACKAGE) else node.module for name in names]


MODULES = {module: parse(module) for module in PATHS}
for missing in set(MODULES) - set(LAYER):
    LAYER[missing] = math.nan  # neither above nor below: one test fails for it, not all


def test_the_code_map_names_every_module_and_no_other():
    named = [module for _, module in MAP]
    assert sorted(named) == sorted(PATHS)
    assert {layer for layer, _ in MAP} == set(LAYERS)


def test_imports_go_down_the_layers():
    wrong = {(module, other) for module, found in MODULES.items() for other in found.imports | found.inner
             if LAYER[other] > LAYER[module]}
    assert wrong <= NOT_ON_NODES
    assert not any(other in MODULES[module].imports for module, other in NOT_ON_NODES), 'only inside functions'


def test_no_import_is_circular():
    done = set()

    def visit(module, above):
        assert module not in above, ' -> '.join([*above, module])
        if module not in done:
            for other in sorted(MODULES[module].imports):
                visit(other, [*above, module])
            done.add(module)

    for module in MODULES:
        visit(module, [])


@pytest.mark.parametrize('module', [module for module in MODULES if LAYER.get(module) == LAYERS.index('Numbers')])
def test_numbers_read_and_write_nothing(module):
    assert MODULES[module].foreign <= OF_NUMBERS
    assert not MODULES[module].calls & READING_AND_WRITING


def on_nodes() -> Set[str]:
    """The modules that a task imports: the jobs and what they import, but for what stands inside functions."""
    found, new = set(), {module for module in MODULES if module.startswith('jobs.')}
    while new:
        found |= new
        new = {other for module in new for other in MODULES[module].imports} - found
    return found


def is_standard(name: str) -> bool:
    origin = importlib.util.find_spec(name).origin
    return origin in ('built-in', 'frozen') or not re.search('(site|dist)-packages', origin)


def test_what_runs_on_a_node_needs_numpy_and_mrjob_only():
    for module in on_nodes():
        assert not LAYER[module] > LAYERS.index('Jobs'), module
        assert {name for name in MODULES[module].foreign if not is_standard(name)} <= ON_NODES, module


def test_the_dependencies_are_explained():
    with open(os.path.join(ROOT, 'ARCHITECTURE.md'), encoding='utf-8') as file:
        rows = re.findall(r'^\| (\w+)[^|`]* \| .+ \|$', file.read().partition('| dependency | for |')[2], re.MULTILINE)
    foreign = {name for found in MODULES.values() for name in found.foreign if not is_standard(name)}
    assert foreign <= set(rows) <= foreign | {'setuptools'}


def test_a_job_never_imports_the_driver():
    driver = {module for module in MODULES if LAYER[module] >= LAYERS.index('Driver')}
    for module in MODULES:
        if module.startswith('jobs.'):
            assert not MODULES[module].imports & driver
            assert {other for other in MODULES[module].inner if other in driver} <= {other for _, other in NOT_ON_NODES}


def test_only_the_command_line_prints():
    for module, found in MODULES.items():
        if LAYER[module] < LAYERS.index('Command line'):
            assert not found.calls & PRINTING, module
            assert not found.foreign & {'click', 'rich'}, module


def test_only_launch_runs_jobs():
    makers = {module for module, found in MODULES.items() if any(call.endswith('job.make_runner') for call in found.calls)}
    assert makers == {'launch', 'launch_hadoop'}


@pytest.mark.parametrize('module', [module for module in MODULES if module.startswith('jobs.mr_')])
def test_a_job_file_is_a_script(module):
    """`mr_verb.py` holds MRVerb, ends in a main of two lines, and is no standard module's name."""
    name = ''.join(word.capitalize() for word in module.rpartition('.')[2].split('_')[1:])
    classes = [node.name for node in MODULES[module].tree.body if isinstance(node, ast.ClassDef)]
    assert classes == ['MR' + name]
    assert ast.unparse(MODULES[module].tree.body[-1]) == "if __name__ == '__main__':\n    MR%s.run()" % name
    docstring = ast.get_docstring(MODULES[module].tree)
    assert 'Input:' in docstring and 'Output:' in docstring and 'Alone' in docstring
