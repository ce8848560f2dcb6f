# shellcheck shell=bash
# Finds or brings the tools that building and testing need; sourced by the scripts beside this folder. Messages go to standard error.

say() { printf '%s\n' "$*" >&2; }

# Makes `cargo` available, by rustup if it is missing.
need_cargo() {
    # Crates with C in them (SQLite, ring) and the linker need a C compiler.
    need_command cc build-essential
    # shellcheck source=/dev/null
    command -v cargo >/dev/null || { [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"; } || true
    command -v cargo >/dev/null && return
    say "Rust is missing: installing it with rustup (https://rustup.rs) into your home folder."
    need_command curl curl
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --no-modify-path >&2
    # shellcheck source=/dev/null
    . "$HOME/.cargo/env"
}

# Installs Debian packages, as root or by sudo; says what to do where neither is possible.
apt_install() {
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { say "Please install as root: apt-get install $*"; return 1; }
        sudo=(sudo)
    fi
    say "Installing $* (apt-get)."
    "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
        { "${sudo[@]}" apt-get update -qq >&2 && "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}

# need_command NAME PACKAGE: makes the command available from a Debian package, or says what is missing.
need_command() {
    command -v "$1" >/dev/null && return
    if command -v apt-get >/dev/null; then apt_install "$2"; fi
    command -v "$1" >/dev/null || { say "Please install $1 and start again."; return 1; }
}

# Whether cargo can compile for the browser; adds the target by rustup where that is possible.
use_wasm_target() {
    local target=wasm32-unknown-unknown
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] && return
    command -v rustup >/dev/null || return 1
    say "Adding the target $target (rustup)."
    rustup target add "$target" >/dev/null 2>&1
}

# Where rustup cannot download: Debian's own compiler for the web with the library's sources, which compiles the
# standard library along (about 45 s once).
debian_wasm_cargo() {
    command -v apt-get >/dev/null ||
        { say "The target wasm32-unknown-unknown is missing and rustup could not add it."; return 1; }
    dpkg -s rustc-web cargo-web rust-web-src >/dev/null 2>&1 || apt_install rustc-web cargo-web rust-web-src lld || return
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$(wasm_linker)" \
        /usr/bin/cargo "$@" -Z build-std=std,panic_abort
}

wasm_linker() {
    local bundled
    bundled="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld"
    if [ -x "$bundled" ]; then echo "$bundled"; else command -v wasm-ld; fi
}

# Checks files against a list of sums; macOS has no sha256sum.
sha256() { if command -v sha256sum >/dev/null; then sha256sum -c "$1"; else shasum -a 256 -c "$1"; fi; }

# Time of a file's last change in seconds; GNU and BSD spell it differently.
file_time() { stat -c %Y "$1" 2>/dev/null || stat -f %m "$1"; }
