#!/bin/sh
# Make the secrets that docker-compose.yml reads, unless they are there. Run beside docker-compose.yml.
set -eu
umask 077
mkdir -p secrets

make_one() {
    if [ ! -s "secrets/$1" ]; then
        printf '%s' "$2" > "secrets/$1"
        chmod 0444 "secrets/$1" # read inside containers by another user; the folder stays shut
    fi
}

random() {
    head -c 36 /dev/urandom | base64 | tr '+/' '-_'
}

make_one postgres_password "$(random)"
make_one database_password "$(random)"
make_one redis_password "$(random)"
make_one secret_key "$(random)$(random)"
make_one export_signing_key "$(random)"
make_one vault_key "$(random)"
make_one database_url "postgresql://cdmo:$(cat secrets/database_password)@postgres:5432/cdmo"
make_one redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
