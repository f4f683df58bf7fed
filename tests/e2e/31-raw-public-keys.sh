#!/bin/bash
# Raw public keys: with the identities that the keys themselves are, with names, and with another peer's key.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"

make_key hq ed25519
make_key branch
make_key stranger
mkdir -p /run/hq/etc /run/branch/etc
for site in hq branch; do
  cp "/run/pki/$site".{key,pub} "/run/$site/etc/"
  cp "/run/pki/${peer[$site]}.pub" "/run/$site/etc/peer.pub"
  auth_of[$site]="{ \"public_key\": \"$site.pub\", \"key\": \"$site.key\", \"peer_public_key\": \"peer.pub\" }"
done
id_of=([hq]='' [branch]='')
start_sites
expect 5 ping_once branch "${inner6[hq]}"

says 0 . branch down hq
id_of=([hq]=hq [branch]=branch@example.org)
for site in hq branch; do
  write_config "$site"
  says 0 . "$site" reload
done
says 0 hq branch up hq --timeout 30s
expect 5 ping_once branch "${inner[hq]}"
assert_match "hq knows the branch by its name" 'branch@example.org' "$(swanctl_at hq --list-sas)"

says 0 . branch down hq
cp /run/pki/stranger.pub /run/branch/etc/peer.pub
says 0 . branch reload
says 1 'PSK, certificates or keys' branch up hq --timeout 30s
cp /run/pki/hq.pub /run/branch/etc/peer.pub
says 0 . branch reload
says 0 hq branch up hq --timeout 30s

# A tunnel less, a key less.
printf '{ "charon": { "vici": "unix:///run/branch/charon.vici" }, "tunnels": {} }\n' >/run/branch/etc/vtid.json
says 0 . branch reload
expect 5 grep -q 'unloaded private key' /run/branch/charon.log
