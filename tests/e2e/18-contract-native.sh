#!/bin/bash
# The suite that the memory kernel passes, against this kernel.
set -euo pipefail
exec "$VTID_BUILD/tests/contract/vtid-contract-tests" --kernel native
