"""An integrator with curl: plain HTTP against the running site, nothing of Django."""

import json
import secrets
import time
import urllib.error
import urllib.request

PASSWORD = "demo-cdmo-2026"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer:
    """One response: status, headers, body."""

    def __init__(self, status, headers, content):
        self.status, self.headers, self.content = status, headers, content

    @property
    def json(self):
        return json.loads(self.content)

    def __repr__(self):
        return f"{self.status} {self.content[:1500]!r}"


class Integrator:
    """A person's own token against one site."""

    def __init__(self, url, token):
        self.root, self.token = f"{url}/api/v1/", token

    def send(self, method, path, data=None, content_type="application/json", **headers):
        url = path if path.startswith("http") else self.root + path
        request = urllib.request.Request(url, data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if data is not None:
            request.add_header("Content-Type", content_type)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with _OPENER.open(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def get(self, path, expect=200):
        answer = self.send("GET", path)
        assert answer.status == expect, answer
        return answer.json if expect == 200 else answer

    def download(self, path) -> Answer:
        answer = self.send("GET", path)
        assert answer.status == 200, answer
        return answer

    def post(self, path, body=None, expect=(200, 201, 202), **headers):
        answer = self.send("POST", path, json.dumps(body or {}).encode(), **headers)
        expected = expect if isinstance(expect, tuple) else (expect,)
        assert answer.status in expected, f"POST {path}: {answer}"
        return answer.json

    def sign(self, path, expect=(200, 201, 202), **body):
        return self.post(path, {**body, "signature": {"password": PASSWORD}}, expect)

    def upload(self, path, filename, data, expect=202, **fields):
        boundary = secrets.token_hex(16)
        parts = b""
        for name, value in fields.items():
            parts += (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            ).encode()
        parts += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        parts += data + f"\r\n--{boundary}--\r\n".encode()
        answer = self.send("POST", path, parts, f"multipart/form-data; boundary={boundary}")
        assert answer.status == expect, answer
        return answer.json

    def wait(self, path, until, seconds=45):
        """Ask again until the answer satisfies, as an integration does; returns it."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(path)
            if until(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.4)
