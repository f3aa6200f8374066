FROM python:3.13-slim AS build

# the base image's pip installs into it, so the environment needs no pip of its own
RUN python -m venv --without-pip /venv
COPY requirements.txt /tmp/
RUN pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes -r /tmp/requirements.txt

WORKDIR /app
COPY manage.py ./
COPY senim senim
COPY workouts workouts
# the app's user cannot write bytecode, nor read a checkout made under a strict umask
RUN python -m compileall -q --invalidation-mode unchecked-hash senim workouts \
    && chmod -R u=rwX,go=rX .

FROM python:3.13-slim

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SENIM_DATA=/data

# a fixed uid, since volumes outlive images
RUN groupadd --gid 10001 senim \
    && useradd --uid 10001 --gid senim --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin senim \
    && install --directory --owner senim --group senim --mode 0700 /data

COPY --from=build /venv /venv
COPY --from=build /app /app

WORKDIR /app
# by number: Kubernetes' runAsNonRoot cannot resolve a name
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM

# the Host has to be in ALLOWED_HOSTS, which may lack 127.0.0.1; no proxy from the environment
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD python -c "import os; \
from urllib.request import ProxyHandler, Request, build_opener; \
host = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip(' *') or '127.0.0.1'; \
request = Request('http://127.0.0.1:8000/', headers={'Host': host}); \
build_opener(ProxyHandler({})).open(request, timeout=4)"

CMD ["python", "manage.py", "start", "--host", "0.0.0.0", "--port", "8000"]
