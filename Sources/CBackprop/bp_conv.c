// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution, directly: register tiles of outputs read the input where it lies and the kernel from
// packed panels. Outputs that have the same taps form boxes, so no tile knows of borders, phases or
// padding, and taps that lie outside cost nothing.

#include "bp_conv_winograd.h"

#include <stdlib.h>
#include <string.h>

const bp_conv_kernels *bp_conv_kernels_of(int level) {
  if (!bp_level_available(level)) return &bp_conv_portable;
  switch (level) {
#if defined(__aarch64__)
    case BP_NEON: return &bp_conv_neon;
#endif
#if defined(__x86_64__)
    case BP_AVX2: return &bp_conv_avx2;
    case BP_AVX512: return &bp_conv_avx512;
#endif
    default: return &bp_conv_portable;
  }
}

bp_conv *bp_conv_create(const bp_conv_shape *shape, int level, int exact) {
  bp_conv *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->s = *shape;
  c->kernels = bp_conv_kernels_of(level);
  c->pack = bp_gemm_kernels_of(level, 0)->pack_f32;
  c->taps = c->inputs = c->outputs = 1;
  for (int i = 0; i < 3; i++) {
    c->taps *= shape->kernel[i];
    c->inputs *= shape->in[i];
    c->outputs *= shape->out[i];
  }
  c->in_row = shape->groups * shape->in_channels;
  c->out_row = shape->groups * shape->out_channels;
  const int64_t lanes = c->kernels->lanes;
  c->width = shape->out_channels <= lanes ? lanes : 2 * lanes;
  c->panels = bp_ceil(shape->out_channels, c->width);
  c->depthwise = shape->groups > 1 && shape->in_channels == 1 && shape->out_channels == 1;
  c->transforms = !exact && bp_winograd_fits(c);
  if (c->transforms) {
    bp_winograd_prepare(c);
    return c;
  }
  for (int i = 0; i < 3; i++) {
    if (!bp_axis_prepare(&c->axes[i], shape, i)) {
      bp_conv_destroy(c);
      return NULL;
    }
  }
  return c;
}

void bp_conv_destroy(bp_conv *c) {
  if (!c) return;
  for (int i = 0; i < 3; i++) bp_axis_release(&c->axes[i]);
  free(c);
}

// The kernel: panels [group][panel][tap][channel][width]; depthwise [tap][channel].

static int64_t panel_floats(const bp_conv *c) { return c->taps * c->s.in_channels * c->width; }

size_t bp_conv_workspace(const bp_conv *c) {
  if (c->transforms) return bp_winograd_workspace(c);
  const int64_t floats =
    c->depthwise ? c->taps * c->in_row : c->s.groups * c->panels * panel_floats(c);
  return (size_t)(bp_ceil(floats, 16) * 64);
}

int64_t bp_conv_pack_units(const bp_conv *c) {
  if (c->transforms) return bp_winograd_units(c);
  return c->depthwise ? c->taps : c->s.groups * c->panels;
}

static int64_t kernel_place(const bp_conv *c, int64_t tap) {
  const int64_t *k = c->s.kernel, *strides = c->s.kernel_strides;
  return tap / (k[1] * k[2]) * strides[0] + tap / k[2] % k[1] * strides[1]
    + tap % k[2] * strides[2];
}

void bp_conv_pack(
  const bp_conv *c, void *workspace, const float *x, const float *kernel, int64_t begin,
  int64_t end
) {
  if (c->transforms) {
    bp_winograd_pack(c, workspace, x, kernel, begin, end);
    return;
  }
  float *to = workspace;
  const int64_t *strides = c->s.kernel_strides, channels = c->s.in_channels;
  for (int64_t unit = begin; unit < end; unit++) {
    if (c->depthwise) {
      const float *from = kernel + kernel_place(c, unit);
      for (int64_t j = 0; j < c->in_row; j++) to[unit * c->in_row + j] = from[j * strides[4]];
      continue;
    }
    const int64_t group = unit / c->panels, first = unit % c->panels * c->width;
    const int64_t valid = bp_min(c->width, c->s.out_channels - first);
    const float *from = kernel + (group * c->s.out_channels + first) * strides[4];
    for (int64_t tap = 0; tap < c->taps; tap++) {
      c->pack(
        to + unit * panel_floats(c) + tap * channels * c->width, (size_t)c->width, (size_t)valid,
        (size_t)channels, from + kernel_place(c, tap), strides[4], strides[3]);
    }
  }
}

// Tasks: some images, some panels.

/// Whether tiles run along images: small maps fill no tile otherwise.
static bool along_images(const bp_conv *c) { return c->s.out[2] <= 8 && c->s.images >= 8; }

