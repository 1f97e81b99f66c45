# lcaengine in a container: docs/operate.md. Not built by the project's own tests, which have no container runtime.
#
#   docker build -t lcaengine .
#   docker run -p 8000:8000 -v lcaengine:/data lcaengine
#
# The first start prints the link for the first administrator (docker logs).

FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --constraint constraints.txt '.[batch,documents,postgres]'

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home lcaengine && install -d -o lcaengine /data /cache
COPY --from=build /venv /venv
USER lcaengine
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LCAENGINE_AUTH=required \
    LCAENGINE_LOG=json \
    LCAENGINE_CACHE=/cache \
    LCAENGINE_DATABASE=sqlite:////data/lcaengine.sqlite \
    LCAENGINE_KEYS=/data/keys \
    LCAENGINE_RULES=/data/rules
# the background release is built once, here, and not at every start
RUN lcaengine background build
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["lcaengine", "serve", "--host", "0.0.0.0", "--workers", "2"]
