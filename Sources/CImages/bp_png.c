// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
// PNG by libpng (ISO/IEC 15948).
#include "CImages.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t size;
  size_t place;
  bp_image_head *head;
  uint8_t *pixels;
  char *message;
  jmp_buf escape;
  png_structp png;
  png_infop info;
} bp_png_job;

static void bp_png_fail(png_structp png, png_const_charp text) {
  bp_png_job *job = png_get_error_ptr(png);
  snprintf(job->message, BP_IMAGE_MESSAGE_SIZE, "%s", text);
  longjmp(job->escape, 1);
}

// What libpng warns of concerns chunks beside the pixels.
static void bp_png_warn(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void bp_png_take(png_structp png, png_bytep target, size_t count) {
  bp_png_job *job = png_get_io_ptr(png);
  if (count > job->size - job->place) png_error(png, "the data end early");
  memcpy(target, job->bytes + job->place, count);
  job->place += count;
}

// A function of its own, so that nothing that changes after setjmp is a local variable.
__attribute__((noinline)) static int bp_png_work(bp_png_job *job) {
  if (setjmp(job->escape) != 0) return 1;
  job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, bp_png_fail, bp_png_warn);
  if (job->png != NULL) job->info = png_create_info_struct(job->png);
  if (job->info == NULL) {
    snprintf(job->message, BP_IMAGE_MESSAGE_SIZE, "libpng could not start");
    return 1;
  }
  png_structp png = job->png;
  png_infop info = job->info;
  png_set_read_fn(png, job, bp_png_take);
  png_read_info(png, info);
  // To 8 bits: palettes, few bits and a transparent colour become channels, 16 bits are rounded.
  png_set_expand(png);
  png_set_scale_16(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  bp_image_head head = {
      .height = (int32_t)png_get_image_height(png, info),
      .width = (int32_t)png_get_image_width(png, info),
      .channels = png_get_channels(png, info),
      .orientation = 1,
  };
  size_t row = (size_t)head.width * (size_t)head.channels;
  if (png_get_rowbytes(png, info) != row) png_error(png, "rows of an unknown kind");
  if (job->pixels == NULL) {
    *job->head = head;
    return 0;
  }
  if (memcmp(&head, job->head, sizeof head) != 0) png_error(png, "another picture's head");
  for (int pass = 0; pass < passes; pass++) {
    for (int32_t y = 0; y < head.height; y++) {
      png_read_row(png, job->pixels + (size_t)y * row, NULL);
    }
  }
  // The last check sums stand behind the pixels.
  png_read_end(png, NULL);
  return 0;
}

int bp_png_read(
    const uint8_t *bytes, size_t size, bp_image_head *head, uint8_t *pixels, char *message) {
  bp_png_job job = {
      .bytes = bytes, .size = size, .head = head, .pixels = pixels, .message = message};
  int status = bp_png_work(&job);
  png_destroy_read_struct(&job.png, &job.info, NULL);
  return status;
}
