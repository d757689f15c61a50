#!/usr/bin/env bash
# The Action: builds Keywright from the source that the workflow pinned, scans, says what was found.
#
# In: KW_* of action.yml, and the runner's GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TEMP. Out: outputs findings, complete, sarif;
# the scan's exit code: 0 clean, 1 findings, 2 something that was asked for could not be scanned. Nothing of the scanned repository
# is executed, git included.
set -uo pipefail

fail() { # an annotation, one line, then exit 2
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  echo "::error title=Keywright::${text//$'\n'/%0A}"
  output findings 0
  output complete false
  exit 2
}

output() { printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/null}"; }

# One array, never empty: bash 3.2, which macOS has, takes an empty one for an unset one.
args=()

# what_to_scan adds the argument that chooses the commits.
what_to_scan() {
  case $KW_MODE in
  history) args+=(--history) ;;
  tree) args+=(--tree) ;;
  range)
    [ -n "$KW_RANGE" ] || fail "mode range needs the input range, as A..B"
    args+=("--range=$KW_RANGE")
    ;;
  auto)
    case $KW_EVENT in
    pull_request | pull_request_target | merge_group) args+=("--range=$KW_BASE..HEAD") ;;
    push)
      # A new branch has no base, and after a force push the old head may be gone: then all that the head reaches.
      if [ "$KW_NO_BASE" = true ] || [[ $KW_BASE =~ ^0*$ ]]; then args+=(--ref=HEAD); else args+=("--range=$KW_BASE..HEAD"); fi
      ;;
    *) args+=(--history) ;;
    esac
    ;;
  *) fail "mode is \"$KW_MODE\", and can be auto, history, tree or range" ;;
  esac
}

# how_to_scan adds all other arguments.
how_to_scan() {
  local file
  case $KW_VERIFY in
  off) ;;
  issued | vendors | all) args+=("--verify=$KW_VERIFY") ;;
  *) fail "verify is \"$KW_VERIFY\", and can be off, issued, vendors or all" ;;
  esac
  case $KW_IGNORES:$KW_EVENT in
  true:*) ;;
  false:* | auto:pull_request | auto:pull_request_target) args+=(--no-ignore) ;;
  auto:*) ;;
  *) fail "ignores is \"$KW_IGNORES\", and can be auto, true or false" ;;
  esac
  args+=(--no-cache)
  [ -z "$KW_BASELINE" ] || args+=("--baseline=$KW_BASELINE")
  while IFS= read -r file; do
    [ -z "$file" ] || args+=("--rules=$file")
  done <<<"$KW_RULES"
}

refuse_shallow() {
  [ "$KW_MODE" != tree ] && [ -s "$path/.git/shallow" ] || return 0
  fail "this checkout is shallow, so commits that should be scanned are not here. Add to the step that uses actions/checkout:
    with:
      fetch-depth: 0"
}

build() {
  local version=dev suffix
  command -v go >/dev/null || fail "there is no Go on this runner: add a step that uses actions/setup-go before this one"
  [[ $KW_REF =~ ^[A-Za-z0-9._/-]{1,100}$ ]] && version=$KW_REF
  suffix=$(go env GOEXE)
  keywright=$RUNNER_TEMP/keywright-action$suffix
  # The scanned repository's go.work and the workflow's GOFLAGS are not ours.
  (cd "$KW_SOURCE" && GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$version" -o "$keywright" ./cmd/keywright) ||
    fail "Keywright could not be built from $KW_SOURCE"
}

path=${KW_PATH:-.}
case $path in -*) path=./$path ;; esac
sarif=${KW_SARIF:-$RUNNER_TEMP/keywright.sarif}
args+=(scan "$path")
what_to_scan
how_to_scan
[ -e "$path" ] || fail "there is nothing at $path: does a step that uses actions/checkout come before this one?"
refuse_shallow
build

rm -f "$sarif"
# Text of the scanned repository stands in what follows; it must not be read as the runner's commands.
token=keywright-$RANDOM$RANDOM$RANDOM$RANDOM
echo "::stop-commands::$token"
"$keywright" "${args[@]}" --format=sarif "--output=$sarif"
code=$?
if [ $code != 0 ]; then
  "$keywright" "${args[@]}" --format=text # the same again, for the log
fi
echo "::$token::"

case $code in 0 | 1 | 2) ;; *) fail "keywright ended with code $code" ;; esac
complete=true
[ $code != 2 ] || complete=false
found=0
# Each result has exactly one; inside a string of JSON the quotes would be escaped.
[ ! -s "$sarif" ] || found=$(grep -o '"partialFingerprints"' "$sarif" | wc -l | tr -d ' ')
output findings "$found"
output complete "$complete"
output sarif "$sarif"
{
  echo "### Keywright: $found found"
  [ $complete = true ] || echo "Not everything that was asked for could be scanned; the log says what and why."
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
case $code in
1) echo "::error title=Keywright::$found found; the log says where" ;;
2) echo "::error title=Keywright::$found found, and not everything could be scanned; the log says what and why" ;;
esac
exit $code
