#!/bin/sh
# Cuts testdata/github.json out of GitHub's OpenAPI description, as published in the npm package
# @octokit/openapi (MIT). Needs npm and node. Run it in this folder:
#
#   ./recut.sh [VERSION]
set -eu
version=${1:-23.0.2}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "@octokit/openapi@$version" >/dev/null && tar xzf ./*.tgz)
node "$here/recut.mjs" "$work/package/generated/api.github.com.json" "@octokit/openapi@$version" > "$work/slice.json"
mv "$work/slice.json" "$here/testdata/github.json"
wc -c "$here/testdata/github.json"
