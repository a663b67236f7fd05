// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The gradient of a convolution with respect to its kernel: a tile's rows are channels of one tap,
// its columns outputs' channels, its steps the outputs, block after block. Where there are few
// channels, the inputs of all taps are gathered first, so that rows may be of several taps.

#include "bp_conv_winograd.h"

#include <string.h>

enum { BLOCK = 128, FEW_CHANNELS = 8 };

/// How the outputs are cut into blocks and the kernel into tiles.
typedef struct layout {
  bool gathers;
  int64_t rows, columns;    // of a block: whole rows of outputs, or part of one
  int64_t chunk_rows;       // rows of the kernel that tiles are cut from
  int64_t chunks;           // tiles of them
  int64_t units;            // tiles in all
} layout;

static layout layout_of(const bp_conv *c) {
  const int64_t width = c->s.out[2];
  layout l = {.gathers = !c->depthwise && c->s.in_channels < FEW_CHANNELS && c->taps > 1};
  l.columns = width > 2 * BLOCK ? BLOCK : width;
  l.rows = l.columns < BLOCK ? BLOCK / l.columns : 1;
  l.chunk_rows = l.gathers ? c->taps * c->s.in_channels : c->s.in_channels;
  l.chunks = bp_ceil(l.chunk_rows, c->kernels->rows);
  l.units = l.gathers ? l.chunks : c->taps * l.chunks;
  if (c->depthwise) l.units = c->taps;
  return l;
}

typedef struct grid {
  int64_t columns, units;   // parts
} grid;

static grid grid_of(const bp_conv *c, const layout *l, int64_t tasks) {
  const int64_t columns = c->depthwise ? 1 : c->s.groups * c->panels;
  grid g = {.columns = bp_min(columns, tasks)};
  g.units = bp_min(tasks / g.columns, l->units);
  return g;
}

size_t bp_conv_kernel_tasks(const bp_conv *c, size_t threads) {
  if (c->transforms) return bp_winograd_kernel_tasks(c, threads);
  if (threads <= 1) return 1;
  const layout l = layout_of(c);
  const grid g = grid_of(c, &l, (int64_t)threads);
  return (size_t)(g.columns * g.units);
}

// Scratch: segments, the block of dy in panels, the gathered inputs.

static int64_t segment_bytes(const layout *l) {
  return bp_ceil(l->rows * bp_max(1, l->columns) * (int64_t)sizeof(bp_segment), 64) * 64;
}

size_t bp_conv_kernel_scratch(const bp_conv *c, size_t tasks) {
  if (c->transforms) return bp_winograd_kernel_scratch(c);
  const layout l = layout_of(c);
  const grid g = grid_of(c, &l, (int64_t)tasks);
  const int64_t outputs = l.rows * l.columns;
  const int64_t columns = bp_ceil(c->s.groups * c->panels, g.columns);
  int64_t floats = c->depthwise ? 0 : bp_ceil(outputs * c->width, 16) * 16 * columns;
  if (l.gathers) floats += bp_ceil(outputs * l.chunk_rows, 16) * 16;
  return (size_t)(segment_bytes(&l) + 4 * floats);
}

/// A block of outputs: rows [row, row + rows) of all images, columns [x0, x1).
typedef struct block {
  int64_t row, rows, x0, x1;
} block;

/// The place in the input that an output row reads with a tap's height and depth; -1: none.
static int64_t input_row(const bp_conv *c, int64_t row, int64_t kz, int64_t ky) {
  const int64_t y = row % c->s.out[1], z = row / c->s.out[1] % c->s.out[0];
  const int64_t image = row / (c->s.out[0] * c->s.out[1]);
  const int64_t place[2] = {z, y}, tap[2] = {kz, ky};
  int64_t at[2];
  for (int i = 0; i < 2; i++) {
    const bp_reach *reach = &c->axes[i].reach[tap[i]];
    const int64_t past = place[i] - reach->first, step = c->axes[i].step;
    if (past < 0 || past % step != 0 || past / step >= reach->count) return -1;
    at[i] = reach->at + past / step * c->axes[i].advance;
  }
  return (image * c->s.in[0] + at[0]) * c->s.in[1] + at[1];
}

