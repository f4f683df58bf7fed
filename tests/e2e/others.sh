# others.sh: objects of somebody else's at a site, of each kind that vtid has, to be found as they were.
plant_others() { # site
  ip -n "$1" link add theirs0 type xfrm dev lo if_id 900
  ip -n "$1" address add 10.99.0.1/24 dev theirs0
  ip -n "$1" link set theirs0 up
  ip -n "$1" route add 10.98.0.0/16 dev theirs0
  ip -n "$1" rule add pref 300 from 10.97.0.0/16 lookup 77
  at "$1" nft 'add table inet theirs; add chain inet theirs c; add rule inet theirs c tcp dport 9 accept'
  plant_xfrm "$1"
}
plant_xfrm() { # site: also again, when somebody who is not vtid has flushed them
  ip -n "$1" xfrm state add src 203.0.113.7 dst 192.0.2.99 proto esp spi 0x7778 reqid 9 mode tunnel \
    aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128 2>/dev/null || true
  ip -n "$1" xfrm policy update src 10.97.0.0/16 dst 10.96.0.0/16 dir out tmpl src 192.0.2.99 dst 203.0.113.7 proto esp reqid 9 mode tunnel
}
others() { # site
  printf '%s\n' 'address show dev theirs0' 'route show dev theirs0' 'rule show pref 300' 'xfrm state list reqid 9' |
    ip -n "$1" -force -batch -
  ip -n "$1" xfrm policy list src 10.97.0.0/16 | grep '^src 10.97.0.0/16' || true
  at "$1" nft list table inet theirs
}
