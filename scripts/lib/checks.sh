# shellcheck shell=bash
# The checks of scripts/test and their summary; sourced after tools.sh.

passed=0 failed=0 skipped=0
report=""

# A check that cannot run ends with this status after printing why.
SKIP=77

# check NAME COMMAND…: runs the command, shows its output and remembers how it ended.
check() {
    local name="$1" started=$SECONDS status=0 log
    shift
    log="$(mktemp)"
    printf '\n=== %s\n' "$name"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    local took="$((SECONDS - started)) s"
    if [ "$status" = 0 ]; then
        passed=$((passed + 1)) report+="ok       $name ($took)"$'\n'
    elif [ "$status" = "$SKIP" ] && [ "${CI:-}" != true ]; then
        skipped=$((skipped + 1)) report+="SKIPPED  $name: $(tail -n 1 "$log")"$'\n'
    else
        failed=$((failed + 1)) report+="FAILED   $name ($took)"$'\n'
    fi
    # Parts that were left out inside a check are named as well.
    report+="$(grep -E '^(# )?SKIPPED: ' "$log" | sort -u | sed 's/^# //; s/^/           /')"
    [ -z "$report" ] || [ "${report: -1}" = $'\n' ] || report+=$'\n'
    rm -f "$log"
}

summary() {
    printf '\n=== summary\n%s%s passed, %s failed, %s skipped\n' "$report" "$passed" "$failed" "$skipped"
    [ "$failed" = 0 ]
}

skip() {
    printf '%s\n' "$*"
    return "$SKIP"
}

check_models() { (cd models && sha256 SHA256SUMS); }

# cargo_component COMPONENT ARGUMENTS…: a cargo command that rustup ships as a component.
cargo_component() {
    local component="$1"
    shift
    cargo "$1" --version >/dev/null 2>&1 || rustup component add "$component" >/dev/null 2>&1 ||
        { skip "cargo $1 is not installed and rustup could not add $component"; return; }
    cargo "$@"
}

# Tests of the server wait more than they compute: two at a time for each core.
RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(getconf _NPROCESSORS_ONLN)))}"
export RUST_TEST_THREADS

check_rust_tests() {
    cargo test --locked --release --workspace || return
    [ -d ../shared/material ] || echo "SKIPPED: readings beside MediaPipe's and lids painted into stills: ../shared/material is absent"
}

# What the server's tests need of PostgreSQL is ignored without one. measure:: prints figures and checks none.
check_postgres() {
    scripts/lib/postgres.sh cargo test --locked --release --workspace --test api -- --include-ignored --skip several:: --skip measure::
}

check_several_servers() {
    scripts/lib/postgres.sh cargo test --locked --release --workspace --test api -- --ignored --nocapture several::
}

check_accuracy() { scripts/accuracy --bars; }

check_fuzz() {
    need_command c++ g++ 2>/dev/null || { skip "a C++ compiler is not installed"; return; }
    scripts/fuzz --seconds 5
}

# Licenses and places of what is built from; known vulnerabilities where the list of them can be had.
check_dependencies() {
    local deny
    deny="$(cargo_tool cargo-deny "$DENY_VERSION")" || { skip "cargo-deny could not be built"; return; }
    "$deny" --locked check bans licenses sources || return
    "$deny" --locked fetch db || { echo "SKIPPED: known vulnerabilities: the list of them (RustSec) cannot be fetched"; return 0; }
    "$deny" --locked check advisories
}

# What runs in browsers comes out the same wherever it is built: here, and from a copy of the sources in another place.
check_reproducible() {
    local copy status=0 flags='-C target-feature=+simd128'
    copy="$(mktemp -d)"
    copy_sources "$copy"
    (cd "$copy" && wasm_build engine-wasm wasm "$copy/target" "$flags") &&
        cmp "$(wasm_built engine-wasm wasm "$CARGO_TARGET_DIR")" "$(wasm_built engine-wasm wasm "$copy/target")" || status=1
    rm -rf "$copy"
    return "$status"
}

check_docs() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --release --workspace --no-deps --document-private-items; }

check_scripts() {
    need_command shellcheck shellcheck 2>/dev/null || { skip "shellcheck is not installed"; return; }
    shellcheck -x scripts/run scripts/test scripts/accuracy scripts/bench scripts/fuzz scripts/attack scripts/load scripts/build-wasm scripts/sbom scripts/make-models scripts/lib/*.sh scripts/lib/dockerfile-steps deploy/make-secrets .ci/run
}

check_www() {
    have_node || { skip "node and npm (20.11 or newer) are not installed"; return; }
    node --test tests/www/*.test.js || return
    install_browser_tests && npm run --silent --prefix tests lint && npm run --silent --prefix tests types
}

check_browser() {
    have_node || { skip "node and npm (20.11 or newer) are not installed"; return; }
    browser_path >/dev/null || apt_install chromium 2>/dev/null || { skip "Chromium is not installed"; return; }
    need_command ffmpeg ffmpeg 2>/dev/null || { skip "ffmpeg is not installed"; return; }
    need_command openssl openssl 2>/dev/null || { skip "openssl is not installed"; return; }
    need_command sqlite3 sqlite3 2>/dev/null || { skip "sqlite3 is not installed"; return; }
    install_browser_tests || return
    # Tests that need a steady frame rate say so and run one file at a time; the others run two at a time before them.
    local status=0 steady others
    mapfile -t steady < <(grep -l '^// Needs a steady frame rate' tests/browser/*.test.mjs)
    mapfile -t others < <(grep -L '^// Needs a steady frame rate' tests/browser/*.test.mjs)
    CHROMIUM="$(browser_path)" node --test --test-concurrency=2 "${others[@]}" || status=1
    CHROMIUM="$(browser_path)" node --test --test-concurrency=1 "${steady[@]}" || status=1
    return "$status"
}

install_browser_tests() { (cd tests && npm ci --silent --no-audit --no-fund); }

browser_path() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        [ -n "$name" ] && command -v "$name" && return
    done
    return 1
}
