// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
// PNG and JPEG, decoded from memory to 8 bits a channel.
#ifndef CIMAGES_H
#define CIMAGES_H

#include <stddef.h>
#include <stdint.h>

/// What a picture's file says before its pixels.
typedef struct {
  int32_t height;
  int32_t width;
  /// 1: grey, 2: grey and alpha, 3: red, green, blue, 4: those and alpha. A palette counts as colour.
  int32_t channels;
  /// How the picture is to be turned before it is shown: 1 (as it is) to 8, as EXIF counts.
  int32_t orientation;
} bp_image_head;

/// The bytes of a message with its end.
#define BP_IMAGE_MESSAGE_SIZE 256

/// Reads a picture's head, and its pixels where `pixels` is not null.
///
/// `pixels`: [height, width, channels], row-major, of the head that a first call with the same bytes
/// gave; samples of 16 bits are rounded to 8, fewer bits are stretched, gamma and colour profiles are
/// left aside, CMYK becomes RGB. Returns 0, or 1 with a sentence in `message`, which has
/// BP_IMAGE_MESSAGE_SIZE bytes; then what `pixels` holds means nothing.
int bp_png_read(
    const uint8_t *bytes, size_t size, bp_image_head *head, uint8_t *pixels, char *message);
int bp_jpeg_read(
    const uint8_t *bytes, size_t size, bp_image_head *head, uint8_t *pixels, char *message);

#endif
