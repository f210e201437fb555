set -e
cd /work/wt/house && git reset -q --hard main && git clean -fdq
cp /tmp/logged.py tests/support/logged.py
python3 /tmp/logconv.py > /tmp/logconv.out
python3 /tmp/logman.py; python3 /tmp/logtests.py
T=/work/wt/tools/venv/bin; $T/ruff check -q --fix --select I,F401 mr_kmeans tests || true; $T/ruff format -q mr_kmeans tests; $T/ruff check mr_kmeans tests scripts --output-format concise | head -20
git grep -nE "\b_say\b|\bSay\b" -- 'mr_kmeans/*.py' | grep -v "Say[{ ]" | grep -v progress.py || true
