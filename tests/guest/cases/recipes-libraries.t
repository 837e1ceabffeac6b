# Recipes that watch libraries: of names, of memory, of TLS.
# also runs on this machine
. "${0%/*}/lib.sh"

# ask RECIPE ...: the answer in answer.json
ask() { timeout 60 dtrace++ recipe run --no-govern -q --format json "$@" >answer.json 2>messages || fail "$* $(cat messages answer.json)"; }

ask malloc-sizes -- workload allocate 100 640
equal "pieces and bytes" 1 "$(count answer.json '"comm":"workload","calls":100,"bytes":64000,"mean":640,')"
ask malloc-leak -- workload allocate 100 640
equal "every other piece is not given back" 1 "$(count answer.json '"comm":"workload","pieces":50,"bytes":32400,' '"run_allocate"')"

ask dns-latency -- bash -c 'getent ahosts localhost >/dev/null; getent ahosts no.such.name.invalid; true'
equal "a name that is known" 1 "$(count answer.json '"comm":"getent"' '"result":0,"host":"localhost"')"
equal "one that is not" 1 "$(count answer.json '"comm":"getent"' '"result":-' '"host":"no.such.name.invalid"')"

command -v openssl >/dev/null || { echo "openssl is not here: tls-data is left out"; exit 0; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=dtp 2>/dev/null || fail "no certificate"
# The server's first line is its answer; each side stays until it has what the other one says.
cat >talk.sh <<'END'
openssl s_server -quiet -key key.pem -cert cert.pem -accept 127.0.0.1:9443 -naccept 1 >asked 2>/dev/null \
	< <(until grep -q secret asked; do sleep 0.05; done; printf 'the answer\n'; until grep -q answer got; do sleep 0.05; done) &
until openssl s_client -quiet -connect 127.0.0.1:9443 >got 2>/dev/null \
	< <(printf 'GET /secret HTTP/1.0\n'; until grep -q answer got; do sleep 0.05; done); do sleep 0.05; done
kill $! 2>/dev/null || true
END
touch asked got
ask tls-data -- bash talk.sh
equal "what is asked" 1 "$(count answer.json '"comm":"openssl","direction":"sent","bytes":21,"text":"GET /secret HTTP/1.0')"
equal "what is answered" 1 "$(count answer.json '"comm":"openssl","direction":"sent","bytes":11,"text":"the answer')"
equal "how much of that is read" 1 "$(count answer.json '"comm":"openssl","direction":"read","bytes":11,')"
