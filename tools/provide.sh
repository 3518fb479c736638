#!/bin/sh
# Installs what tests need beyond Python, where that is allowed (root and apt); elsewhere says what is missing. The
# tests that need a missing part are left out and listed; with CI set they fail.
set -u

missing=""
want() { # command, Debian package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
want mosquitto mosquitto
want cc gcc
want npm npm
want mbpoll mbpoll
want chromium chromium
# The same browser without windows: pages are tested in a third of the time.
[ "$(id -u)" != 0 ] || command -v chromium-headless-shell >/dev/null 2>&1 ||
    ! apt-cache show chromium-headless-shell >/dev/null 2>&1 || missing="$missing chromium-headless-shell"
[ -e /usr/include/modbus/modbus.h ] || missing="$missing libmodbus-dev"
command -v cc >/dev/null 2>&1 && [ ! -e /usr/include/stdlib.h ] && missing="$missing libc6-dev"

fc-list :lang=ko 2>/dev/null | grep -q . || missing="$missing fontconfig fonts-noto-cjk"   # Korean in screenshots

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing; } >/dev/null 2>&1 && exit 0
fi
echo "missing for some tests:$missing"
