#!/usr/bin/env bash
# Prints the interpreter of the virtual environment with requirements-NAME.txt, making it if it is not there yet.
# It lies outside of the checkout and is named by what it holds, so that it is made once.
set -euo pipefail
requirements=$(dirname "$0")/requirements-$1.txt
python=${PYTHON:-python3}
stamp=$( (cat "$requirements"; "$python" -VV) | sha256sum | cut -c1-12)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/mlff/python-$1-$stamp
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9 # two runs at a time make one
if [ ! -e "$folder/complete" ]; then
	rm -rf "$folder"
	"$python" -m venv "$folder" >&2
	"$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
	touch "$folder/complete"
fi
echo "$folder/bin/python"