/// The stretches of a block's outputs that have a tap: a counts inputs' floats, b outputs.
static size_t stretches(
  const bp_conv *c, const block *b, int64_t tap, bp_segment *segments
) {
  const int64_t *kernel = c->s.kernel, kx = tap % kernel[2];
  const bp_axis *axis = &c->axes[2];
  const bp_reach *reach = &axis->reach[kx];
  const int64_t j0 = b->x0 > reach->first ? bp_ceil(b->x0 - reach->first, axis->step) : 0;
  const int64_t j1 =
    b->x1 > reach->first ? bp_min(reach->count, bp_ceil(b->x1 - reach->first, axis->step)) : 0;
  if (j0 >= j1) return 0;
  size_t count = 0;
  for (int64_t i = 0; i < b->rows; i++) {
    const int64_t from =
      input_row(c, b->row + i, tap / (kernel[1] * kernel[2]), tap / kernel[2] % kernel[1]);
    if (from < 0) continue;
    const bp_segment s = {
      (from * c->s.in[2] + reach->at + j0 * axis->advance) * c->in_row,
      i * (b->x1 - b->x0) + reach->first + j0 * axis->step - b->x0, (size_t)(j1 - j0)};
    if (count > 0) {
      bp_segment *last = &segments[count - 1];
      const ptrdiff_t length = (ptrdiff_t)last->k;
      if (last->a + length * axis->advance * c->in_row == s.a
        && last->b + length * axis->step == s.b) {
        last->k += s.k;
        continue;
      }
    }
    segments[count++] = s;
  }
  return count;
}

/// The inputs of all taps of one group for each output of a block: [output][tap][channel], zeros
/// where a tap is outside.
static void gather(
  const bp_conv *c, const block *b, const layout *l, int64_t group, const float *x, float *to,
  bp_segment *segments
) {
  const int64_t channels = c->s.in_channels;
  const ptrdiff_t step = c->axes[2].step * l->chunk_rows;
  const ptrdiff_t advance = c->axes[2].advance * c->in_row;
  memset(to, 0, (size_t)(b->rows * (b->x1 - b->x0) * l->chunk_rows) * sizeof(float));
  for (int64_t tap = 0; tap < c->taps; tap++) {
    const size_t count = stretches(c, b, tap, segments);
    for (size_t s = 0; s < count; s++) {
      const float *from = x + segments[s].a + group * channels;
      float *out = to + segments[s].b * l->chunk_rows + tap * channels;
      for (size_t i = 0; i < segments[s].k; i++) {
        for (int64_t j = 0; j < channels; j++) out[j] = from[j];
        from += advance, out += step;
      }
    }
  }
}

typedef struct part {
  int64_t column0, column1, unit0, unit1;
} part;

static void run_tiles(
  const bp_conv *c, const layout *l, const part *p, int64_t column, int64_t unit0, int64_t unit1,
  bp_chain chain, float *w
) {
  const int64_t group = column / c->panels, first = column % c->panels * c->width;
  const int64_t lanes = c->kernels->lanes;
  const int64_t valid = bp_min(c->width, c->s.out_channels - first);
  const int vectors = valid > lanes ? 2 : 1;
  const float *a = chain.a;
  chain.b += (column - p->column0) * bp_ceil(l->rows * l->columns * c->width, 16) * 16;
  chain.c_row = c->out_row;
  chain.lanes = (int)(valid - (vectors - 1) * lanes);
  for (int64_t unit = unit0; unit < unit1; unit++) {
    const int64_t tap = unit / l->chunks, chunk = unit % l->chunks;
    const int64_t row = chunk * l->chunk_rows / l->chunks;
    const int64_t height = (chunk + 1) * l->chunk_rows / l->chunks - row;
    chain.a = a + row;
    chain.c = w + (tap * l->chunk_rows + row) * c->out_row + group * c->s.out_channels + first;
    c->kernels->chain[BP_CHAIN_ADJACENT][vectors][height](&chain);
  }
}

static void run_block(
  const bp_conv *c, const layout *l, const part *p, const block *b, const float *x,
  const float *dy, float *w, void *scratch, int more
) {
  bp_segment *segments = scratch;
  float *panels = (float *)((char *)scratch + segment_bytes(l));
  const int64_t outputs = b->rows * (b->x1 - b->x0);
  const int64_t panel = bp_ceil(l->rows * l->columns * c->width, 16) * 16;
  float *gathered = panels + (p->column1 - p->column0) * panel;
  const float *block_dy = dy + (b->row * c->s.out[2] + b->x0) * c->out_row;
  for (int64_t column = p->column0; column < p->column1; column++) {
    const int64_t first = column % c->panels * c->width;
    c->pack(
      panels + (column - p->column0) * panel, (size_t)c->width,
      (size_t)bp_min(c->width, c->s.out_channels - first), (size_t)outputs,
      block_dy + column / c->panels * c->s.out_channels + first, 1, c->out_row);
  }
  bp_chain chain = {.b = panels, .segments = segments, .more = more};
  if (l->gathers) {
    int64_t done = -1;
    for (int64_t column = p->column0; column < p->column1; column++) {
      const int64_t group = column / c->panels;
      if (group != done) gather(c, b, l, group, x, gathered, segments);
      done = group;
      segments[0] = (bp_segment){0, 0, (size_t)outputs};
      chain.a = gathered, chain.a_col = l->chunk_rows, chain.b_row = c->width, chain.count = 1;
      run_tiles(c, l, p, column, p->unit0, p->unit1, chain, w);
    }
    return;
  }
  chain.a_col = c->axes[2].advance * c->in_row;
  chain.b_row = c->axes[2].step * c->width;
  for (int64_t unit = p->unit0; unit < p->unit1;) {
    const int64_t tap = unit / l->chunks, end = bp_min(p->unit1, (tap + 1) * l->chunks);
    chain.count = stretches(c, b, tap, segments);
    for (size_t s = 0; s < chain.count; s++) segments[s].b *= c->width;
    for (int64_t column = p->column0; column < p->column1; column++) {
      chain.a = x + column / c->panels * c->s.in_channels;
      run_tiles(c, l, p, column, unit, end, chain, w);
    }
    unit = end;
  }
}

