// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
// JPEG by libjpeg (ITU-T T.81).
#include "CImages.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// A progressive picture is stored in a few scans. A small file could ask for a million over many
// pixels, each of which takes as long as a picture.
enum { bp_jpeg_most_scans = 100 };

typedef struct {
  // First, so that libjpeg's pointer to it is one to the whole.
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct jpeg;
  const uint8_t *bytes;
  size_t size;
  bp_image_head *head;
  uint8_t *pixels;
  uint8_t *inks;
  char *message;
  jmp_buf escape;
} bp_jpeg_job;

static void bp_jpeg_fail(j_common_ptr common) {
  bp_jpeg_job *job = (bp_jpeg_job *)common->err;
  char text[JMSG_LENGTH_MAX];
  job->errors.format_message(common, text);
  snprintf(job->message, BP_IMAGE_MESSAGE_SIZE, "%s", text);
  longjmp(job->escape, 1);
}

// Warnings say that data are missing or damaged, but for those that cost no pixel.
static void bp_jpeg_warn(j_common_ptr common, int level) {
  int code = common->err->msg_code;
  if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM) bp_jpeg_fail(common);
}

static void bp_jpeg_watch(j_common_ptr common) {
  bp_jpeg_job *job = (bp_jpeg_job *)common->err;
  if (job->jpeg.input_scan_number <= bp_jpeg_most_scans) return;
  snprintf(job->message, BP_IMAGE_MESSAGE_SIZE, "more than %d scans", bp_jpeg_most_scans);
  longjmp(job->escape, 1);
}

static uint32_t bp_exif_number(const uint8_t *place, int count, int is_little) {
  uint32_t number = 0;
  for (int byte = 0; byte < count; byte++) {
    number = number << 8 | place[is_little ? count - 1 - byte : byte];
  }
  return number;
}

// The orientation (tag 274, one short) in the first directory of EXIF data (CIPA DC-008); 1 if there
// is none.
static int bp_exif_orientation(const uint8_t *bytes, size_t size) {
  static const uint8_t name[6] = "Exif\0";
  if (size < sizeof name + 8 || memcmp(bytes, name, sizeof name) != 0) return 1;
  bytes += sizeof name;
  size -= sizeof name;
  int is_little = bytes[0] == 'I' && bytes[1] == 'I';
  if (!is_little && (bytes[0] != 'M' || bytes[1] != 'M')) return 1;
  size_t start = bp_exif_number(bytes + 4, 4, is_little);
  if (start > size - 2) return 1;
  size_t count = bp_exif_number(bytes + start, 2, is_little);
  for (size_t entry = 0; entry < count; entry++) {
    size_t place = start + 2 + 12 * entry;
    if (place + 12 > size) return 1;
    if (bp_exif_number(bytes + place, 2, is_little) != 274) continue;
    uint32_t value = bp_exif_number(bytes + place + 8, 2, is_little);
    return bp_exif_number(bytes + place + 2, 2, is_little) == 3 && value >= 1 && value <= 8
               ? (int)value
               : 1;
  }
  return 1;
}

static int bp_jpeg_orientation(const struct jpeg_decompress_struct *jpeg) {
  for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker != NULL; marker = marker->next) {
    int orientation = bp_exif_orientation(marker->data, marker->data_length);
    if (orientation != 1) return orientation;
  }
  return 1;
}

// Adobe's programs store how much of each ink is left out, others how much there is.
static void bp_jpeg_mix(const uint8_t *inks, uint8_t *pixels, int32_t width, int is_adobe) {
  for (int32_t x = 0; x < width; x++) {
    for (int32_t channel = 0; channel < 3; channel++) {
      int ink = inks[4 * x + channel];
      int black = inks[4 * x + 3];
      if (!is_adobe) {
        ink = 255 - ink;
        black = 255 - black;
      }
      pixels[3 * x + channel] = (uint8_t)((ink * black + 127) / 255);
    }
  }
}

// A function of its own, so that nothing that changes after setjmp is a local variable.
__attribute__((noinline)) static int bp_jpeg_work(bp_jpeg_job *job) {
  struct jpeg_decompress_struct *jpeg = &job->jpeg;
  jpeg->err = jpeg_std_error(&job->errors);
  job->errors.error_exit = bp_jpeg_fail;
  job->errors.emit_message = bp_jpeg_warn;
  if (setjmp(job->escape) != 0) return 1;
  jpeg_create_decompress(jpeg);
  job->progress.progress_monitor = bp_jpeg_watch;
  jpeg->progress = &job->progress;
  jpeg_mem_src(jpeg, job->bytes, (unsigned long)job->size);
  jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(jpeg, TRUE);
  int is_grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;
  int is_inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  bp_image_head head = {
      .height = (int32_t)jpeg->image_height,
      .width = (int32_t)jpeg->image_width,
      .channels = is_grey ? 1 : 3,
      .orientation = bp_jpeg_orientation(jpeg),
  };
  if (job->pixels == NULL) {
    *job->head = head;
    return 0;
  }
  if (memcmp(&head, job->head, sizeof head) != 0) {
    snprintf(job->message, BP_IMAGE_MESSAGE_SIZE, "another picture's head");
    return 1;
  }
  jpeg->out_color_space = is_grey ? JCS_GRAYSCALE : is_inks ? JCS_CMYK : JCS_RGB;
  if (is_inks) {
    job->inks = malloc((size_t)head.width * 4);
    if (job->inks == NULL) {
      snprintf(job->message, BP_IMAGE_MESSAGE_SIZE, "there is no memory for a row");
      return 1;
    }
  }
  jpeg_start_decompress(jpeg);
  size_t row = (size_t)head.width * (size_t)head.channels;
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *pixels = job->pixels + (size_t)jpeg->output_scanline * row;
    JSAMPROW target = is_inks ? job->inks : pixels;
    jpeg_read_scanlines(jpeg, &target, 1);
    if (is_inks) bp_jpeg_mix(job->inks, pixels, head.width, jpeg->saw_Adobe_marker);
  }
  jpeg_finish_decompress(jpeg);
  return 0;
}

int bp_jpeg_read(
    const uint8_t *bytes, size_t size, bp_image_head *head, uint8_t *pixels, char *message) {
  bp_jpeg_job job = {
      .bytes = bytes, .size = size, .head = head, .pixels = pixels, .message = message};
  int status = bp_jpeg_work(&job);
  jpeg_destroy_decompress(&job.jpeg);
  free(job.inks);
  return status;
}
