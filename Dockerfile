# ci-secrets-auditor as a user without rights, made for a read-only root:
#
#   docker build -t auditor .                             every provider and the hunts
#   docker build -t auditor:slim --build-arg EXTRAS= .    CircleCI alone, no SDK: remove [providers.aws]
#   docker build -t auditor:aws --build-arg EXTRAS=aws,hunts .
#
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#       --user "$(id -u):$(id -g)" -v "$PWD:/data" -e CIRCLE_TOKEN auditor audit --config config.toml
#
# Not built where this file was written: no Docker there.
FROM python:3.12-slim AS build
ARG EXTRAS=aws,azure,gcp,github,hunts,siem
WORKDIR /source
COPY pyproject.toml constraints.txt README.md ./
COPY auditor auditor
# The pins are the tested versions.
RUN python -m venv /opt/auditor \
    && /opt/auditor/bin/pip install --no-cache-dir -c constraints.txt ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.12-slim
COPY --from=build /opt/auditor /opt/auditor
# Only /data (what you mount) and /tmp are ever written; the cache of AWS's actions lies in /tmp.
ENV PATH=/opt/auditor/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HOME=/tmp XDG_CACHE_HOME=/tmp
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin auditor \
    && mkdir /data && chown auditor /data
USER 10001
WORKDIR /data
ENTRYPOINT ["auditor"]
CMD ["--help"]
