FROM python:3.13-slim AS build

# the base image's pip fills it, so that the environment has no pip of its own
RUN python -m venv --without-pip /venv
COPY requirements.txt /tmp/
RUN pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt

WORKDIR /app
COPY manage.py ./
COPY senim senim
COPY workouts workouts
# the app's user can write no bytecode, and could not read a checkout made under a tight umask
RUN python -m compileall -q --invalidation-mode unchecked-hash senim workouts \
    && chmod -R u=rwX,go=rX .

FROM python:3.13-slim

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SENIM_DATA=/data

# a fixed uid: volumes outlive images
RUN groupadd --gid 10001 senim \
    && useradd --uid 10001 --gid senim --no-create-home --home-dir /data --shell /usr/sbin/nologin senim \
    && install --directory --owner senim --group senim --mode 0700 /data

COPY --from=build /venv /venv
COPY --from=build /app /app

WORKDIR /app
# by number: runAsNonRoot of Kubernetes cannot tell who a name is
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM

# the Host has to be one of ALLOWED_HOSTS, which may leave 127.0.0.1 out; a proxy in the environment must not be asked
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os; from urllib.request import ProxyHandler, Request, build_opener; host = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip(' *') or '127.0.0.1'; build_opener(ProxyHandler({})).open(Request('http://127.0.0.1:8000/', headers={'Host': host}), timeout=4)"]

CMD ["python", "manage.py", "start", "--host", "0.0.0.0", "--port", "8000"]
