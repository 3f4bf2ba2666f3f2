#!/usr/bin/env python3
"""How many small bugs the tests find: makes mutants of one C file, and runs the tests that reach the changed line.

  scripts/mutants.py FILE [--tests REGEX] [--count N] [--seed S] [--list]

FILE      a source file under src/ or cli/
--tests   only ctest's tests of that name (default: all; those that do not reach FILE are left out after one run)
--count   so many mutants, drawn at random (default: 40)
--seed    of the draw (default: 1)
--list    prints all mutants that could be made, and makes none

Works in build/mutants, on a copy of the tree: nothing here is changed. The first run builds it (minutes), with gcov, which tells what
tests reach; with --tests only these tests are built, and the tool. A mutant is found when a test fails, crashes or takes ten times as long as before. One that does not compile is no
mutant. Exit status: 0, or 1 when fewer than nine in ten are found.
"""
import argparse, json, os, random, re, shutil, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / 'build' / 'mutants'
TREE, BUILD = WORK / 'tree', WORK / 'build'
COPIED = ['CMakeLists.txt', 'cmake', 'src', 'include', 'cli', 'tests', 'examples', 'docs', 'scripts', 'bench', 'README.md',
          'odegrad.pc.in', 'Makefile', 'CHANGELOG.md', '.clang-format', 'CMakePresets.json', 'LICENSE']

# What is put in place of what. Each is one small mistake that people make.
SWAPS = [(r'<=', '<'), (r'>=', '>'), (r'(?<![<>=!-])<(?![<=])', '<='), (r'(?<![-<>=])>(?![>=])', '>='), (r'==', '!='), (r'!=', '=='),
         (r'&&', '||'), (r'\|\|', '&&'), (r'(?<= )\+(?= )', '-'), (r'(?<= )-(?= )', '+'), (r'(?<= )\*(?= )', '/'), (r'(?<= )/(?= )', '*'),
         (r'\+=', '-='), (r'-=', '+='), (r'\+\+', '--'), (r'\bfmax\b', 'fmin'), (r'\bfmin\b', 'fmax'), (r'\bfabs\b', ''),
         (r'(?<![\w.])0(?![\w.])', '1'), (r'(?<![\w.])1(?![\w.])', '2'), (r'(?<![\w.])2(?![\w.])', '1'), (r'(?<=\()!', '')]
# Statements that can be left out: a call or an assignment of its own.
STATEMENT = re.compile(r'^\s+(?!return|case|default|break|goto|typedef|static|const|enum|struct|else|if|for|while|do\b)[\w>*.\[\]()-]+.*;\s*$')
RETURN = re.compile(r'^(\s*)if \((.+)\) (return\b.*|continue|break);\s*$')


def code_lines(text):
    """Numbers and texts of lines that are neither comment, preprocessor nor table."""
    comment = False
    for number, line in enumerate(text.split('\n')):
        stripped = line.strip()
        if comment or stripped.startswith('/*'):
            comment = '*/' not in stripped
            continue
        if stripped and not stripped.startswith(('#', '//', '"', '*')) and line[:1] in ' \t':
            yield number, line


def outside_texts(line, place):
    before = re.sub(r'\\.', '', line[:place])
    return before.count('"') % 2 == 0 and before.count("'") % 2 == 0 and '/*' not in before


def mutants_of(text):
    """(line number, the line in its place, what was done)."""
    found = []
    for number, line in code_lines(text):
        for pattern, new in SWAPS:
            for m in re.finditer(pattern, line):
                if outside_texts(line, m.start()):
                    found.append((number, line[:m.start()] + new + line[m.end():], f'{m.group() or "!"} -> {new or "nothing"}'))
        if STATEMENT.match(line) and '=' not in line.split('(')[0].replace('==', '') or re.match(r'^\s+[\w>.\[\]-]+ [-+*|&]?= .*;$', line):
            found.append((number, re.match(r'^\s*', line).group() + ';', 'left out'))
        if m := RETURN.match(line):
            found.append((number, f'{m[1]}if (0) {m[3]};', 'condition never true'))
    return found


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def prepare():
    """The copy, configured with gcov. Files that have not changed are not copied, so that they are not compiled again."""
    TREE.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source = ROOT / name
        for path in [source] if source.is_file() else sorted(p for p in source.rglob('*') if p.is_file()) if source.is_dir() else []:
            target = TREE / path.relative_to(ROOT)
            if not target.exists() or target.read_bytes() != path.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
    options = ['-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_C_FLAGS=--coverage -O1']
    result = run(['cmake', '-S', TREE, '-B', BUILD, *options])
    if result.returncode:
        sys.exit(result.stdout[-3000:])


