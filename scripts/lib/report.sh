# shellcheck shell=bash
# Runs the checks of scripts/test, remembers what passed, and prints the summary; sourced after tools.sh.
#
# A check that passed on a clean checkout is remembered by a hash of its inputs: the project's files, except those named
# after `--but`, the versions of the tools, and the recordings beside the project. With the same inputs it does not run
# again. Exceptions are listed one by one, so that a new kind of file counts as an input by default.

# The arguments of scripts/test: run every check even if it is remembered; list the names; run only the named checks.
all=no list=no wanted=()

passed=0 failed=0 skipped=0
known=""
report=""

# A check that cannot run here ends with this status after printing why.
SKIP=77

skip() {
    printf '%s\n' "$*"
    return "$SKIP"
}

# check NAME WHAT [--but PATHSPEC…] -- FUNCTION: runs the function unless NAME was not asked for or its inputs are those of
# a run that passed.
check() {
    local name="$1" what="$2" started=$SECONDS status=0 log key="" before
    shift 2
    local but=()
    if [ "$1" = --but ]; then shift; fi
    while [ "$1" != -- ]; do but+=(":!$1") && shift; done
    shift
    known+=" $name"
    if [ "$list" = yes ]; then
        printf '%-14s %s\n' "$name" "$what"
        return
    fi
    [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " = *" $name "* ]] || return 0
    printf '\n=== %s: %s\n' "$name" "$what"

    [ "$name" = dependencies ] || key="$(inputs_key ${but[@]+"${but[@]}"})"
    if [ -n "$key" ] && [ "$all" = no ] && before="$(remembered "$name" "$key")"; then
        printf 'ok (unchanged since %s)\n' "${before%%$'\n'*}"
        passed=$((passed + 1)) report+="ok       $what (unchanged since ${before%%$'\n'*})"$'\n'
        # The earlier run may have left something out; then this result does too.
        [ "${before#*$'\n'}" = "$before" ] || report+="${before#*$'\n'}"$'\n'
        return
    fi

    log="$(mktemp)"
    "$1" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    local took="$((SECONDS - started)) s" left_out
    if [ "$status" = 0 ]; then
        passed=$((passed + 1)) report+="ok       $what ($took)"$'\n'
    elif [ "$status" = "$SKIP" ] && [ "${CI:-}" != true ]; then
        skipped=$((skipped + 1)) report+="SKIPPED  $what: $(tail -n 1 "$log")"$'\n'
    else
        failed=$((failed + 1)) report+="FAILED   $what ($took)"$'\n'
    fi
    printf '%s: took %s\n' "$name" "$took"
    left_out="$(grep -E '^(# )?SKIPPED: ' "$log" | sort -u | sed 's/^# //; s/^/           /')"
    [ -z "$left_out" ] || report+="$left_out"$'\n'
    [ "$status" != 0 ] || [ -z "$key" ] || remember "$name" "$key" "$left_out"
    rm -f "$log"
}

summary() {
    local name
    for name in ${wanted[@]+"${wanted[@]}"}; do
        [[ "$known " = *" $name "* ]] || { say "test: there is no check '$name' (try --list)" && failed=$((failed + 1)); }
    done
    printf '\n=== summary\n%s%s passed, %s failed, %s skipped, %s s\n' "$report" "$passed" "$failed" "$skipped" "$SECONDS"
    [ "$failed" = 0 ]
}

# inputs_key PATHSPEC…: one hash of everything that a check depends on. Empty if one of these files has uncommitted
# changes or git is missing, since the result would belong to no commit.
inputs_key() {
    [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ] || return 0
    [ -z "$(git status --porcelain --untracked-files=all -- . "$@")" ] || return 0
    {
        git ls-files --stage -- . "$@"
        tool_versions
        material_list
    } | sha256_of | cut -d ' ' -f 1
}

# Versions of everything that the outcome of a check may depend on. An absent tool is a version too.
tool_versions() {
    if [ -z "${tool_versions_text:-}" ]; then
        tool_versions_text="$(
            exec 2>/dev/null
            uname -sm
            rustc -vV
            cargo clippy --version
            node --version
            "$(browser_path)" --version
            "${FIREFOX:-firefox-esr}" --version
            dpkg-query -W webkit2gtk-driver
            ffmpeg -version | head -n 1
            sqlite3 --version
            shellcheck --version
            openssl version
            for file in /usr/lib/postgresql/*/bin/initdb; do "$file" --version; done
            env -u RUSTC /usr/bin/rustc --version
        )"
    fi
    printf '%s\n' "$tool_versions_text"
}

# The recordings of people beside the project, where they are.
material_list() { [ ! -d ../shared/material ] || (cd ../shared/material && find . -type f -exec ls -l {} + | awk '{print $5, $NF}' | sort); }

# remembered NAME KEY: the commit at which the check passed with these inputs, and what was left out then.
remembered() {
    local file="$CARGO_TARGET_DIR/checks/$1"
    [ -f "$file" ] && [ "$(head -n 1 "$file")" = "$2" ] && tail -n +2 "$file"
}

# remember NAME KEY LEFT_OUT: only on a clean checkout, so that the commit says what was checked.
remember() {
    [ -z "$(git status --porcelain)" ] || return 0
    mkdir -p "$CARGO_TARGET_DIR/checks"
    { printf '%s\n%s\n' "$2" "$(git rev-parse --short HEAD)" && [ -z "$3" ] || printf '%s\n' "$3"; } >"$CARGO_TARGET_DIR/checks/$1"
}
