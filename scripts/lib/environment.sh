# Sourced by the scripts. Set root, the checkout's absolute path, and call
#     use_environment [EXTRA...]
# It sets python to the interpreter of an environment that has what setup.cfg requires, with the
# named extras. MR_KMEANS_PYTHON names the Python to make it with.

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${MR_KMEANS_PYTHON:-}" ]; then
        is_new_enough "$MR_KMEANS_PYTHON" && echo "$MR_KMEANS_PYTHON" && return
        echo "mr_kmeans: MR_KMEANS_PYTHON=$MR_KMEANS_PYTHON is not a Python 3.9 or newer." >&2
        return 1
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.10 python3.9; do
        is_new_enough "$candidate" && echo "$candidate" && return
    done
    echo 'mr_kmeans: no Python 3.9 or newer on the PATH (looked for python3 and python3.9 to' \
        'python3.13); install one, or name it with MR_KMEANS_PYTHON.' >&2
    return 1
}

use_environment() {
    found=$(find_python) || exit 1
    python=$("$found" -I "$root/scripts/lib/environment.py" "$root" "$@") || exit $?
}
