"""Secrets are masked wherever they turn up, and nothing else is."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from colotui import config
from colotui.model.secrets import Cleaner, cleaner_of, without_secrets
from tests.unit.config.pairs import FULL

BARE = Cleaner({})


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("-object secret,id=s0,data=hunter2", "hunter2"),
        ("-object {'qom-type': 'secret', 'id': 's0', 'data': 'hunter2'}", "hunter2"),
        ("quiet luks.passphrase=hunter2 ro", "hunter2"),
        ("-vnc :1,password=hunter,,2", "hunter,,2"),
        ('{"password": "hunter2 and more", "k": 1}', "hunter2 and more"),
        ('{"append": "password=\\"hunter2 two\\" ro"}', "hunter2 two"),
        ("api_key=hunter2", "hunter2"),
        ("wpa_psk=hunter2", "hunter2"),
        ("extra key=hunter2", "hunter2"),
        ("http://op:hunter2@web/x", "hunter2"),
        ("rbd://admin:hun@ter2@ceph/x", "ter2"),
        ("Authorization: Bearer hunter2", "hunter2"),
        ("a\n-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\nb", "hunter2"),
        ("-----BEGIN RSA PRIVATE KEY-----\nhunter2 cut off", "hunter2"),
        ("cut off hunter2\n-----END PRIVATE KEY-----\nb", "hunter2"),
        ('"-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----"', "hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    shown = BARE.words(text)
    assert secret not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T10:00:00Z colo_vm_state_change Change 'stop' => 'run'",
        '{"key": "reach", "host": "alpha", "value": 1}',
        "monkey=ok keyboard=us root=/dev/sda console=ttyS0",
        "http://10.77.0.10/x?y=1",
        "52:54:00:12:34:56",
    ],
)
def test_the_rest_stays_as_it_is(text: str) -> None:
    assert BARE.words(text) == text


def test_json_stays_json() -> None:
    tree = {"password": 'a"b', "append": 'password="x y" ro', "url": "http://u:p@h/", "t": "secret=1", "n": [1, None]}
    shown = json.loads(BARE.words(json.dumps(tree)))
    assert shown["n"] == [1, None]
    assert "x y" not in str(shown)


def test_what_the_pair_file_names_is_found_in_any_dress() -> None:
    pair = config.loads(FULL)
    extra = ("--vnc-password", "swordfish", "-object", "secret,id=s0,data=tr0ub4,,dor")
    guest = replace(pair.guests[0], append="ro token=correct/horse", extra=extra)
    cleaner = cleaner_of(replace(pair, guests=(guest,)))
    for secret in ("swordfish", "tr0ub4,dor", "tr0ub4,,dor", "correct/horse", "correct%2Fhorse"):
        assert secret not in cleaner.words(f"said {secret} aloud {json.dumps(json.dumps(secret))}")
    assert cleaner.words("the key /root/.ssh/id_ed25519") == "the key id_ed25519"


def test_the_pair_file_without_secrets() -> None:
    pair = config.loads(FULL)
    guest = replace(pair.guests[0], append="ro password=swordfish", extra=("--password", "swordfish", "-vnc", "none"))
    shown = without_secrets(replace(pair, guests=(guest,), path="/home/op/pair.yaml"))
    assert shown.hosts[0].key == "id_ed25519"
    assert shown.guests[0].append == "ro password=***"
    assert shown.guests[0].extra == ("--password", "***", "-vnc", "none")
    assert "swordfish" not in config.dump(shown)
    assert "/root/.ssh" not in config.dump(shown)


@pytest.mark.parametrize(
    "part", [b"password", b"secret data ", b'token="', b"a://", b"-----END PRIVATE KEY-----\n", b"key=\\", b"x"]
)
def test_hostile_text_takes_no_longer_than_its_length(part: bytes) -> None:
    def spent(size: int) -> float:
        data = (part * (size // len(part) + 1))[:size]
        begun = time.process_time()
        BARE.clean(data)
        return time.process_time() - begun

    # Eight times as much: linear work grows eightfold, quadratic work 64-fold.
    assert spent(1 << 20) < 24 * spent(1 << 17) + 0.1
