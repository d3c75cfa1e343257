#!/bin/sh
# Runs both first conversations; `make demo` calls it inside a sandbox.
#   demo.sh C_PROGRAM PYTHON
set -eu
echo "== C: examples/c/first_conversation.c"
"$1"
echo
echo "== Python: examples/python/first_conversation.py"
"$2" examples/python/first_conversation.py
echo
echo "== What the sandbox holds"
