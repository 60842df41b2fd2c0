#!/bin/sh
# What the image of registry:2 can be told to do, this one can: a file of settings, a command of berth or of registry, or
# any other program.
set -e
case "$1" in
  "" | -* | *.yml | *.yaml) exec berth "$@" ;;
esac
if command -v "$1" > /dev/null 2>&1; then exec "$@"; fi
exec berth "$@"
