#!/bin/sh
# Runs both two-way conversations; `make demo` calls it inside a sandbox whose agent answers.
#   demo.sh C_PROGRAM PYTHON
set -eu
echo "== C: examples/c/two_way.c"
"$1"
echo
echo "== Python: examples/python/two_way.py"
"$2" examples/python/two_way.py
echo
echo "== What the sandbox holds"
