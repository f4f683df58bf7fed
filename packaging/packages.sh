# packages.sh: what vtid is built with, by Debian's package names, and need(), which installs what is missing of them.

boost=libboost-dev # 1.81 or later: Debian 12's own is 1.74, and it has another beside it
grep -q '^VERSION_ID="12"' /etc/os-release && boost=libboost1.81-dev
build_packages=(g++ cmake ninja-build pkg-config "$boost" nlohmann-json3-dev libspdlog-dev libfmt-dev libcli11-dev
  libmnl-dev libnftables-dev libcap-ng-dev)
check_packages=(ccache clang-format libgtest-dev libgmock-dev shellcheck
  bmake mksh busybox-static # FreeBSD's make, and more shells for its scripts
  systemd strace procps # the unit without a running systemd, the system calls of the daemon
  zsh fish # take completions beside bash
  chromium # looks at the page
  prometheus) # takes in the metrics, and judges the alerts
grep -q '^VERSION_ID="12"' /etc/os-release || check_packages+=(clang-tidy) # 19 or later: tests/lint/tidy
# Two sites with a real charon each, and a kernel under emulation for machines whose own lacks XFRM interfaces.
lab_packages=(charon-systemd strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins
  libcharon-extra-plugins iproute2 iputils-ping nftables conntrack openssl procps tcpdump jq util-linux kmod cpio busybox-static
  qemu-system-x86 debootstrap xz-utils frr keepalived) # frr and keepalived: what docs/cookbook shows, over real tunnels
bench_packages=(fping) # tests/bench/gateways

need() { # package...
  local missing=() package
  for package; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
  done
  # the lab looks the kernel's package up, so the lists are wanted even when nothing is missing
  if ((${#missing[@]})) || ! apt-cache show linux-image-amd64 >/dev/null 2>&1; then
    apt-get update -qq
  fi
  if ((${#missing[@]})); then
    ( # no service starts on this host: the lab runs charon and FRR itself, in network namespaces
      policy=/usr/sbin/policy-rc.d
      if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
      fi
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    )
  fi
}