def build(targets):
    return run(['cmake', '--build', BUILD, '-j', '2', *(['--target', *targets] if targets else [])])


def listed(names):
    return json.loads(run(['ctest', '--test-dir', BUILD, '--show-only=json-v1', *(['-R', names] if names else [])]).stdout)['tests']


def targets_of(names):
    """What must be built for tests of that name, and the tool, which some of them run; None: all."""
    if names:
        return ['odegrad'] + [test['name'] for test in listed(names) if test['name'].startswith(('test_', 'example_'))]


def ctest(names):
    """The commands, folders and environments of ctest's tests, which have none before they are built."""
    tests = {}
    for test in listed(names):
        if 'command' not in test or test['name'].startswith('project_'):
            continue
        properties = {p['name']: p['value'] for p in test.get('properties', [])}
        own = dict(entry.split('=', 1) for entry in properties.get('ENVIRONMENT', []))
        tests[test['name']] = (test['command'], properties.get('WORKING_DIRECTORY', str(BUILD)), {**os.environ, **own})
    return tests


def lines_reached(file):
    lines = set()
    for data in BUILD.rglob(f'{file.name}.gcda'):
        result = subprocess.run(['gcov', '--json-format', '--stdout', str(data)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for document in result.stdout.splitlines():
            for one in json.loads(document).get('files', []):
                if Path(one['file']).name == file.name:
                    lines |= {line['line_number'] - 1 for line in one['lines'] if line['count']}
    return lines


def find_reach(file, tests):
    """Which lines of the file each test reaches, and how long it takes."""
    reach = {}
    for name, (command, folder, environment) in tests.items():
        for data in BUILD.rglob(f'{file.name}.gcda'):
            data.unlink()
        start = time.monotonic()
        result = run(command, cwd=folder, env=environment)
        if result.returncode:
            print(f'{name} fails as it is, and is left out', file=sys.stderr)
            continue
        reach[name] = (lines_reached(file), time.monotonic() - start)
    return reach


def is_found(reaching, tests, reach):
    """The first test that notices, the quickest first; None: none does."""
    for name in sorted(reaching, key=lambda name: reach[name][1]):
        command, folder, environment = tests[name]
        try:
            if run(command, cwd=folder, env=environment, timeout=10 + 10 * reach[name][1]).returncode:
                return name
        except subprocess.TimeoutExpired:
            return f'{name} (time)'
    return None


def try_all(file, text, drawn, tests, reach, targets):
    found = made = 0
    target, lines = TREE / file, text.split('\n')
    for number, line, what in drawn:
        reaching = [name for name in reach if number in reach[name][0]]
        target.write_text('\n'.join(lines[:number] + [line] + lines[number + 1:]))
        if build(targets).returncode:
            continue
        made += 1
        by = is_found(reaching, tests, reach)
        found += by is not None
        verdict = f'found by {by}' if by else 'NOT FOUND' if reaching else 'NOT FOUND, no test reaches it'
        print(f'{file}:{number + 1}: {what}: {verdict}' + ('' if by else f'\n  {lines[number].strip()}'), flush=True)
    return found, made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file')
    parser.add_argument('--tests')
    parser.add_argument('--count', type=int, default=40)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--list', action='store_true')
    a = parser.parse_args()
    file = Path(a.file).resolve().relative_to(ROOT)
    text = (ROOT / file).read_text()
    all_mutants = mutants_of(text)
    if a.list:
        for number, line, what in all_mutants:
            print(f'{file}:{number + 1}: {what}: {line.strip()}')
        return 0
    prepare()
    targets = targets_of(a.tests)
    built = build(targets)
    if built.returncode:
        sys.exit(built.stdout[-3000:])
    tests = ctest(a.tests)
    reach = find_reach(file, tests)
    reach = {name: value for name, value in reach.items() if value[0]}
    drawn = sorted(random.Random(a.seed).sample(all_mutants, min(a.count, len(all_mutants))))
    try:
        found, made = try_all(file, text, drawn, tests, reach, targets)
    finally:
        (TREE / file).write_text(text)
    print(f'{found} of {made} mutants found' + (f' ({100 * found // made} %)' if made else ''))
    return 0 if made and found >= .9 * made else 1


if __name__ == '__main__':
    sys.exit(main())
