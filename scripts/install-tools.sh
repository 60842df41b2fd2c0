#!/usr/bin/env bash
# Installs what the second tier of tests and the benchmark need in addition to Node: Debian packages, and Go programs
# into .build/tools/bin. Does nothing if everything is installed. Needs root, apt and Go.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  docker.io docker-compose containerd podman buildah skopeo # clients
  charliecloud charliecloud-builders # ch-image, a client
  maven                           # runs jib, a client
  docker-registry                 # peer, 2.8.2
  nginx-light openssl             # reverse proxy with TLS
  wrk apache2-utils               # load; htpasswd
  busybox-static                  # what the test images are built from
  prometheus                      # scrapes Berth; promtool checks metrics and rules
  strace                          # sees what is synced before an answer
  python3-venv                    # runs the fuzzer of the API
  chromium fonts-inter fonts-noto-color-emoji # opens the page
)

# Pinned, so that a new release of a client does not break a build by surprise.
programs=(
  github.com/google/go-containerregistry/cmd/crane@v0.22.1
  oras.land/oras/cmd/oras@v1.3.6
  github.com/regclient/regclient/cmd/regctl@v0.11.7
  github.com/distribution/distribution/v3/cmd/registry@v3.1.2
  helm.sh/helm/v3/cmd/helm@v3.22.0
  sigs.k8s.io/kubectl-validate@v0.0.4 # checks the Helm chart as Kubernetes does
  github.com/google/ko@v0.19.1
  github.com/versity/versitygw/cmd/versitygw@v1.8.0 # a store of buckets whose conditional writes race
  github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c # a store of buckets
  github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
  github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111
)

buildkit_version=v0.34.2
schemathesis_version=4.32.5
jib_plugin=com.google.cloud.tools:jib-maven-plugin:3.5.2

export GOBIN="$PWD/.build/tools/bin"

main() {
  install_packages
  mkdir -p "$GOBIN"
  local program
  for program in "${programs[@]}"; do install_program "$program"; done
  install_buildkit
  install_jib
  install_schemathesis
}

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
  ((${#missing[@]})) || return 0
  echo "installing Debian packages: ${missing[*]}"
  keep_services_stopped
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
}

is_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Packages would start a docker daemon, a registry and an nginx; the tests start their own.
keep_services_stopped() {
  local policy=/usr/sbin/policy-rc.d
  [[ -e $policy ]] && return
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap "rm -f $policy" EXIT
}

install_program() {
  local path=${1%@*} version=${1#*@}
  local binary=$GOBIN/${path##*/}
  if [[ -x $binary ]] && go version -m "$binary" | awk '$1 == "mod" { print $3 }' | grep -qxF "$version"; then return; fi
  echo "installing $path $version"
  CGO_ENABLED=0 go install -trimpath "$1"
}

install_schemathesis() {
  local folder=$PWD/.build/tools/schemathesis
  [[ -x $folder/bin/schemathesis ]] && "$folder/bin/schemathesis" --version | grep -qF "$schemathesis_version" && return
  echo "installing schemathesis $schemathesis_version"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet "schemathesis==$schemathesis_version"
}

# Its go.mod excludes versions, which `go install` refuses, so it is built in Go's module cache.
install_buildkit() {
  local path=github.com/moby/buildkit source program
  if "$GOBIN/buildkitd" --version 2>/dev/null | grep -qwF "$buildkit_version" && [[ -x $GOBIN/buildctl ]]; then return; fi
  echo "installing $path $buildkit_version"
  source=$(go mod download -json "$path@$buildkit_version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  for program in buildctl buildkitd; do
    CGO_ENABLED=0 go -C "$source" build -trimpath -ldflags "-X $path/version.Version=$buildkit_version" \
      -o "$GOBIN/$program" "./cmd/$program"
  done
}

# Maven stores its plugins in a separate folder; a build that skips its work downloads all of them.
install_jib() {
  local repository=$PWD/.build/tools/maven
  local fetched=$repository/$jib_plugin project=$repository/pom.xml
  [[ -e $fetched ]] && return
  echo "installing $jib_plugin"
  mkdir -p "$repository"
  echo '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version></project>' >"$project"
  mvn --batch-mode --quiet --file "$project" "-Dmaven.repo.local=$repository" -Djib.skip=true "$jib_plugin:build" </dev/null
  touch "$fetched"
}

main
