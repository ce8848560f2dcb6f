# shellcheck shell=bash
# The checks of scripts/test, and what they share; sourced after tools.sh and report.sh.

# Everything that checks need and apt has, in one go. A check whose tool is missing afterwards says so.
install_test_tools() {
    local missing=()
    while read -r command package; do
        command -v "$command" >/dev/null || missing+=("$package")
    done <<'TOOLS'
c++ g++
chromium chromium
ffmpeg ffmpeg
openssl openssl
shellcheck shellcheck
sqlite3 sqlite3
TOOLS
    [ -n "$(newest_initdb)" ] || missing+=(postgresql)
    ! browser_path >/dev/null || missing=("${missing[@]/#chromium/}")
    # shellcheck disable=SC2068 # An entry may be empty now.
    [ -z "${missing[*]}" ] || ! command -v apt-get >/dev/null || apt_install ${missing[@]} || true
}

# Firefox and WebKit for the browser tests, one by one: not every system has them under these names.
install_other_browsers() {
    command -v apt-get >/dev/null || return 0
    [ -n "${FIREFOX:-}" ] || command -v firefox-esr firefox >/dev/null || apt_install firefox-esr || true
    command -v WebKitWebDriver >/dev/null || apt_install webkit2gtk-driver || true
    command -v Xvfb >/dev/null || apt_install xvfb || true
}

# cargo_component COMPONENT ARGUMENTS…: a cargo command that rustup ships as a component.
cargo_component() {
    local component="$1"
    shift
    cargo "$1" --version >/dev/null 2>&1 || rustup component add "$component" >/dev/null 2>&1 ||
        { skip "cargo $1 is not installed and rustup could not add $component"; return; }
    cargo "$@"
}

# What every build for tests names: with other packages or targets, cargo would choose other features and compile the
# dependencies again. wasm-package has a profile of its own.
test_build="--workspace --exclude wasm-package --all-targets"

# A file as old as the run; scripts/test makes it.
run_started="${run_started:-}"

# Builds the browser's engine, every program and every test, once for all checks of a run.
build_everything() {
    local artifacts="$CARGO_TARGET_DIR/artifacts.json"
    # Each check runs in a shell of its own, so files remember how it went.
    [ ! -e "$run_started.failed" ] || { echo "It could not be built; see the first check above." && return 1; }
    [ ! "$artifacts" -nt "$run_started" ] || return 0
    # shellcheck disable=SC2086 # Several words.
    if scripts/build-wasm &&
        cargo build --locked $test_build --message-format=json-render-diagnostics >"$artifacts.new"; then
        mv "$artifacts.new" "$artifacts" && touch "$artifacts"
    else
        touch "$run_started.failed"
        return 1
    fi
}

# run_tests PATTERN ARGUMENTS…: runs the built tests of the packages whose folder matches the pattern, each in its folder.
run_tests() {
    local pattern="$1" status=0 folder target program
    shift
    build_everything || return
    while IFS=$'\t' read -r folder target program; do
        [[ "$folder:$target" =~ ^($pattern)$ ]] || continue
        printf '\n%s, %s\n' "$folder" "$target"
        (cd "$folder" && "$program" "$@") || status=1
    done < <(test_programs)
    return "$status"
}

# Folder, target and program of every built test.
test_programs() {
    sed -n 's#.*"manifest_path":"'"$PWD"'/\([^"]*\)/Cargo.toml".*"target":{[^}]*"name":"\([^"]*\)".*"profile":{[^}]*"test":true[^}]*}.*"executable":"\([^"]*\)".*#\1\t\2\t\3#p' \
        "$CARGO_TARGET_DIR/artifacts.json"
}

# Tests of the server wait more than they compute: two at a time for each core.
RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(getconf _NPROCESSORS_ONLN)))}"
export RUST_TEST_THREADS

check_models() { (cd models && sha256 SHA256SUMS); }

check_format() {
    cargo_component rustfmt fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check
}

check_clippy() {
    # The server embeds the browser's engine.
    scripts/build-wasm || return
    cargo_component clippy clippy --locked --workspace --all-targets -- -D warnings &&
        cargo clippy --locked --manifest-path fuzz/Cargo.toml --all-targets --target-dir "$CARGO_TARGET_DIR/fuzz-clippy" -- -D warnings
}

check_rustdoc() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items; }

# Licences and origins of the dependencies; known vulnerabilities where the list of them can be fetched.
check_dependencies() {
    local deny
    deny="$(cargo_tool cargo-deny "$DENY_VERSION")" || { skip "cargo-deny could not be built"; return; }
    "$deny" --locked check bans licenses sources || return
    "$deny" --locked fetch db || { echo "SKIPPED: known vulnerabilities: the list of them (RustSec) cannot be fetched"; return 0; }
    "$deny" --locked check advisories
}

