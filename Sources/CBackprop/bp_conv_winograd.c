// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution by Winograd's F(4x4, 3x3): a tile of 6x6 inputs becomes 36 terms, the kernel too, and
// 36 matrix products of (tiles x channels) by (channels x outputs) take the place of the taps: a
// quarter of the multiplications. Two ways:
//
//   in blocks  the kernel is transformed first and shared; a task transforms a few rows of tiles,
//              multiplies, and transforms back while all of it is in the second-level cache
//   deep       few tiles, many channels: the inputs are transformed first and shared; a task
//              transforms the kernel of one panel of outputs right before it is used
//
// Which way is taken, and every order of addition, depends on the shape alone.

#include "bp_conv_winograd.h"

enum { TERMS = 36, AT_ONCE = 40, CHANNELS = 16, GAP = 16 };

bool bp_winograd_fits(const bp_conv *c) {
  const bp_conv_shape *s = &c->s;
  for (int i = 0; i < 3; i++) {
    if (s->kernel[i] != (i == 0 ? 1 : 3) || s->stride[i] != 1 || s->dilation[i] != 1
      || s->spread[i] != 1) return false;
  }
  if (s->in[0] != 1 || s->out[0] != 1 || s->low[0] != 0 || s->groups != 1) return false;
  if (s->in_channels < 32 || s->out_channels < 32) return false;
  if (s->in_channels % CHANNELS != 0 || s->out_channels % CHANNELS != 0) return false;
  const int64_t tiles = bp_ceil(s->out[1], 4) * bp_ceil(s->out[2], 4);
  // Half of the gain may be lost at the borders, not more.
  return s->out[1] * s->out[2] * 9 >= 2 * TERMS * tiles && s->images * tiles >= 8;
}

void bp_winograd_prepare(bp_conv *c) {
  bp_winograd *w = &c->winograd;
  const bp_conv_shape *s = &c->s;
  w->tiles_y = bp_ceil(s->out[1], 4);
  w->tiles_x = bp_ceil(s->out[2], 4);
  w->rows = s->images * w->tiles_y;
  w->rows_at_once = bp_max(1, AT_ONCE / w->tiles_x);
  w->deep = s->in_channels >= 256 && w->rows * w->tiles_x <= 512;
  w->parts = bp_max(1, bp_min(8, w->rows * w->tiles_x / 128));
  // A power of two between rows would crowd them into a few lines of the cache.
  w->in_row = s->in_channels + GAP;
}

static int64_t tiles_of(const bp_conv *c) { return c->winograd.rows * c->winograd.tiles_x; }
static int64_t block_tiles(const bp_conv *c) {
  return c->winograd.rows_at_once * c->winograd.tiles_x;
}
static int64_t blocks_of(const bp_conv *c) {
  return bp_ceil(c->winograd.rows, c->winograd.rows_at_once);
}
static int64_t term_of(int64_t rows, int64_t row) { return rows * row + GAP; }
static int64_t kernel_term(const bp_conv *c) { return term_of(c->s.in_channels, c->width); }

// Transforms of many tiles.

/// The inputs of rows [row, end) of tiles, to v[term][tile][channel].
static void transform_inputs(
  const bp_conv *c, int64_t row, int64_t end, const float *x, float *v, int64_t term
) {
  const bp_winograd *w = &c->winograd;
  const int64_t H = c->s.in[1], W = c->s.in[2];
  const ptrdiff_t column = c->in_row, line = W * c->in_row;
  for (; row < end; row++) {
    const int64_t image = row / w->tiles_y, y = row % w->tiles_y * 4 - c->s.low[1];
    for (int64_t tile = 0; tile < w->tiles_x; tile++, v += w->in_row) {
      const int64_t left = tile * 4 - c->s.low[2];
      const bp_winograd_part part = {-y, H - y, -left, W - left};
      c->kernels->winograd.inputs(
        v, term, x + (image * H + y) * line + left * column, line, column, part,
        c->s.in_channels);
    }
  }
}

/// A place in y or dy and how much of a tile of outputs is there.
static bp_winograd_part output_part(
  const bp_conv *c, int64_t row, int64_t tile, ptrdiff_t *place
) {
  const bp_winograd *w = &c->winograd;
  const int64_t H = c->s.out[1], W = c->s.out[2];
  const int64_t image = row / w->tiles_y, y = row % w->tiles_y * 4;
  *place = ((image * H + y) * W + tile * 4) * c->out_row;
  return (bp_winograd_part){0, H - y, 0, W - tile * 4};
}

