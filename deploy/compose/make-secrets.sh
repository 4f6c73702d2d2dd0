#!/bin/sh
# Makes what nobody may know, once: a second run changes nothing. Each directory under /made is a volume for one reader.
set -eu
umask 077

APP=10001       # the user `tollgate` of our image
POSTGRES=999    # the user `postgres` of the image of Debian

# The length of 256 bits in hexadecimal, which needs no quoting in a URL, in TOML or in SQL.
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Written beside its place and moved there: what is there is whole.
keep() {
    [ -s "$1" ] || { cat >"$1.draft"; mv "$1.draft" "$1"; }
}

made=/made
for name in superuser owner app; do random | keep "$made/postgres/$name"; done

database=postgres:5432/tollgate?sslmode=disable
echo "postgres://tollgate_owner:$(cat $made/postgres/owner)@$database" | keep $made/migrate/owner.url

nats='["nats://nats-1:4222", "nats://nats-2:4222", "nats://nats-3:4222"]'
# The two tokens are in the first file that is made; the second takes the gateways' token from it.
keep $made/control/tollgate.toml <<TOML
database_url = "postgres://tollgate_app:$(cat $made/postgres/app)@$database"
nats_url = $nats
bootstrap_token = "$(random)"
gateway_token = "$(random)"
TOML
keep $made/gateway/tollgate.toml <<TOML
nats_url = $nats
$(grep '^gateway_token' $made/control/tollgate.toml)
TOML

tollgate secrets init $made/keys

chown -R $POSTGRES:$POSTGRES $made/postgres
chown -R $APP:$APP $made/control $made/gateway $made/migrate $made/keys
chmod 0700 $made/*