check_sources() { run_tests 'tests/invariants:.*'; }

check_engine() {
    run_tests '(engine|engine/.*|engine-wasm|tools/model-packer):.*' && cargo test --locked --workspace --exclude wasm-package --doc --quiet ||
        return
    [ -d ../shared/material ] ||
        echo "SKIPPED: readings compared with MediaPipe's, and lids painted into stills: ../shared/material is absent"
}

check_server() { run_tests '(server|server/.*|tests/client):.*'; }

check_tools() { run_tests '(tools|examples)/(.*):.*'; }

# Tests that need PostgreSQL are ignored without it; those in without_postgres:: use none. measure:: prints figures and
# checks none.
check_postgres() {
    api_tests_on_postgres --include-ignored --skip several:: --skip measure:: --skip without_postgres::
}

check_several() { api_tests_on_postgres --ignored --nocapture several::; }

api_tests_on_postgres() {
    build_everything || return
    local program
    program="$(test_programs | sed -n 's/^server\tapi\t//p')"
    # shellcheck disable=SC2016 # The other shell expands them.
    scripts/lib/postgres.sh bash -c 'cd server && exec "$0" "$@"' "$program" "$@"
}

check_fuzz() {
    need_command c++ g++ 2>/dev/null || { skip "a C++ compiler is not installed"; return; }
    scripts/fuzz --seconds 5
}

# The engine that runs in browsers is the same wherever it is built: here, and from a copy of the sources in another folder.
check_reproducible() {
    local copy status=0 flags='-C target-feature=+simd128'
    copy="$(mktemp -d)"
    copy_sources "$copy"
    scripts/build-wasm &&
        (cd "$copy" && wasm_build engine-wasm wasm "$copy/target" "$flags") &&
        cmp "$(wasm_built engine-wasm wasm "$CARGO_TARGET_DIR")" "$(wasm_built engine-wasm wasm "$copy/target")" || status=1
    rm -rf "$copy"
    return "$status"
}

check_accuracy() {
    [ -d ../shared/material ] || { skip "../shared/material is absent"; return; }
    build_everything && BLINKGATE_PROGRAMS="$CARGO_TARGET_DIR/debug" scripts/accuracy --bars
}

check_scripts() {
    need_command shellcheck shellcheck 2>/dev/null || { skip "shellcheck is not installed"; return; }
    local scripts=()
    while IFS= read -r file; do
        ! head -n 1 "$file" | grep -qE '^#(!.*[ /]bash$| shellcheck shell=)' || scripts+=("$file")
    done < <(git ls-files 2>/dev/null || find . -type f -not -path '*/node_modules/*' -not -path './target/*')
    shellcheck -x "${scripts[@]}"
}

check_run() { build_everything && BLINKGATE_BUILD="$test_build" scripts/lib/test-run; }

check_www() {
    have_node || { skip "node and npm (20.11 or newer) are not installed"; return; }
    node --test tests/www/*.test.js && scripts/build-wasm || return
    install_browser_tests && npm run --silent --prefix tests lint && npm run --silent --prefix tests types
}

# browser_tests LANES FILE…
browser_tests() { CHROMIUM="$(browser_path)" node --test --test-concurrency="$1" "${@:2}"; }

check_browser() {
    have_node || { skip "node and npm (20.11 or newer) are not installed"; return; }
    browser_path >/dev/null || { skip "Chromium is not installed"; return; }
    local command status=0
    for command in ffmpeg openssl sqlite3; do
        command -v "$command" >/dev/null || { skip "$command is not installed"; return; }
    done
    build_everything && install_browser_tests || return
    install_other_browsers
    # Files run two at a time. Those that need a steady frame rate say so and keep to themselves: a camera leaves most of
    # the machine idle, the others may not. Some need the whole machine, and run one at a time.
    local steady="^// Needs a steady frame rate" alone="^// Needs the whole machine"
    # shellcheck disable=SC2046 # One file a word.
    browser_tests 2 tests/api-client/*.test.mjs $(grep -LE "$steady|$alone" tests/browser/*.test.mjs) || status=1
    # shellcheck disable=SC2046
    browser_tests 2 $(grep -l "$steady" tests/browser/*.test.mjs) || status=1
    # shellcheck disable=SC2046
    browser_tests 1 $(grep -l "$alone" tests/browser/*.test.mjs) || status=1
    return "$status"
}

# Once for each lock file. A registry that does not answer is asked again after a minute, a few times.
install_browser_tests() {
    [ ! tests/node_modules/.package-lock.json -nt tests/package-lock.json ] || return 0
    (cd tests && npm ci --no-audit --no-fund --prefer-offline --loglevel=warn --fetch-timeout=60000 --fetch-retries=4)
}

browser_path() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        [ -n "$name" ] && command -v "$name" && return
    done
    return 1
}
