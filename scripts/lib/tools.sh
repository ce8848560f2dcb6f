# shellcheck shell=bash
# Finds or installs the tools that building and testing need; sourced by the scripts. Messages go to standard error.

say() { printf '%s\n' "$*" >&2; }

# Makes sure that there is a recent enough `cargo`; installs one with rustup if not.
need_cargo() {
    local wanted
    wanted="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"
    # SQLite, ring and the linker need a C compiler.
    need_command cc build-essential || return
    # shellcheck source=/dev/null
    [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"
    if is_at_least "$wanted" "$(rustc_version)"; then return; fi
    if command -v rustup >/dev/null; then
        say "Rust $(rustc_version) is older than $wanted: updating it (rustup)."
        rustup update stable >&2
    else
        say "Installing Rust in your home folder with rustup (https://rustup.rs); Blinkgate needs $wanted or newer."
        if command -v apt-get >/dev/null; then apt_install curl ca-certificates || return; fi
        need_command curl curl || return
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --no-modify-path >&2
        # shellcheck source=/dev/null
        . "$HOME/.cargo/env"
    fi
    is_at_least "$wanted" "$(rustc_version)" ||
        { say "Rust $(rustc_version) is older than $wanted. Please install a newer one (https://rustup.rs)."; return 1; }
}

rustc_version() { rustc --version 2>/dev/null | cut -d ' ' -f 2; }

# is_at_least WANTED FOUND: compares versions number by number; an empty FOUND is never enough.
is_at_least() {
    [ -n "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = "$1" ]
}

# Whether node and npm are installed and recent enough for the page tests.
have_node() { command -v npm >/dev/null && is_at_least 20.11 "$(node -p process.versions.node 2>/dev/null)"; }

# Installs Debian packages as root or with sudo; if neither is possible, says what to do.
apt_install() {
    local as_root=env
    command -v apt-get >/dev/null || { say "Please install $*."; return 1; }
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { say "Please install as root: apt-get install $*"; return 1; }
        as_root=sudo
    fi
    say "Installing $* (apt-get)."
    "$as_root" apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
        { "$as_root" apt-get update -qq >&2 && "$as_root" apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}

# need_command NAME PACKAGE: installs the command from a Debian package if it is missing, or says what is missing.
need_command() {
    command -v "$1" >/dev/null && return
    if command -v apt-get >/dev/null; then apt_install "$2" || true; fi
    command -v "$1" >/dev/null || { say "Please install $1 and start again."; return 1; }
}

# The newest initdb there is; Debian keeps it outside the PATH.
newest_initdb() {
    local name
    for name in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
        /usr/local/opt/postgresql*/bin/initdb; do
        [ ! -x "$name" ] || printf '%s %s\n' "$("$name" --version | grep -o '[0-9][0-9.]*' | head -n 1)" "$name"
    done | sort -V | tail -n 1 | cut -d ' ' -f 2-
}

# Whether cargo can compile for the browser; adds the target with rustup where that is possible.
use_wasm_target() {
    local target=wasm32-unknown-unknown
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] && return
    # Where rustup could not add it before, Debian's compiler has built: don't ask again.
    [ ! -d "${CARGO_TARGET_DIR:-$PWD/target}/debian-wasm" ] && command -v rustup >/dev/null || return
    say "Adding the target $target (rustup)."
    rustup target add "$target" >/dev/null 2>&1
}

# Where rustup cannot download: Debian's compiler for the web, which also compiles the standard library from its sources
# (about 45 s, once).
debian_wasm_cargo() {
    command -v apt-get >/dev/null ||
        { say "The target wasm32-unknown-unknown is missing and rustup could not add it."; return 1; }
    dpkg -s rustc-web cargo-web rust-web-src >/dev/null 2>&1 || apt_install rustc-web cargo-web rust-web-src lld || return
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$(wasm_linker)" \
        /usr/bin/cargo "$@" -Z build-std=std,panic_abort
}

# wasm_build CRATE PROFILE FOLDER FLAGS [FEATURES]: compiles a crate for the browser below FOLDER, with rustup's target or
# Debian's compiler.
wasm_build() {
    # Tells getrandom that it runs in a browser.
    local flags="$4 --cfg getrandom_backend=\"wasm_js\"" home="${CARGO_HOME:-$HOME/.cargo}"
    # Panics name source files. Without the folder of the dependencies, the engine does not tell who built it, and is the
    # same for every builder. A folder with a space cannot be replaced, since flags are split at spaces.
    case "$home" in *" "*) ;; *) flags+=" --remap-path-prefix=$home/registry/src=crates" ;; esac
    local arguments=(build --locked --profile "$2" --target wasm32-unknown-unknown --package "$1" --lib ${5:+"--features=$5"})
    if use_wasm_target; then
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags" cargo "${arguments[@]}" --target-dir "$3"
    else
        # Two compilers must not share a folder: each would discard the other's work.
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags" \
            debian_wasm_cargo "${arguments[@]}" --target-dir "$3/debian-wasm"
    fi
}

# wasm_built CRATE PROFILE FOLDER: the path of what wasm_build made.
wasm_built() {
    local folder="$3"
    use_wasm_target || folder+=/debian-wasm
    printf '%s\n' "$folder/wasm32-unknown-unknown/$2/${1//-/_}.wasm"
}

# wasm_copy FOLDER COPY: copies what wasm_build made below FOLDER, so that another build with the same flags compiles only
# what differs. Does nothing if there is a copy.
wasm_copy() {
    local from="$1" to="$2"
    use_wasm_target || { from+=/debian-wasm && to+=/debian-wasm; }
    [ ! -d "$to/wasm32-unknown-unknown" ] || return 0
    rm -rf "$to.new" && mkdir -p "$to.new" "$(dirname "$to")" &&
        cp -a "$from/wasm" "$from/wasm32-unknown-unknown" "$to.new" && mv "$to.new" "$to"
}

wasm_linker() {
    local bundled
    bundled="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld"
    if [ -x "$bundled" ]; then echo "$bundled"; else command -v wasm-ld; fi
}

# Versions of the tools that cargo_tool installs.
export DENY_VERSION=0.20.2 CYCLONEDX_VERSION=0.5.9

# cargo_tool NAME VERSION: prints the path of this version of a tool; builds it in cargo's target folder if it is missing.
cargo_tool() {
    local root="${CARGO_TARGET_DIR:-$PWD/target}/tools"
    if ! "$root/bin/$1" "${1#cargo-}" --version 2>/dev/null | grep -qF "$2"; then
        say "Building $1 $2."
        # Unoptimised: it runs for seconds, and an optimised build would take minutes longer.
        CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$root" --target-dir "$root/target" \
            --version "$2" "$1" >&2 || return
        rm -rf "$root/target"
    fi
    printf '%s\n' "$root/bin/$1"
}

# copy_sources FOLDER: copies the project without builds, downloads and data.
copy_sources() {
    tar --exclude=./.git --exclude=./target --exclude=./.cache --exclude=./data --exclude=node_modules -cf - . | tar -xf - -C "$1"
}

# Prints files' checksums.
sha256_of() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# Checks files against a list of checksums; macOS has no sha256sum.
sha256() { if command -v sha256sum >/dev/null; then sha256sum -c "$1"; else shasum -a 256 -c "$1"; fi; }

