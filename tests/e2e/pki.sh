# pki.sh: throw-away keys and certificates in /run/pki, made with openssl. A case sources it after lib.sh.
mkdir -p /run/pki
umask 077

make_key() { # name [ed25519|ec]
  if [[ ${2:-ec} == ec ]]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "/run/pki/$1.key" # SEC1
  else
    openssl genpkey -algorithm "$2" -out "/run/pki/$1.key" # PKCS#8
  fi
  openssl pkey -in "/run/pki/$1.key" -pubout -out "/run/pki/$1.pub"
}

make_ca() { # name
  make_key "$1"
  openssl req -x509 -new -key "/run/pki/$1.key" -subj "/C=CH/O=Lab/CN=$1" -days 2 -out "/run/pki/$1.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

issue() { # name ca [subject [extensions]]: of the key NAME.key
  openssl req -new -key "/run/pki/$1.key" -subj "${3:-/C=CH/O=Lab/CN=$1}" |
    openssl x509 -req -CA "/run/pki/$2.pem" -CAkey "/run/pki/$2.key" -CAcreateserial -days 2 -out "/run/pki/$1.pem" \
      -extfile <(echo "${4:-subjectAltName=DNS:$1}") 2>/dev/null
}

make_intermediate() { # name ca
  make_key "$1"
  issue "$1" "$2" "/C=CH/O=Lab/CN=$1" basicConstraints=critical,CA:TRUE
}

make_crl() { # ca [name...]: a list of the CA that says that these are revoked, newer than the one before
  local name conf=/run/pki/$1.conf
  if [[ ! -e $conf ]]; then
    printf '%s\n' '[ca]' 'default_ca=x' '[x]' "database=/run/pki/$1.index" "crlnumber=/run/pki/$1.number" default_md=sha256 \
      default_crl_days=2 crl_extensions=e '[e]' authorityKeyIdentifier=keyid >"$conf"
    echo 01 >"/run/pki/$1.number"
  fi
  : >"/run/pki/$1.index"
  for name in "${@:2}"; do
    openssl ca -config "$conf" -cert "/run/pki/$1.pem" -keyfile "/run/pki/$1.key" -revoke "/run/pki/$name.pem" 2>/dev/null
  done
  openssl ca -config "$conf" -cert "/run/pki/$1.pem" -keyfile "/run/pki/$1.key" -gencrl -out "/run/pki/$1.crl" 2>/dev/null
}