typedef struct grid {
  int64_t images, columns;  // parts
} grid;

static grid grid_of(const bp_conv *c, int64_t tasks) {
  const int64_t columns = c->depthwise ? 1 : c->s.groups * c->panels;
  grid g;
  if (along_images(c)) {
    g.columns = bp_min(columns, tasks);
    g.images = bp_min(tasks / g.columns, bp_max(1, c->s.images / 8));
  } else {
    g.images = bp_min(c->s.images, tasks);
    g.columns = bp_min(tasks / g.images, columns);
  }
  return g;
}

size_t bp_conv_tasks(const bp_conv *c, size_t threads) {
  if (c->transforms) return bp_winograd_tasks(c, threads);
  if (threads <= 1) return 1;
  const grid g = grid_of(c, (int64_t)threads * 4);
  return (size_t)(g.images * g.columns);
}

size_t bp_conv_scratch(const bp_conv *c, size_t tasks) {
  (void)tasks;
  if (c->transforms) return bp_winograd_scratch(c);
  return (size_t)bp_ceil(c->taps * (int64_t)sizeof(bp_segment), 64) * 64;
}

/// Outputs with the same taps, of some images.
typedef struct box {
  const bp_run *runs[3];
  int64_t image, images;
} box;

/// The segments of a box, those that go on where another ends being one with it. `step` is how many
/// floats of the packed kernel belong to a channel.
static size_t segments_of(
  const bp_conv *c, const box *b, int64_t step, bp_segment *segments
) {
  const int64_t *in = c->s.in, *kernel = c->s.kernel, channels = c->s.in_channels;
  size_t count = 0;
  for (int64_t z = 0; z < b->runs[0]->tap_count; z++) {
    const bp_tap tz = c->axes[0].taps[b->runs[0]->taps + z];
    for (int64_t y = 0; y < b->runs[1]->tap_count; y++) {
      const bp_tap ty = c->axes[1].taps[b->runs[1]->taps + y];
      for (int64_t x = 0; x < b->runs[2]->tap_count; x++) {
        const bp_tap tx = c->axes[2].taps[b->runs[2]->taps + x];
        const int64_t tap = (tz.k * kernel[1] + ty.k) * kernel[2] + tx.k;
        const ptrdiff_t at_a = ((tz.at * in[1] + ty.at) * in[2] + tx.at) * c->in_row;
        const ptrdiff_t at_b = tap * channels * step;
        if (count > 0 && !c->depthwise) {
          bp_segment *last = &segments[count - 1];
          const ptrdiff_t length = (ptrdiff_t)last->k;
          if (last->a + length == at_a && last->b + length * step == at_b) {
            last->k += (size_t)channels;
            continue;
          }
        }
        segments[count++] = (bp_segment){at_a, at_b, (size_t)channels};
      }
    }
  }
  return count;
}

/// The extents of a box with what a step along each means for input and output.
typedef struct walk {
  int64_t count[4];         // images, depth, height, width
  ptrdiff_t in[4], out[4];
  ptrdiff_t out_first;
} walk;

static walk walk_of(const bp_conv *c, const box *b) {
  const int64_t *in = c->s.in, *out = c->s.out;
  const ptrdiff_t in_steps[3] = {in[1] * in[2] * c->in_row, in[2] * c->in_row, c->in_row};
  const ptrdiff_t out_steps[3] = {out[1] * out[2] * c->out_row, out[2] * c->out_row, c->out_row};
  walk w = {.count = {b->images}, .in = {c->inputs * c->in_row}, .out = {c->outputs * c->out_row}};
  w.out_first = b->image * w.out[0];
  for (int i = 0; i < 3; i++) {
    w.count[i + 1] = b->runs[i]->count;
    w.in[i + 1] = c->axes[i].advance * in_steps[i];
    w.out[i + 1] = c->axes[i].step * out_steps[i];
    w.out_first += b->runs[i]->first * out_steps[i];
  }
  return w;
}