/// The kernel of one panel, to u[term][channel][width].
static void transform_kernel(const bp_conv *c, int64_t panel, const float *kernel, float *u) {
  float taps[9 * CHANNELS * 2 * 16];
  const int64_t *strides = c->s.kernel_strides, width = c->width;
  const int64_t valid = bp_min(width, c->s.out_channels - panel * width);
  const float *from = kernel + panel * width * strides[4];
  for (int64_t first = 0; first < c->s.in_channels; first += CHANNELS) {
    for (int64_t tap = 0; tap < 9; tap++) {
      c->pack(
        taps + tap * CHANNELS * width, (size_t)width, (size_t)valid, CHANNELS,
        from + tap / 3 * strides[1] + tap % 3 * strides[2] + first * strides[3], strides[4],
        strides[3]);
    }
    c->kernels->winograd.kernel(
      u + first * width, kernel_term(c), taps, CHANNELS * width, CHANNELS * width);
  }
}

// The convolution.

size_t bp_winograd_workspace(const bp_conv *c) {
  const int64_t floats = c->winograd.deep ? TERMS * term_of(tiles_of(c), c->winograd.in_row)
                                          : c->panels * TERMS * kernel_term(c);
  return (size_t)floats * sizeof(float);
}

int64_t bp_winograd_units(const bp_conv *c) {
  return c->winograd.deep ? c->winograd.rows : c->panels;
}

void bp_winograd_pack(
  const bp_conv *c, float *workspace, const float *x, const float *kernel, int64_t begin,
  int64_t end
) {
  if (c->winograd.deep) {
    const int64_t first = begin * c->winograd.tiles_x * c->winograd.in_row;
    transform_inputs(
      c, begin, end, x, workspace + first, term_of(tiles_of(c), c->winograd.in_row));
    return;
  }
  for (int64_t panel = begin; panel < end; panel++) {
    transform_kernel(c, panel, kernel, workspace + panel * TERMS * kernel_term(c));
  }
}

size_t bp_winograd_tasks(const bp_conv *c, size_t threads) {
  if (threads <= 1) return 1;
  const int64_t most = c->winograd.deep ? c->panels : blocks_of(c);
  return (size_t)bp_min(most, (int64_t)threads * 4);
}

size_t bp_winograd_scratch(const bp_conv *c) {
  const int64_t products = TERMS * term_of(block_tiles(c), c->width);
  const int64_t other = TERMS * (c->winograd.deep ? kernel_term(c)
                                                  : term_of(block_tiles(c), c->winograd.in_row));
  return (size_t)(products + other) * sizeof(float);
}

/// One panel of the outputs of rows [row, end) of tiles: products of all terms, transformed back.
static void finish_panel(
  const bp_conv *c, int64_t row, int64_t end, int64_t panel, const float *v, int64_t v_term,
  const float *u, float *m, float *y
) {
  const bp_winograd *w = &c->winograd;
  const int64_t width = c->width, lanes = c->kernels->lanes;
  const int64_t valid = bp_min(width, c->s.out_channels - panel * width);
  const int vectors = valid > lanes ? 2 : 1;
  const int64_t tiles = (end - row) * w->tiles_x, m_term = term_of(block_tiles(c), width);
  const bp_segment segment = {0, 0, (size_t)c->s.in_channels};
  for (int64_t term = 0; term < TERMS; term++) {
    bp_chain chain = {
      .a = v + term * v_term, .a_row = w->in_row, .b = u + term * kernel_term(c),
      .b_row = width, .c = m + term * m_term, .c_row = width, .segments = &segment, .count = 1,
      .lanes = (int)lanes,
    };
    bp_chains(c->kernels, BP_CHAIN_APART, vectors, &chain, tiles);
  }
  for (; row < end; row++) {
    for (int64_t tile = 0; tile < w->tiles_x; tile++, m += width) {
      ptrdiff_t place;
      const bp_winograd_part part = output_part(c, row, tile, &place);
      c->kernels->winograd.outputs(
        y + place + panel * width, c->s.out[2] * c->out_row, c->out_row, part, m, m_term, valid);
    }
  }
}

/// The outputs of whole rows of tiles lie next to each other.
static size_t first_output(const bp_conv *c, int64_t row) {
  const int64_t image = row / c->winograd.tiles_y, y = row % c->winograd.tiles_y * 4;
  return (size_t)((image * c->s.out[1] + y) * c->s.out[2]);
}

