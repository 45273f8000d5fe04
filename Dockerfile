# One image for all five services: the provider, or with `python -m portals NAME` one portal.
FROM python:3.11-slim AS build
RUN python -m venv /opt/manyou
WORKDIR /src
COPY requirements.lock ./
RUN /opt/manyou/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY web web
COPY idp idp
COPY portals portals
COPY lab lab
RUN /opt/manyou/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
COPY --from=build /opt/manyou /opt/manyou
# The state is the one place that may be written; a new volume takes its folder's owner. /tls/* is for those of
# `manyou certificates`, one for each service.
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin manyou \
    && install -d -o manyou -g manyou -m 0700 /var/lib/manyou /tls /tls/authority /tls/trust /tls/idp \
    && for file in /opt/manyou/lib/python3.*/site-packages/portals/*/portal.toml; do \
        install -d -o manyou -g manyou -m 0700 "/tls/$(basename "$(dirname "$file")")"; done
ENV PATH=/opt/manyou/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MANYOU_VAR=/var/lib/manyou MANYOU_BIND=0.0.0.0
USER manyou
WORKDIR /var/lib/manyou
VOLUME /var/lib/manyou
STOPSIGNAL SIGTERM
CMD ["python", "-m", "idp"]
