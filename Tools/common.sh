# What the scripts beside this file share: where the project is, how they speak, and how they get
# the Debian packages they need. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
say() { printf '%s %s\n' "==>" "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# need_swift: the one thing we cannot install. A toolchain unpacked from its archive runs only where
# the libraries are that it links against; those we can.
need_swift() {
    local where=https://www.swift.org/install/linux/
    command -v swift >/dev/null || die "Swift 6.2 or later is needed and was not found: $where"
    swift build --version >/dev/null 2>&1 && return
    install_packages libcurl4 libncurses6 libsqlite3-0 libxml2
    swift build --version >/dev/null || die "this Swift does not run; what it needs: $where"
}

# need PACKAGE:CHECK...: installs those Debian packages whose CHECK fails.
#
# CHECK is a program that must be found; `/NAME` is a header that the C compiler must find, `.NAME`
# a module of Python, `=GLOB` files. Looking for the thing rather than for the package keeps
# other distributions and hand-built installations working.
need() {
    local missing=() item package check
    for item in "$@"; do
        package=${item%%:*} check=${item#*:}
        case $check in
            /*) has_header "${check#/}" ;;
            .*) python3 -c "import ${check#.}" 2>/dev/null ;;
            =*) compgen -G "${check#=}" >/dev/null ;;
            *) command -v "$check" >/dev/null ;;
        esac || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# install_packages NAME...: as root, or by sudo.
install_packages() {
    say "installing system packages: $*"
    command -v apt-get >/dev/null ||
        die "please install these first (Debian names): $*; there is no apt-get here"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "please install as root: apt-get install $* (there is no sudo here)"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -q >&2 || die "apt-get update failed"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@" >&2 ||
        die "apt-get could not install: $*"
}

# The compiler that comes with Swift finds system headers where our modules will find them. pcre2.h
# is empty but for an error unless it is told the size of a character.
has_header() {
    local include="#define PCRE2_CODE_UNIT_WIDTH 8\n#include <%s>\n"
    [ -e "/usr/include/$1" ] || printf "$include" "$1" | clang -x c -fsyntax-only - 2>/dev/null ||
        printf "$include" "$1" | cc -x c -fsyntax-only - 2>/dev/null
}

# What `swift build` of the server needs. Swift links with gcc's start files; packages come by git, and
# what vouches for their servers is in ca-certificates.
need_build_packages() {
    need git:git ca-certificates:'=/etc/ssl/certs/*' gcc:cc pkg-config:pkg-config \
        zlib1g-dev:/zlib.h liburing-dev:/liburing.h libssl-dev:/openssl/evp.h \
        libargon2-dev:/argon2.h libidn-dev:/stringprep.h libpcre2-dev:/pcre2.h \
        libcurl4-openssl-dev:/curl/curl.h librabbitmq-dev:/amqp.h \
        libhiredis-dev:/hiredis/hiredis.h
}

# binary PRODUCT [OPTIONS of swift build...]: where that build puts it.
binary() {
    local product=$1
    shift
    printf '%s/%s' "$(swift build --package-path "$root" "$@" --show-bin-path)" "$product"
}
