#!/bin/bash
# Certificates on both sides, beside a tunnel with a PSK: traffic, a renewed certificate, a wrong CA, a key that is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"

make_ca root
make_ca stranger
make_intermediate office root
make_key hq ed25519
issue hq office
make_key branch
issue branch root
mkdir -p /run/hq/etc /run/branch/etc
cat /run/pki/hq.pem /run/pki/office.pem >/run/hq/etc/hq.pem # a chain, whose middle the branch does not know
cp /run/pki/hq.key /run/pki/root.pem /run/hq/etc/
cp /run/pki/branch.{pem,key} /run/pki/root.pem /run/branch/etc/
auth_of=([hq]='{ "certificate": "hq.pem", "key": "hq.key", "ca": "root.pem" }'
  [branch]='{ "certificate": "branch.pem", "key": "branch.key", "ca": "root.pem" }')
id_of=([hq]='' [branch]='') # the subjects
for site in hq branch; do write_config "$site" "$(spare "$site" 2 '{ "psk": { "text": "beside-it" } }')"; done
start_sites
expect 10 tunnel_is branch spare2 up
expect 5 ping_once branch 10.7.2.1
assert_match "hq is known by its subject" 'CN=hq' "$(swanctl_at branch --list-sas)"

# Nothing is loaded twice: not by a reload, and of certificates not by another vtid.
loads=$(charon_loads branch)
says 0 . branch reload
assert_eq "loads during a reload without change" "$loads" "$(charon_loads branch)"
keys=$(grep -c 'loaded .* private key' /run/branch/charon.log)
kill_vtid branch
start_vtid branch
expect 10 converged branch
assert_eq "private keys loaded after a restart of vtid" "$keys" "$(grep -c 'loaded .* private key' /run/branch/charon.log)"
grep -qiE 'BEGIN|PRIVATE' /run/branch/state/* && fail "the state holds a key"

# Renewed: the running SA goes on, the next one shows the new certificate, and the old key leaves charon.
make_key renewed
issue renewed root '/C=CH/O=Lab/OU=renewed/CN=branch'
before=$(child_spis branch)
ping_start branch "${inner[hq]}"
cp /run/pki/renewed.pem /run/branch/etc/branch.pem
cp /run/pki/renewed.key /run/branch/etc/branch.key
says 0 . branch reload
expect 5 grep -q 'unloaded private key' /run/branch/charon.log
sleep 1
ping_stop
assert_eq "lost during the reload, of $ping_answered" 0 "$ping_lost"
assert_eq "SPIs" "$before" "$(child_spis branch)"
says 0 . branch down hq
says 0 hq branch up hq --timeout 30s
expect 5 ping_once branch "${inner[hq]}"
assert_match "hq sees the renewed certificate" 'OU=renewed, CN=branch' "$(swanctl_at hq --list-sas)"

# Another CA than the one that signed the peer's certificate.
says 0 . branch down hq
cp /run/pki/stranger.pem /run/branch/etc/root.pem
says 0 . branch reload
says 1 'certificates' branch up hq --timeout 30s
cp /run/pki/root.pem /run/branch/etc/root.pem
says 0 . branch reload
says 0 hq branch up hq --timeout 30s

# Refused before charon hears of it.
openssl pkcs8 -topk8 -in /run/pki/renewed.key -passout pass:x -out /run/branch/etc/branch.key
says 1 'auth/key: the private key is encrypted.*openssl pkey' branch reload
cp /run/pki/branch.key /run/branch/etc/branch.key
says 1 'auth/key: is not the private key of the certificate' branch reload
cp /run/pki/renewed.key /run/branch/etc/branch.key
chmod 644 /run/branch/etc/branch.key
says 1 'auth/key: .* can be read by others' branch reload
chmod 600 /run/branch/etc/branch.key
says 0 . branch reload
assert_eq "state" up "$(tunnel_state branch hq)"