/// A tap of a depthwise kernel: output by output, all channels side by side.
static void run_depthwise(
  const bp_conv *c, const part *p, const block *b, const float *x, const float *dy, float *w,
  void *scratch, int more
) {
  bp_segment *segments = scratch;
  const ptrdiff_t advance = c->axes[2].advance * c->in_row;
  const float *block_dy = dy + (b->row * c->s.out[2] + b->x0) * c->out_row;
  for (int64_t tap = p->unit0; tap < p->unit1; tap++) {
    const size_t count = stretches(c, b, tap, segments);
    size_t total = 0;
    for (size_t s = 0; s < count; s++) total += segments[s].k;
    // Spread out from the back: each place is written after it was read.
    size_t to = total;
    for (size_t s = count; s-- > 0;) {
      const bp_segment from = segments[s];
      for (size_t i = from.k; i-- > 0;) {
        segments[--to] = (bp_segment){
          from.a + (ptrdiff_t)i * advance,
          (from.b + (ptrdiff_t)i * c->axes[2].step) * c->out_row, 1};
      }
    }
    c->kernels->channels(
      w + tap * c->out_row, x, block_dy, segments, total, (size_t)c->out_row, more);
  }
}

size_t bp_conv_kernel_workspace(const bp_conv *c) {
  return c->transforms ? bp_winograd_kernel_workspace(c) : 0;
}

int64_t bp_conv_kernel_pack_units(const bp_conv *c) {
  return c->transforms ? bp_winograd_kernel_units(c) : 0;
}

void bp_conv_kernel_pack(
  const bp_conv *c, void *workspace, const float *x, int64_t begin, int64_t end
) {
  if (c->transforms) bp_winograd_kernel_pack(c, workspace, x, begin, end);
}

int64_t bp_conv_kernel_finish_units(const bp_conv *c) {
  return c->transforms ? bp_winograd_kernel_finish_units(c) : 0;
}

void bp_conv_kernel_finish(
  const bp_conv *c, float *w, const void *workspace, int64_t begin, int64_t end
) {
  if (c->transforms) bp_winograd_kernel_finish(c, w, workspace, begin, end);
}

void bp_conv_kernel_run(
  const bp_conv *c, float *w, void *workspace, const float *x, const float *dy, size_t task,
  size_t tasks, void *scratch
) {
  if (c->transforms) {
    bp_winograd_kernel_run(c, w, workspace, x, dy, task, tasks, scratch);
    return;
  }
  const layout l = layout_of(c);
  const grid g = grid_of(c, &l, (int64_t)tasks);
  const int64_t columns = c->depthwise ? 1 : c->s.groups * c->panels;
  const int64_t side = (int64_t)task % g.columns, share = (int64_t)task / g.columns;
  if (share >= g.units) return;
  const part p = {
    columns * side / g.columns, columns * (side + 1) / g.columns, l.units * share / g.units,
    l.units * (share + 1) / g.units};
  const int64_t rows = c->s.images * c->s.out[0] * c->s.out[1], width = c->s.out[2];
  int more = 0;
  for (int64_t row = 0; row < rows; row += l.rows) {
    for (int64_t x0 = 0; x0 < width; x0 += l.columns) {
      const block b = {row, bp_min(l.rows, rows - row), x0, bp_min(x0 + l.columns, width)};
      if (c->depthwise) run_depthwise(c, &p, &b, x, dy, w, scratch, more);
      else run_block(c, &l, &p, &b, x, dy, w, scratch, more);
      more = 1;
    }
  }
}
