"""Newer packages of the very Asterisk that a host of the lab has, offered to its apt: so an upgrade is a real one."""

from __future__ import annotations

from kelid.lab import Host

REPACK = r"""
set -e
suffix=$1; change=$2; control=$3; also=$4
rm -rf /opt/upgrade /tmp/build; mkdir -p /opt/upgrade
cd /opt/lab-packages
add() {
  { dpkg-deb --field "$1"; echo "Filename: ./${1##*/}"; echo "Size: $(stat -c %s "$1")"
    echo "SHA256: $(sha256sum "$1" | cut -d ' ' -f 1)"; echo; } >> /opt/upgrade/Packages
}
for deb in $PWD/asterisk_*.deb $PWD/asterisk-modules_*.deb $PWD/asterisk-config_*.deb $PWD/asterisk-voicemail_*.deb; do
  test -e "$deb" || continue  # voicemail is a package of its own on Debian 11 alone
  dpkg-deb -R "$deb" /tmp/build
  old=$(dpkg-deb --field "$deb" Version); new="$old$suffix"; name=$(dpkg-deb --field "$deb" Package)
  sed -i -e "s/^Version: .*/Version: $new/" -e "s/(= $old)/(= $new)/g" -e "s/(>= $old)/(>= $new)/g" /tmp/build/DEBIAN/control
  cd /tmp/build
  case $name in asterisk) eval "$change";; esac
  eval "$control"
  cd /
  file=/opt/upgrade/$(basename "$deb" .deb | tr ':%' '__')$suffix.deb
  dpkg-deb -Znone -b /tmp/build "$file" >/dev/null
  add "$file"
  rm -rf /tmp/build
done
if test -n "$also"; then
  mkdir -p "/tmp/build/DEBIAN" "/tmp/build/usr/share/$also"
  printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@kelid.example>\nDescription: new\n' \
    "$also" > /tmp/build/DEBIAN/control
  echo new > "/tmp/build/usr/share/$also/new"
  dpkg-deb -Znone -b /tmp/build "/opt/upgrade/$also.deb" >/dev/null
  add "/opt/upgrade/$also.deb"
  rm -rf /tmp/build
fi
echo 'deb [trusted=yes] file:/opt/upgrade ./' > /etc/apt/sources.list.d/upgrade.list
"""
"""Makes newer packages of the very ones that are installed. ``change`` is done to the files of the package asterisk,
``control`` to those of each one (its name is ``$name``); ``also`` is the name of a package that comes with them."""

NEWER = (
    "sed -i -e 's/22\\.10\\.1+dfsg/22.10.2+dfsg/g' -e 's/16\\.28\\.0~dfsg/16.28.9~dfsg/g' usr/sbin/asterisk"
)
"""The version stands in the program: with another digit in it the new one can be told from the old one."""
NAMES = ("asterisk", "asterisk-modules", "asterisk-config")


def offer(host: Host, suffix: str, change: str, *, control: str = ":", also: str = "") -> None:
    """Let the host's apt find packages of Asterisk that are newer by ``suffix``."""
    host.run(["bash", "-c", REPACK, "bash", suffix, change, control, also], timeout=300)
