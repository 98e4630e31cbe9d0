#!/usr/bin/env bash
# Slimflow on Temporal with PostgreSQL, tried for real and without docker: the digits example runs through the guidebook
# while PostgreSQL and the Temporal server are killed once each and started again.
# Needs PostgreSQL's programs (apt-get install postgresql), Go, and a built package (npm run build).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tools=${SLIMFLOW_TOOLS:-$root/.slimflow/tools}
version=v1.31.0
pg=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
at=$(mktemp -d)
# The server keeps ports of its services in 16 bits with a sign.
pgport=${PG_PORT:-25432} port=${PORT:-27233}

mkdir -p "$tools"
if [ ! -x "$tools/server" ] || [ ! -x "$tools/sql" ]; then
  echo "building Temporal's server $version …"
  GOBIN=$tools go install "go.temporal.io/server/cmd/server@$version" "go.temporal.io/server/cmd/tools/sql@$version"
fi
source=$(go mod download -json "go.temporal.io/server@$version" | python3 -c 'import json,sys; print(json.load(sys.stdin)["Dir"])')

# PostgreSQL will not run as root.
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
server= run=
finish() {
  for pid in $run $server; do kill "$pid" 2>/dev/null || true; done
  as "$pg/pg_ctl" --pgdata "$at/pg" --mode immediate stop >/dev/null 2>&1 || true
  wait 2>/dev/null || true
  rm -rf "$at"
}
trap finish EXIT
if [ "$(id -u)" = 0 ]; then chown postgres "$at"; fi
chmod 755 "$at"
printf temporal >"$at/password" && chmod 644 "$at/password"
as "$pg/initdb" --pgdata "$at/pg" --username temporal --pwfile "$at/password" --auth scram-sha-256 >/dev/null
database() {
  as "$pg/pg_ctl" --pgdata "$at/pg" --log "$at/pg/log" --wait --options "-p $pgport -k $at -h 127.0.0.1" start >/dev/null
}
database
sql() { "$tools/sql" --plugin postgres12 --endpoint 127.0.0.1 --port "$pgport" --user temporal --password temporal "$@" >>"$at/schema.log" 2>&1 || { tail -5 "$at/schema.log"; return 1; }; }
for each in temporal:temporal temporal_visibility:visibility; do
  name=${each%:*} schema=$source/schema/postgresql/v12/${each#*:}/versioned
  sql --database "$name" create-database
  sql --database "$name" setup-schema --version 0.0
  sql --database "$name" update-schema --schema-dir "$schema"
done
mkdir "$at/config"
sed -e "s/PG_PORT/$pgport/" "$here/temporal.yaml" >"$at/config/development.yaml"
for i in 0 1 2 3 4 5 6 7; do sed -i "s/PORT$i/$((port + i))/" "$at/config/development.yaml"; done
temporal=$(node -e "require('$root/dist/server/temporal-binary.js').temporalBinary().then(({path}) => console.log(path))")
export TEMPORAL_ADDRESS=127.0.0.1:$port
serve() {
  "$tools/server" --root "$at" --config config --env development start >>"$at/server.log" 2>&1 &
  server=$!
  for _ in $(seq 600); do
    "$temporal" operator cluster health --address "$TEMPORAL_ADDRESS" >/dev/null 2>&1 && return
    kill -0 $server || break
    sleep 0.5
  done
  tail "$at/server.log" && exit 1
}
serve
"$temporal" operator namespace create --address "$TEMPORAL_ADDRESS" --namespace default --retention 1d >/dev/null
echo "Temporal $version on PostgreSQL $("$pg/postgres" --version | grep -oE '[0-9.]+' | head -1) at $TEMPORAL_ADDRESS"

cd "$root" && node examples/digits/prepare.mjs >/dev/null
slimflow() { node "$root/dist/cli/main.js" "$@"; }
slimflow setup
export SLIMFLOW_STATE=$at/state
slimflow run examples/digits/slimflow.yaml >"$at/run.log" 2>&1 &
run=$!
# A fault every so often of what is done, not of time: each waits for more results in the store.
results() { find "$at/state/store/results" -type f 2>/dev/null | wc -l; }
until_results() { while [ "$(results)" -lt "$1" ]; do kill -0 $run || { cat "$at/run.log"; exit 1; }; sleep 0.5; done; }
until_results 10
echo "kill -9 of the Temporal server after $(results) activities" && kill -9 $server && wait $server 2>/dev/null || true
sleep 5 && serve
until_results 40
echo "PostgreSQL stopped at once after $(results) activities"
as "$pg/pg_ctl" --pgdata "$at/pg" --mode immediate stop >/dev/null
sleep 5 && database
wait $run && status=0 || status=$?
run=
cat "$at/run.log"
exit $status
