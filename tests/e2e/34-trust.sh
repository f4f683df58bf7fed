#!/bin/bash
# Who is trusted: a certificate that a list in a file revokes and one that a fetched list revokes, a signature scheme, and post-quantum
# pre-shared keys that match and that do not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
more_plugins="revocation curl"

make_ca root
make_ca next
for name in hq branch hq2 branch2 branch3; do make_key "$name"; done
issue hq root
issue branch root
issue hq2 next /C=CH/O=Lab/CN=hq2 subjectAltName=DNS:hq-spare2,DNS:hq-spare3
issue branch2 next /C=CH/O=Lab/CN=branch2 subjectAltName=DNS:branch-spare2
issue branch3 next /C=CH/O=Lab/CN=branch3 subjectAltName=DNS:branch-spare3
make_crl root
make_crl next branch3
mkdir -p /run/{hq,branch}/etc /run/www
cp /run/pki/{hq,hq2}.{pem,key} /run/pki/{root,next}.pem /run/pki/root.crl /run/hq/etc/
cp /run/pki/{branch,branch2,branch3}.{pem,key} /run/pki/{root,next}.pem /run/branch/etc/
cp /run/pki/next.crl /run/www/

id_of=([hq]='' [branch]='') # the subjects
auth_of=([hq]='{ "certificate": "hq.pem", "key": "hq.key", "ca": ["next.pem", "root.pem"], "crl": "root.crl", "revocation": "strict",
    "ca_id": "C=CH, O=Lab, CN=root", "peer_signature": "ecdsa-sha384" }'
  [branch]='{ "certificate": "branch.pem", "key": "branch.key", "ca": "root.pem", "signature": ["ecdsa-sha384"] }')
by_next() { echo "\"certificate\": \"$1.pem\", \"key\": \"$1.key\", \"ca\": \"next.pem\""; } # name
fetched='"revocation": "strict", "crl_uris": "http://127.0.0.1:8080/next.crl"'
with_ppk() { # id secret
  echo "{ \"psk\": { \"text\": \"beside-it\" }, \"ppk\": { \"id\": \"$1\", \"secret\": { \"text\": \"$2\" }, \"required\": true } }"
}
write_config hq "$(spare hq 2 "{ $(by_next hq2), $fetched }"), $(spare hq 3 "{ $(by_next hq2), $fetched }"),
  $(spare hq 4 "$(with_ppk ppk-4 quantum-four)"), $(spare hq 5 "$(with_ppk ppk-5 quantum-five)")"
write_config branch "$(spare branch 2 "{ $(by_next branch2) }"), $(spare branch 3 "{ $(by_next branch3) }"),
  $(spare branch 4 "$(with_ppk ppk-4 quantum-four)"), $(spare branch 5 "$(with_ppk ppk-5 another)")"
make_network
at hq busybox httpd -f -p 127.0.0.1:8080 -h /run/www &
start_charon hq branch
for site in hq branch; do start_vtid "$site"; done

# What is told to be good is up, in both ways of telling.
expect 30 tunnel_is branch hq up
expect 10 ping_once hq "${inner[branch]}"
assert_match "how the branch signed" ECDSA_WITH_SHA384_DER "$(grep "authentication of 'C=CH, O=Lab, CN=branch'" /run/hq/charon.log | tail -1)"
expect 20 tunnel_is branch spare2 up
assert_match "the list was fetched" 127.0.0.1:8080 "$(grep 'fetching crl' /run/hq/charon.log)"
assert_eq "authorities" 1 "$(swanctl_at hq --list-authorities | grep -c '^vtid-')"

# The third is in that list.
expect 20 grep -q "certificate was revoked" /run/hq/charon.log
assert_eq "the tunnel of a revoked certificate" false "$(tunnel_is hq spare3 up && echo true || echo false)"

# A PPK goes into the keys of one tunnel, and the other's does not match.
expect 20 tunnel_is branch spare4 up
expect 5 ping_once branch 10.7.4.1
assert_match "the PPK is used" ppk-4 "$(grep 'using PPK' /run/hq/charon.log)"
assert_eq "the tunnel of two PPKs" false "$(tunnel_is branch spare5 up && echo true || echo false)"
grep -rqE 'quantum-(four|five)' /run/hq/vtid.log /run/hq/state && fail "a PPK is in the log or in the state"
vtictl_at hq --json show tunnel spare4 | grep -q quantum-four && fail "show tells a PPK"

# Nothing is loaded twice: not by a reload, and authorities not by another vtid.
authorities() { grep -c 'authority vtid-' /run/hq/charon.log; }
before=$(charon_loads hq) loaded=$(authorities)
says 0 . hq reload
assert_eq "loads during a reload without change" "$before $loaded" "$(charon_loads hq) $(authorities)"
kill_vtid hq
start_vtid hq
expect 10 converged hq
assert_eq "authorities loaded by another vtid" "$loaded" "$(authorities)"

# A newer list revokes the branch's certificate: what runs goes on, and is not called old; the next IKE_SA is refused.
spis=$(child_spis branch)
make_crl root branch
cp /run/pki/root.crl /run/hq/etc/
says 0 . hq reload
expect 10 grep -q 'crl #02 is newer' /run/hq/charon.log
expect 10 converged hq
assert_eq "SPIs" "$spis" "$(child_spis branch)"
problem_says hq 'tunnels/branch: .*settings' && fail "a newer list is called another setting"
says 0 . branch down hq
says 1 'certificates' branch up hq --timeout 30s
make_crl root
cp /run/pki/root.crl /run/hq/etc/
says 0 . hq reload
says 0 hq branch up hq --timeout 30s

# What no tunnel wants any more leaves charon.
sed -i 's/, "crl_uris": "[^"]*"//' /run/hq/etc/vtid.json
says 0 . hq reload
expect 10 eval '[[ -z $(swanctl_at hq --list-authorities) ]]'