static void run_box(
  const bp_conv *c, const box *b, int64_t group, int64_t panel, const float *x,
  const float *packed, float *y, bp_segment *segments
) {
  const int64_t first = panel * c->width, lanes = c->kernels->lanes;
  const int64_t valid = bp_min(c->width, c->s.out_channels - first);
  const int vectors = valid > lanes ? 2 : 1;
  const size_t count = segments_of(c, b, c->width, segments);
  const walk w = walk_of(c, b);
  int along = 3;
  if (b->images > 1) along = 0;
  else if (w.count[3] < 4 && w.count[2] > w.count[3]) along = 2;
  const int a = along == 0 ? 1 : 0, m = along <= 1 ? 2 : 1, z = along == 3 ? 2 : 3;
  bp_chain chain = {
    .a_row = w.in[along], .c_row = w.out[along], .b_row = c->width, .segments = segments,
    .count = count, .lanes = (int)(valid - (vectors - 1) * lanes),
  };
  const float *from = x + b->image * w.in[0] + group * c->s.in_channels;
  float *to = y + w.out_first + group * c->s.out_channels + first;
  for (int64_t i = 0; i < w.count[a]; i++) {
    for (int64_t j = 0; j < w.count[m]; j++) {
      for (int64_t k = 0; k < w.count[z]; k++) {
        chain.a = from + i * w.in[a] + j * w.in[m] + k * w.in[z];
        chain.b = packed + (group * c->panels + panel) * panel_floats(c);
        chain.c = to + i * w.out[a] + j * w.out[m] + k * w.out[z];
        bp_chains(c->kernels, BP_CHAIN_APART, vectors, &chain, w.count[along]);
      }
    }
  }
}

static void run_depthwise(
  const bp_conv *c, const box *b, const float *x, const float *packed, float *y,
  bp_segment *segments
) {
  const size_t count = segments_of(c, b, 1, segments);
  // The packed kernel is [tap][channel]: a tap is a row of all channels.
  for (size_t i = 0; i < count; i++) segments[i].b *= c->in_row;
  const walk w = walk_of(c, b);
  for (int64_t n = 0; n < w.count[0]; n++) {
    for (int64_t i = 0; i < w.count[1]; i++) {
      for (int64_t j = 0; j < w.count[2]; j++) {
        for (int64_t k = 0; k < w.count[3]; k++) {
          c->kernels->channels(
            y + w.out_first + n * w.out[0] + i * w.out[1] + j * w.out[2] + k * w.out[3],
            x + (b->image + n) * w.in[0] + i * w.in[1] + j * w.in[2] + k * w.in[3], packed,
            segments, count, (size_t)c->in_row, 0);
        }
      }
    }
  }
}

/// All outputs of some images, of the columns [begin, end) of all groups' panels.
static void run_images(
  const bp_conv *c, int64_t image, int64_t images, int64_t begin, int64_t end, const float *x,
  const float *packed, float *y, bp_segment *segments
) {
  for (int64_t column = begin; column < end; column++) {
    box b = {.image = image, .images = images};
    for (int64_t i = 0; i < c->axes[0].run_count; i++) {
      b.runs[0] = &c->axes[0].runs[i];
      for (int64_t j = 0; j < c->axes[1].run_count; j++) {
        b.runs[1] = &c->axes[1].runs[j];
        for (int64_t k = 0; k < c->axes[2].run_count; k++) {
          b.runs[2] = &c->axes[2].runs[k];
          if (c->depthwise) run_depthwise(c, &b, x, packed, y, segments);
          else run_box(c, &b, column / c->panels, column % c->panels, x, packed, y, segments);
        }
      }
    }
  }
}

void bp_conv_run(
  const bp_conv *c, float *y, const float *x, const float *kernel, const void *workspace,
  size_t task, size_t tasks, void *scratch, bp_conv_epilogue *epilogue, void *context,
  void *epilogue_scratch
) {
  if (c->transforms) {
    bp_winograd_run(
      c, y, x, kernel, workspace, task, tasks, scratch, epilogue, context, epilogue_scratch);
    return;
  }
  const grid g = grid_of(c, (int64_t)tasks);
  const int64_t columns = c->depthwise ? 1 : c->s.groups * c->panels;
  const int64_t part = (int64_t)task / g.columns, side = (int64_t)task % g.columns;
  if (part >= g.images) return;
  const int64_t image = c->s.images * part / g.images;
  const int64_t last = c->s.images * (part + 1) / g.images;
  const int64_t begin = columns * side / g.columns, end = columns * (side + 1) / g.columns;
  const int64_t at_once = along_images(c) ? last - image : 1;
  int64_t n0 = 0, n1 = c->out_row;
  if (!c->depthwise) {
    const int64_t F = c->s.out_channels;
    n0 = begin / c->panels * F + begin % c->panels * c->width;
    n1 = (end - 1) / c->panels * F + bp_min(F, ((end - 1) % c->panels + 1) * c->width);
  }
  for (int64_t n = image; n < last; n += at_once) {
    run_images(c, n, at_once, begin, end, x, workspace, y, scratch);
    if (epilogue) {
      epilogue(
        context, 0, (size_t)(n * c->outputs), (size_t)((n + at_once) * c->outputs), (size_t)n0,
        (size_t)n1, epilogue_scratch);
    }
  }
}
