#!/bin/sh
# Run once by the PostgreSQL image when its data folder is new, or by hand by an administrator.
# Makes the application's role and database. The role is no superuser: it may make roles because
# migrations make `cdmo_sponsor`, as which sponsors' requests run.
set -eu

password="$(cat "$CDMO_PASSWORD_FILE")"
psql --set=ON_ERROR_STOP=1 --quiet --no-psqlrc --username="$POSTGRES_USER" --dbname=postgres \
    --set=password="$password" <<'SQL'
CREATE ROLE cdmo LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE cdmo OWNER cdmo ENCODING 'UTF8' TEMPLATE template0;
SQL
