"""Registers of hand-made SunSpec devices: marker, models by their offsets in the specification, end."""

import struct

MARKER = [0x5375, 0x6E53]
END = [0xFFFF, 0]
NONE = 0x8000


def words(form, *numbers):
    data = struct.pack(form, *numbers)
    return list(struct.unpack(f">{len(data) // 2}H", data))


def texts(*sized):
    return [word for text, size in sized for word in words(f">{2 * size}s", text.encode())]


def common(length=66):
    body = [*texts(("Acme", 16), ("Meter 63A", 16), ("", 8), ("1.4", 8), ("SN-4711", 16)), 1, 32768]
    return [1, length, *body[:length]]


def model_203():
    """Integers with powers of ten: 230.1 V and 12.34 A on phase A, no other phase, -12340 W, 12345678 Wh in, 0 out."""
    body = [NONE] * 105
    put(body, 203, 2, [1234, 1234])  # A, AphA
    put(body, 203, 6, words(">h", -2))  # A_SF
    put(body, 203, 7, [2301, 2301])  # PhV, PhVphA
    put(body, 203, 15, words(">h", -1))  # V_SF
    put(body, 203, 16, [5000])  # Hz, whose power of ten is not implemented
    put(body, 203, 18, words(">h", -1234))  # W
    put(body, 203, 22, [1])  # W_SF
    put(body, 203, 38, [0] * 16)  # energies: none counted
    put(body, 203, 46, words(">I", 12345678))  # TotWhImp
    put(body, 203, 54, [0])  # TotWh_SF
    put(body, 203, 105, [0, 5])  # Evt
    return [203, 105, *body]


def model_213():
    """Floats: 49.98 Hz, 1500 W, 98765.5 Wh in, 12 Wh out; everything else is not a number."""
    body = [*words(">61f", *([float("nan")] * 61)), 0, 0]
    put(body, 213, 26, words(">f", 49.98))  # Hz
    put(body, 213, 28, words(">f", 1500.0))  # W
    put(body, 213, 60, words(">f", 12.0))  # TotWhExp
    put(body, 213, 68, words(">f", 98765.5))  # TotWhImp
    return [213, 124, *body]


def put(body, model, offset, given):
    assert model in (203, 213)
    body[offset - 2 : offset - 2 + len(given)] = given


def unknown(number, length):
    return [number, length, *[7] * length]


def image(base, *models, end=END):
    """{address: register} of a device with these models."""
    flat = [*MARKER, *[word for model in models for word in model], *end]
    return dict(enumerate(flat, base))
