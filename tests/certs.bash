# certs - certificates for tests, from an authority of the test's own. `load certs`, or source it.
#
# certs DIR: makes in DIR (which may exist)
#   ca.pem                        the authority, for clients to trust
#   ecdsa.crt ecdsa.key           P-256, for mail.example.org, localhost, 127.0.0.1, ::1
#   rsa.crt rsa.key               RSA 2048, for the same
#   chain.crt chain.key           P-256, the same, signed by an intermediate authority that is in the file
#   other.crt other.key           P-256, for other.example.net and *.wild.example.net
#   expired.crt expired.key       P-256, mail.example.org, since 2020 no more
#   encrypted.key                 ecdsa.key with the passphrase "secret"
# Keys have mode 0600. `make tests` makes all of it once, in build/certs, from where it is copied.
# shellcheck shell=bash

CERTS_NAMES=DNS:mail.example.org,DNS:localhost,IP:127.0.0.1,IP:::1

# Called in the directory. certs_key NAME, certs_rsa_key NAME.
certs_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
certs_rsa_key() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" 2>/dev/null; }

# certs_sign NAME ISSUER EXTENSIONS [openssl-x509 flags]: NAME.crt for NAME.key, signed by ISSUER.pem, ISSUER.key.
certs_sign() {
	local name=$1 issuer=$2 extensions=$3
	shift 3
	[ $# -gt 0 ] || set -- -days 3650
	openssl req -new -key "$name.key" -subj "/CN=$name.test" -out "$name.csr"
	openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" -set_serial "0x$(openssl rand -hex 8)" \
		-extfile <(printf '%b' "$extensions") "$@" -out "$name.crt" 2>/dev/null
}

certs_make() {
	local leaf='basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName='
	local authority='basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n'
	certs_key ca &&
		openssl req -x509 -new -key ca.key -subj "/CN=Test authority" -days 3650 \
			-addext keyUsage=keyCertSign,cRLSign -out ca.pem &&
		certs_key ecdsa && certs_sign ecdsa ca "$leaf$CERTS_NAMES" &&
		certs_rsa_key rsa && certs_sign rsa ca "$leaf$CERTS_NAMES" &&
		certs_key intermediate && certs_sign intermediate ca "$authority" &&
		cp intermediate.crt intermediate.pem &&
		certs_key chain && certs_sign chain intermediate "$leaf$CERTS_NAMES" &&
		cat intermediate.crt >>chain.crt &&
		certs_key other && certs_sign other ca "${leaf}DNS:other.example.net,DNS:*.wild.example.net" &&
		certs_key expired && certs_expired "$leaf" &&
		openssl pkcs8 -topk8 -in ecdsa.key -passout pass:secret -out encrypted.key &&
		rm -f ./*.csr && chmod 600 ./*.key
}

# Of openssl's commands only `ca` can set both dates (x509 only since 3.4), and it wants files around it.
certs_expired() {
	printf '%s\n' '[ca]' 'default_ca=d' '[d]' 'database=index' 'new_certs_dir=.' 'serial=serial' 'default_md=sha256' 'policy=p' \
		'[p]' 'commonName=supplied' >ca.conf
	: >index
	openssl rand -hex 8 >serial
	openssl req -new -key expired.key -subj "/CN=expired.test" -out expired.csr
	openssl ca -batch -notext -config ca.conf -cert ca.pem -keyfile ca.key -in expired.csr \
		-startdate 20200101000000Z -enddate 20200201000000Z \
		-extfile <(printf '%b' "$1$CERTS_NAMES") -out expired.crt 2>/dev/null
	rm -f ca.conf index* serial* ./????????????????*.pem
}

certs() {
	mkdir -p "$1" && { cp -p "${BUILD:-}/certs"/* "$1"/ 2>/dev/null || (cd "$1" && certs_make); }
}
