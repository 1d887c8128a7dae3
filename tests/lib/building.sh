# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests/run and tests/bench/run have in common: installing what is missing, and building.
# They set `here`, the root of the sources, and `me`, their own name.

missing=
# need PACKAGE COMMAND…: a package is missing where one of the commands is
need ()
{
  package=$1
  shift
  for program
  do
    command -v "$program" >/dev/null 2>&1 || { missing="$missing $package"; return 0; }
  done
}

# need_file PACKAGE FILE: where it has no command
need_file ()
{
  [ -e "$2" ] || missing="$missing $1"
}

need_library ()
{
  pkg-config --exists "$2" 2>/dev/null || missing="$missing $1"
}

need_python_gi ()
{
  /usr/bin/python3 -c 'import gi; gi.require_version("Gio", "2.0")
from gi.repository import Gio' 2>/dev/null || missing="$missing python3-gi gir1.2-glib-2.0"
}

need_python_h2 ()
{
  /usr/bin/python3 -c 'import h2' 2>/dev/null || missing="$missing python3-h2"
}

# What building and the running daemon take.
need_basics ()
{
  need gcc gcc cc
  need pkg-config pkg-config
  need meson meson
  need ninja-build ninja
  need gettext msgfmt xgettext
  need python3 /usr/bin/python3
  need dbus dbus-daemon
  need libglib2.0-bin gdbus
  need libglib2.0-dev-bin gdbus-codegen glib-compile-resources
  need_library libglib2.0-dev 'glib-2.0 >= 2.74'
  need_library libsoup-3.0-dev libsoup-3.0
  need_library libjson-glib-dev json-glib-1.0
  need_library libssl-dev 'libcrypto >= 3.0'
  need_library libsqlite3-dev sqlite3
  need_library libsystemd-dev libsystemd
  need_library libnats-dev 'libnats >= 3.4'
  need_python_gi
}

install_packages ()
{
  [ -n "$missing" ] || return 0
  if [ -n "${RIVULET_NO_INSTALL:-}" ]
  then
    echo "$me: missing, and not installed:$missing" >&2
    return 0
  fi
  echo "installing:$missing"
  as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  $as_root apt-get update -q
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -q -y --no-install-recommends $missing
}

# unpack_servers PACKAGE…: of packages that start a server of their own where they are installed, the
# programs alone, into build/servers. What they are linked with is there with need_basics.
unpack_servers ()
{
  servers=$here/build/servers
  for package
  do
    [ -z "$(PATH="$PATH:/usr/sbin:$servers/usr/sbin:$servers/usr/bin" command -v "$package")" ] ||
      continue
    [ -z "${RIVULET_NO_INSTALL:-}" ] || { echo "$me: missing, and not unpacked: $package" >&2; continue; }
    echo "unpacking: $package"
    mkdir -p "$servers/download"
    (cd "$servers/download" && apt-get download -q "$package" &&
      dpkg-deb --extract "$package"_*.deb "$servers") ||
      echo "$me: $package could not be unpacked; what needs it is skipped" >&2
    rm -rf "$servers/download"
  done
}

# build DIRECTORY [OPTION…]; nothing is counted as passed where it fails
build ()
{
  directory=$here/$1
  shift
  echo "building in $directory"
  log=$directory.log
  if { [ -f "$directory/build.ninja" ] \
         || meson setup "$directory" "$here" --prefix=/usr -Dwerror=true "$@"; } >"$log" 2>&1 \
    && ninja -C "$directory" >>"$log" 2>&1
  then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    echo "$me: $directory could not be built" >&2
    return 1
  fi
}

# install_npm PACKAGE-JSON FOLDER: keeps what it names in a folder, by its versions
install_npm ()
{
  cmp -s "$1" "$2/installed.json" && return 0
  [ -z "${RIVULET_NO_INSTALL:-}" ] || { echo "$me: missing, and not installed: $1" >&2; return 0; }

  echo 'installing npm packages'
  rm -rf "$2"
  mkdir -p "$2"
  cp "$1" "$2/package.json"
  if (cd "$2" &&
      npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error)
  then
    cp "$1" "$2/installed.json"
  else
    echo "$me: npm could not install the packages; what needs them is skipped" >&2
    rm -rf "$2"
  fi
}
