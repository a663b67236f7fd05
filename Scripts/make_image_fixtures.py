#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Writes Tests/FormatsTests/Fixtures/images.safetensors: small PNG and JPEG files with the pixels that
Pillow reads from them.

    pip install pillow numpy
    python3 Scripts/make_image_fixtures.py

A case has two tensors of bytes: CASE/file, the file, and CASE/pixels [H, W, channels]. Interlaced files
and those of 16 bits are written here, because Pillow writes none; samples of 16 bits are rounded to
8, where Pillow cuts them off. Pixels are as a picture is shown: EXIF's orientation is done.
"""
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

TARGET = pathlib.Path(__file__).parent.parent / "Tests/FormatsTests/Fixtures/images.safetensors"


def picture(height, width, channels):
    """Smooth colours with an edge, the same on every machine."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        255 * x // max(1, width - 1), 255 * y // max(1, height - 1),
        np.where((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2, 230, 30),
        np.clip(80 + 20 * x, 0, 255)]
    order = {1: [2], 2: [2, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    return np.stack([planes[i] for i in order], axis=-1).astype(np.uint8)


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(samples, bits, colour, interlaced=False):
    """A PNG file of [H, W, channels] samples of 8 or 16 bits, without filters."""
    height, width = samples.shape[:2]
    kind = ">u2" if bits == 16 else "u1"
    steps = [(0, 0, 1, 1)]
    if interlaced:
        steps = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                 (1, 0, 2, 1)]
    data = b""
    for top, left, down, right in steps:
        part = samples[top::down, left::right]
        if part.size:
            data += b"".join(b"\0" + row.astype(kind).tobytes() for row in part)
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data, 9))
            + chunk(b"IEND", b""))


def saved(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def read(data, mode):
    pixels = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert(mode))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def cases():
    grey, colours = picture(9, 13, 1), picture(9, 13, 3)
    image = Image.fromarray(colours)
    for name, mode, channels in [("grey", "L", 1), ("grey-alpha", "LA", 2), ("rgb", "RGB", 3), ("rgba", "RGBA", 4)]:
        pixels = picture(9, 13, channels)
        data = saved(Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode), "PNG", optimize=True)
        yield f"png.{name}", data, pixels
        yield f"png.{name}-interlaced", png(pixels, 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels], True), pixels
    for name, channels, colour in [("grey", 1, 0), ("rgb", 3, 2), ("rgba", 4, 6)]:
        wide = picture(5, 7, channels).astype(np.int64) * 257
        wide = np.clip(wide + np.arange(wide.size).reshape(wide.shape) * 37 % 256 - 128, 0, 65535)
        yield f"png.{name}-16", png(wide, 16, colour), ((wide * 2 + 257) // 514).astype(np.uint8)
    for bits in [1, 2, 4]:
        few = image.quantize(2 ** bits)
        data = saved(few, "PNG", bits=bits)
        yield f"png.palette-{bits}", data, read(data, "RGB")
    data = saved(image.quantize(16), "PNG", transparency=bytes([0, 128] + [255] * 14))
    yield "png.palette-alpha", data, read(data, "RGBA")
    data = saved(Image.fromarray(grey[..., 0]).convert("1"), "PNG")
    yield "png.bits", data, read(data, "L")
    # Gamma of 1.0 says that the light is linear: left aside.
    data = png(grey, 8, 0)
    yield "png.gamma", data[:33] + chunk(b"gAMA", struct.pack(">I", 100000)) + data[33:], grey

    large, round_ = picture(19, 27, 3), picture(19, 27, 1)
    for name, source, options in [
        ("rgb", large, {"quality": 85}), ("grey", round_, {"quality": 85}),
        ("full", large, {"quality": 95, "subsampling": 0}),
        ("progressive", large, {"quality": 85, "progressive": True}),
        ("restarts", large, {"quality": 85, "restart_marker_blocks": 1}),
    ]:
        one = Image.fromarray(source if source.shape[2] == 3 else source[..., 0])
        data = saved(one, "JPEG", **options)
        yield f"jpeg.{name}", data, read(data, one.mode)
    inks = Image.merge("CMYK", [Image.fromarray(picture(9, 13, 4)[..., i] // (1 + i // 3)) for i in range(4)])
    data = saved(inks, "JPEG", quality=95, subsampling=0)
    # Pillow turns Adobe's inverted inks around, and then subtracts them from white.
    values = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    yield "jpeg.inks", data, (((255 - values[..., :3]) * (255 - values[..., 3:]) + 127) // 255).astype(np.uint8)
    for orientation in range(1, 9):
        one = Image.fromarray(picture(5, 11, 1)[..., 0] // 2 + picture(5, 11, 3)[..., 0] // 4
                              + picture(5, 11, 3)[..., 1] // 4)
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(one, "JPEG", quality=95, exif=exif)
        yield f"jpeg.turned-{orientation}", data, read(data, "L")


def main():
    header, body = {}, b""
    for name, data, pixels in cases():
        for role, value in [("file", np.frombuffer(data, np.uint8)), ("pixels", pixels)]:
            raw = np.ascontiguousarray(value).tobytes()
            header[f"{name}/{role}"] = {
                "dtype": "U8", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
            body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(struct.pack("<Q", len(text)) + text + body)
    print(f"{TARGET.name}: {len(header) // 2} cases, {TARGET.stat().st_size:,} bytes")


main()