void bp_winograd_run(
  const bp_conv *c, float *y, const float *x, const float *kernel, const float *workspace,
  size_t task, size_t tasks, void *scratch, bp_conv_epilogue *epilogue, void *context,
  void *epilogue_scratch
) {
  const bp_winograd *w = &c->winograd;
  const int64_t blocks = blocks_of(c), t = (int64_t)task, all = (int64_t)tasks;
  float *m = scratch, *other = m + TERMS * term_of(block_tiles(c), c->width);
  if (w->deep) {
    const int64_t v_term = term_of(tiles_of(c), w->in_row);
    const int64_t begin = c->panels * t / all, end = c->panels * (t + 1) / all;
    for (int64_t panel = begin; panel < end; panel++) {
      transform_kernel(c, panel, kernel, other);
      for (int64_t row = 0; row < w->rows; row += w->rows_at_once) {
        finish_panel(
          c, row, bp_min(row + w->rows_at_once, w->rows), panel,
          workspace + row * w->tiles_x * w->in_row, v_term, other, m, y);
      }
    }
    if (epilogue && begin < end) {
      epilogue(
        context, 0, 0, (size_t)(c->s.images * c->outputs), (size_t)(begin * c->width),
        (size_t)bp_min(end * c->width, c->s.out_channels), epilogue_scratch);
    }
    return;
  }
  const int64_t v_term = term_of(block_tiles(c), w->in_row);
  for (int64_t block = blocks * t / all; block < blocks * (t + 1) / all; block++) {
    const int64_t row = block * w->rows_at_once, end = bp_min(row + w->rows_at_once, w->rows);
    transform_inputs(c, row, end, x, other, v_term);
    for (int64_t panel = 0; panel < c->panels; panel++) {
      finish_panel(
        c, row, end, panel, other, v_term, workspace + panel * TERMS * kernel_term(c), m, y);
    }
    if (epilogue) {
      epilogue(
        context, 0, first_output(c, row), first_output(c, end), 0, (size_t)c->out_row,
        epilogue_scratch);
    }
  }
}

// The kernel's gradient: the sum over tiles of the products of the inputs' terms with those of the
// cotangents, u[term][channel][output], transformed back at the end. In blocks: the tiles are cut
// into parts that are summed apart, then together. Deep: all tiles at once, a few channels of one
// panel at a time.

static int64_t gradient_term(const bp_conv *c) {
  return term_of(c->s.in_channels, c->s.out_channels);
}
static int64_t gradient_part(const bp_conv *c) { return TERMS * gradient_term(c); }

size_t bp_winograd_kernel_workspace(const bp_conv *c) {
  const int64_t floats = c->winograd.deep ? TERMS * term_of(tiles_of(c), c->winograd.in_row)
                                          : c->winograd.parts * gradient_part(c);
  return (size_t)floats * sizeof(float);
}

int64_t bp_winograd_kernel_units(const bp_conv *c) {
  return c->winograd.deep ? c->winograd.rows : 0;
}

void bp_winograd_kernel_pack(
  const bp_conv *c, float *workspace, const float *x, int64_t begin, int64_t end
) {
  const int64_t first = begin * c->winograd.tiles_x * c->winograd.in_row;
  transform_inputs(
    c, begin, end, x, workspace + first, term_of(tiles_of(c), c->winograd.in_row));
}

size_t bp_winograd_kernel_tasks(const bp_conv *c, size_t threads) {
  if (threads <= 1) return 1;
  return (size_t)(c->winograd.deep ? c->panels : c->winograd.parts);
}

/// Tiles whose cotangents are transformed at a time.
static int64_t cotangent_tiles(const bp_conv *c) {
  return c->winograd.deep ? tiles_of(c) : block_tiles(c);
}

size_t bp_winograd_kernel_scratch(const bp_conv *c) {
  const int64_t cotangents = TERMS * term_of(cotangent_tiles(c), c->width);
  const int64_t other = TERMS * (c->winograd.deep ? term_of(c->kernels->rows, c->width)
                                                  : term_of(block_tiles(c), c->winograd.in_row));
  return (size_t)(cotangents + other) * sizeof(float);
}

/// The cotangents of one panel for rows [row, end) of tiles, to e[term][tile][width].
static void transform_cotangents(
  const bp_conv *c, int64_t row, int64_t end, int64_t panel, const float *dy, float *e
) {
  const int64_t valid = bp_min(c->width, c->s.out_channels - panel * c->width);
  const int64_t term = term_of(cotangent_tiles(c), c->width);
  for (; row < end; row++) {
    for (int64_t tile = 0; tile < c->winograd.tiles_x; tile++, e += c->width) {
      ptrdiff_t place;
      const bp_winograd_part part = output_part(c, row, tile, &place);
      c->kernels->winograd.cotangents(
        e, term, dy + place + panel * c->width, c->s.out[2] * c->out_row, c->out_row, part, valid);
    }
  }
}

