#!/usr/bin/env bash
# Tests the Python package: builds it in place, then runs every test with the newest ase and, but for what does not
# depend on it, with the oldest supported one. `run.sh NAME...` runs the tests of teachers with requirements-NAME.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v "${PYTHON:-python3}" >/dev/null || ! command -v gcc >/dev/null; then
	echo "skipping the Python package: it needs python3 and gcc"
	exit 0
fi
export PYTHONPATH=$PWD/python
export OPENBLAS_NUM_THREADS=1 # matrices are small here, and its threads get in the way of others
newest=$(python/tests/environment.sh newest)
"$newest" setup.py --quiet build_ext --inplace

if [ $# -gt 0 ]; then
	for name in "$@"; do
		"$(python/tests/environment.sh "$name")" -m pytest -q -rs python/tests/test_{teachers,distilled,factories,command}.py
	done
	exit
fi
oldest=$(python/tests/environment.sh oldest)
"$newest" -m pytest -q python/tests
"$oldest" -m pytest -q -W ignore::DeprecationWarning python/tests/test_semantics.py python/tests/test_bad_input.py python/tests/test_scripts.py
