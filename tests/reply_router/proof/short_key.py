"""A key of 768 bits, as nobody makes them any more: the library that makes keys refuses to."""

import base64
import random

_RANDOM = random.Random(768)


def _is_prime(number: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(40):
        power = pow(_RANDOM.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _prime(bits: int) -> int:
    while True:
        number = _RANDOM.getrandbits(bits) | (3 << bits - 2) | 1
        if number % 65537 != 1 and _is_prime(number):
            return number


def _der(tag: int, body: bytes) -> bytes:
    size = bytes([len(body)]) if len(body) < 128 else bytes([0x80 | 2]) + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


def _number(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


_P, _Q = _prime(384), _prime(384)
_N, _E = _P * _Q, 65537
_D = pow(_E, -1, (_P - 1) * (_Q - 1))
_PRIVATE = _der(
    0x30,
    b"".join(map(_number, (0, _N, _E, _D, _P, _Q, _D % (_P - 1), _D % (_Q - 1), pow(_Q, -1, _P)))),
)
_PUBLIC = _der(
    0x30,
    _der(0x30, bytes.fromhex("06092a864886f70d010101") + b"\x05\x00")
    + _der(3, b"\x00" + _der(0x30, _number(_N) + _number(_E))),
)
PRIVATE = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(_PRIVATE) + b"-----END RSA PRIVATE KEY-----\n"
RECORD = f"v=DKIM1; k=rsa; p={base64.b64encode(_PUBLIC).decode()}"
