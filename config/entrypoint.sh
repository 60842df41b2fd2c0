#!/bin/sh
# Accepts what the image of registry:2 accepts: a settings file, a command of berth or registry, or any other program.
set -e
case "$1" in
  "" | -* | *.yml | *.yaml) exec berth "$@" ;;
esac
if command -v "$1" > /dev/null 2>&1; then exec "$@"; fi
exec berth "$@"
