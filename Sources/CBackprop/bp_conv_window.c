// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Windows that slide over the axes of space: sums, maxima and what goes back through them. A unit
// is one image and one block of channels, so that overlapping windows of a unit add in order.

#include "bp_conv_internal.h"

enum { AT_ONCE = 64 };

int64_t bp_window_units(const bp_window_shape *s) {
  return s->images * bp_ceil(s->channels, BP_WINDOW_BLOCK);
}

/// The positions of a window along one axis that are inside the input.
typedef struct stretch {
  int64_t first, count;
} stretch;

static stretch stretch_of(const bp_window_shape *s, int i, int64_t o) {
  const int64_t start = o * s->stride[i] - s->low[i], d = s->dilation[i];
  const int64_t k0 = start < 0 ? bp_ceil(-start, d) : 0;
  const int64_t k1 = start >= s->in[i] ? 0 : bp_min(s->window[i], (s->in[i] - 1 - start) / d + 1);
  return (stretch){start + k0 * d, bp_max(0, k1 - k0)};
}

/// The elements of one window in row-major order, a few at a time, as offsets from the unit's first.
typedef struct places {
  const bp_window_shape *s;
  stretch z, y, x;
  int64_t total;
  int64_t at[AT_ONCE];
} places;

static void begin_window(places *p, int64_t o) {
  const int64_t *out = p->s->out;
  p->z = stretch_of(p->s, 0, o / (out[1] * out[2]));
  p->y = stretch_of(p->s, 1, o / out[2] % out[1]);
  p->x = stretch_of(p->s, 2, o % out[2]);
  p->total = p->z.count * p->y.count * p->x.count;
}

/// The elements from `from` on, as many as there is room for; how many.
static int64_t some_places(places *p, int64_t from) {
  const int64_t count = bp_min(AT_ONCE, p->total - from);
  if (count <= 0) return 0;
  const int64_t *in = p->s->in, *dilation = p->s->dilation;
  int64_t x = from % p->x.count, y = from / p->x.count % p->y.count;
  int64_t z = from / p->x.count / p->y.count;
  for (int64_t i = 0; i < count; i++) {
    const int64_t row =
      (p->z.first + z * dilation[0]) * in[1] + p->y.first + y * dilation[1];
    p->at[i] = (row * in[2] + p->x.first + x * dilation[2]) * p->s->channels;
    if (++x < p->x.count) continue;
    x = 0;
    if (++y < p->y.count) continue;
    y = 0, z++;
  }
  return count;
}

/// One image and some channels.
typedef struct unit {
  int64_t in, out, width, outputs, inputs;
} unit;

static unit unit_of(const bp_window_shape *s, int64_t index) {
  const int64_t blocks = bp_ceil(s->channels, BP_WINDOW_BLOCK);
  const int64_t image = index / blocks, channel = index % blocks * BP_WINDOW_BLOCK;
  const int64_t inputs = s->in[0] * s->in[1] * s->in[2];
  const int64_t outputs = s->out[0] * s->out[1] * s->out[2];
  return (unit){
    image * inputs * s->channels + channel, image * outputs * s->channels + channel,
    bp_min(BP_WINDOW_BLOCK, s->channels - channel), outputs, inputs};
}

static void fill(float *to, float value, int64_t count) {
  for (int64_t j = 0; j < count; j++) to[j] = value;
}

static void reduce(
  const bp_window_shape *s, bp_window_reduce_fn *kernel, float first, float *y, const float *x,
  int64_t begin, int64_t end
) {
  places p = {.s = s};
  for (int64_t index = begin; index < end; index++) {
    const unit u = unit_of(s, index);
    float *to = y + u.out;
    for (int64_t o = 0; o < u.outputs; o++, to += s->channels) {
      begin_window(&p, o);
      fill(to, first, u.width);
      for (int64_t i = 0, count; (count = some_places(&p, i)) > 0; i += count) {
        kernel(to, x + u.in, p.at, count, u.width);
      }
    }
  }
}

void bp_window_sum(
  const bp_window_shape *s, int level, float *y, const float *x, int64_t begin, int64_t end
) {
  reduce(s, bp_conv_kernels_of(level)->window.sum, 0.0f, y, x, begin, end);
}

void bp_window_max(
  const bp_window_shape *s, int level, float *y, const float *x, int64_t begin, int64_t end
) {
  reduce(s, bp_conv_kernels_of(level)->window.max, -__builtin_inff(), y, x, begin, end);
}

/// Which element of a window is the greatest, for each channel; its places stay in `p` where they
/// fit at once.
static void greatest(
  places *p, const bp_window_kernels *kernels, const float *x, int64_t width, int32_t *place
) {
  float best[BP_WINDOW_BLOCK];
  fill(best, -__builtin_inff(), width);
  for (int64_t j = 0; j < width; j++) place[j] = 0;
  for (int64_t i = 0, count; (count = some_places(p, i)) > 0; i += count) {
    kernels->greatest(best, place, x, p->at, count, i, width);
  }
}

void bp_window_max_pullback(
  const bp_window_shape *s, int level, float *dx, const float *x, const float *dy, int64_t begin,
  int64_t end
) {
  const bp_window_kernels *kernels = &bp_conv_kernels_of(level)->window;
  places p = {.s = s};
  int32_t place[BP_WINDOW_BLOCK];
  for (int64_t index = begin; index < end; index++) {
    const unit u = unit_of(s, index);
    for (int64_t i = 0; i < u.inputs; i++) fill(dx + u.in + i * s->channels, 0.0f, u.width);
    const float *from = dy + u.out;
    for (int64_t o = 0; o < u.outputs; o++, from += s->channels) {
      begin_window(&p, o);
      greatest(&p, kernels, x + u.in, u.width, place);
      for (int64_t i = 0, count; i < p.total; i += count) {
        count = p.total <= AT_ONCE ? p.total : some_places(&p, i);
        kernels->scatter(dx + u.in, from, place, p.at, count, i, u.width);
      }
    }
  }
}

void bp_window_max_selection(
  const bp_window_shape *s, int level, float *y, const float *x, const float *v, int64_t begin,
  int64_t end
) {
  const bp_window_kernels *kernels = &bp_conv_kernels_of(level)->window;
  places p = {.s = s};
  int32_t place[BP_WINDOW_BLOCK];
  for (int64_t index = begin; index < end; index++) {
    const unit u = unit_of(s, index);
    float *to = y + u.out;
    for (int64_t o = 0; o < u.outputs; o++, to += s->channels) {
      begin_window(&p, o);
      greatest(&p, kernels, x + u.in, u.width, place);
      fill(to, 0.0f, u.width);
      for (int64_t i = 0, count; i < p.total; i += count) {
        count = p.total <= AT_ONCE ? p.total : some_places(&p, i);
        kernels->gather(to, v + u.in, place, p.at, count, i, u.width);
      }
    }
  }
}