static void run_deep(
  const bp_conv *c, float *w, const float *v, const float *dy, int64_t panel, float *e, float *u
) {
  const int64_t width = c->width, lanes = c->kernels->lanes, channels = c->s.in_channels;
  const int64_t valid = bp_min(width, c->s.out_channels - panel * width);
  const int vectors = valid > lanes ? 2 : 1;
  const int64_t v_term = term_of(tiles_of(c), c->winograd.in_row);
  const int64_t e_term = term_of(tiles_of(c), width), u_term = term_of(c->kernels->rows, width);
  const bp_segment segment = {0, 0, (size_t)tiles_of(c)};
  const int64_t count = bp_ceil(channels, c->kernels->rows);
  transform_cotangents(c, 0, c->winograd.rows, panel, dy, e);
  for (int64_t i = 0; i < count; i++) {
    const int64_t row = channels * i / count, height = channels * (i + 1) / count - row;
    for (int64_t term = 0; term < TERMS; term++) {
      const bp_chain chain = {
        .a = v + term * v_term + row, .a_col = c->winograd.in_row, .b = e + term * e_term,
        .b_row = width, .c = u + term * u_term, .c_row = width, .segments = &segment, .count = 1,
        .lanes = (int)lanes,
      };
      c->kernels->chain[BP_CHAIN_ADJACENT][vectors][height](&chain);
    }
    for (int64_t j = 0; j < height; j++) {
      c->kernels->winograd.gradient(
        w + (row + j) * c->out_row + panel * width, channels * c->out_row, u + j * width, u_term,
        0, 1, valid);
    }
  }
}

/// Adds what rows [row, end) of tiles contribute to one panel of u[term][channel][output].
static void add_products(
  const bp_conv *c, int64_t tiles, int64_t panel, const float *v, const float *e, float *u,
  int more
) {
  const int64_t width = c->width, lanes = c->kernels->lanes, channels = c->s.in_channels;
  const int64_t valid = bp_min(width, c->s.out_channels - panel * width);
  const int vectors = valid > lanes ? 2 : 1;
  const int64_t v_term = term_of(block_tiles(c), c->winograd.in_row);
  const bp_segment segment = {0, 0, (size_t)tiles};
  for (int64_t term = 0; term < TERMS; term++) {
    bp_chain chain = {
      .a = v + term * v_term, .a_col = c->winograd.in_row,
      .b = e + term * term_of(block_tiles(c), width), .b_row = width,
      .c = u + term * gradient_term(c) + panel * width, .c_row = c->out_row,
      .segments = &segment, .count = 1, .more = more, .lanes = (int)lanes,
    };
    bp_chains(c->kernels, BP_CHAIN_ADJACENT, vectors, &chain, channels);
  }
}

void bp_winograd_kernel_run(
  const bp_conv *c, float *w, float *workspace, const float *x, const float *dy, size_t task,
  size_t tasks, void *scratch
) {
  const bp_winograd *g = &c->winograd;
  const int64_t t = (int64_t)task, all = (int64_t)tasks;
  float *e = scratch, *other = e + TERMS * term_of(cotangent_tiles(c), c->width);
  if (g->deep) {
    for (int64_t panel = c->panels * t / all; panel < c->panels * (t + 1) / all; panel++) {
      run_deep(c, w, workspace, dy, panel, e, other);
    }
    return;
  }
  for (int64_t part = g->parts * t / all; part < g->parts * (t + 1) / all; part++) {
    float *u = workspace + part * gradient_part(c);
    const int64_t first = g->rows * part / g->parts, last = g->rows * (part + 1) / g->parts;
    for (int64_t row = first; row < last; row += g->rows_at_once) {
      const int64_t end = bp_min(row + g->rows_at_once, last);
      transform_inputs(c, row, end, x, other, term_of(block_tiles(c), g->in_row));
      for (int64_t panel = 0; panel < c->panels; panel++) {
        transform_cotangents(c, row, end, panel, dy, e);
        add_products(c, (end - row) * g->tiles_x, panel, other, e, u, row > first);
      }
    }
  }
}

int64_t bp_winograd_kernel_finish_units(const bp_conv *c) {
  return c->winograd.deep ? 0 : c->s.in_channels;
}

void bp_winograd_kernel_finish(
  const bp_conv *c, float *w, const float *workspace, int64_t begin, int64_t end
) {
  for (int64_t channel = begin; channel < end; channel++) {
    c->kernels->winograd.gradient(
      w + channel * c->out_row, c->s.in_channels * c->out_row, workspace + channel * c->out_row,
      gradient_term(c), gradient_part(c), c->winograd.parts, c->out_row);
  }
}
