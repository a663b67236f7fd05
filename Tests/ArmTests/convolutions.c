// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution and its gradients: directly, by Winograd's transforms, depthwise, in groups, with
// strides, dilation and spread, and kernels that lie turned round, as a gradient's do.

#include "check.h"

#include <math.h>
#include <string.h>

typedef struct problem {
  bp_conv_shape s;
  bool exact;
  const float *x, *kernel, *dy;
  float *result;
  int64_t taps, inputs, outputs, in_row, out_row;
} problem;

static void *aligned(size_t bytes) { return room((bytes + 63) / 64 * 64); }

/// Adds up the sizes of finished blocks.
static void take(
  void *context, size_t batch, size_t m0, size_t m1, size_t n0, size_t n1, void *scratch
) {
  (void)scratch;
  if (batch != 0) fail("a convolution's epilogue has a batch");
  *(size_t *)context += (m1 - m0) * (n1 - n0);
}

static void run(void *context, int level, size_t threads) {
  const problem *p = context;
  bp_conv *conv = bp_conv_create(&p->s, level, p->exact);
  void *workspace = aligned(bp_conv_workspace(conv));
  const int64_t units = bp_conv_pack_units(conv);
  bp_conv_pack(conv, workspace, p->x, p->kernel, units / 2, units);
  bp_conv_pack(conv, workspace, p->x, p->kernel, 0, units / 2);
  const size_t tasks = bp_conv_tasks(conv, threads);
  void *scratch = aligned(bp_conv_scratch(conv, tasks));
  size_t given = 0;
  for (size_t task = tasks; task-- > 0;) {
    bp_conv_run(
      conv, p->result, p->x, p->kernel, workspace, task, tasks, scratch, take, &given, NULL);
  }
  if (given != (size_t)(p->s.images * p->outputs * p->out_row)) {
    fail("an epilogue was given %zu elements", given);
  }
  bp_conv_destroy(conv);
}

static void run_kernel(void *context, int level, size_t threads) {
  const problem *p = context;
  bp_conv *conv = bp_conv_create(&p->s, level, p->exact);
  void *workspace = aligned(bp_conv_kernel_workspace(conv));
  int64_t units = bp_conv_kernel_pack_units(conv);
  bp_conv_kernel_pack(conv, workspace, p->x, units / 2, units);
  bp_conv_kernel_pack(conv, workspace, p->x, 0, units / 2);
  const size_t tasks = bp_conv_kernel_tasks(conv, threads);
  void *scratch = aligned(bp_conv_kernel_scratch(conv, tasks));
  for (size_t task = tasks; task-- > 0;) {
    bp_conv_kernel_run(conv, p->result, workspace, p->x, p->dy, task, tasks, scratch);
  }
  units = bp_conv_kernel_finish_units(conv);
  bp_conv_kernel_finish(conv, p->result, workspace, units / 2, units);
  bp_conv_kernel_finish(conv, p->result, workspace, 0, units / 2);
  bp_conv_destroy(conv);
}

/// The place in the input that an output reads with a tap, along one axis; -1: none.
static int64_t place(const bp_conv_shape *s, int axis, int64_t output, int64_t tap) {
  const int64_t at = s->stride[axis] * output + s->dilation[axis] * tap - s->low[axis];
  return at < 0 || at % s->spread[axis] != 0 || at / s->spread[axis] >= s->in[axis]
    ? -1 : at / s->spread[axis];
}

/// By the definition: the outputs, the gradient of the kernel, and both of magnitudes.
static void plain(const problem *p, double *y, double *y_size, double *w, double *w_size) {
  const bp_conv_shape *s = &p->s;
  const int64_t *k = s->kernel, *o = s->out, C = s->in_channels, F = s->out_channels;
  for (int64_t at = 0; at < s->images * p->outputs; at++) {
    const int64_t x = at % o[2], row = at / o[2] % o[1], z = at / (o[1] * o[2]) % o[0];
    for (int64_t tap = 0; tap < p->taps; tap++) {
      const int64_t kz = tap / (k[1] * k[2]), ky = tap / k[2] % k[1], kx = tap % k[2];
      const int64_t iz = place(s, 0, z, kz), iy = place(s, 1, row, ky), ix = place(s, 2, x, kx);
      if (iz < 0 || iy < 0 || ix < 0) continue;
      const int64_t from =
        at / p->outputs * p->inputs + (iz * s->in[1] + iy) * s->in[2] + ix;
      const ptrdiff_t kernel =
        kz * s->kernel_strides[0] + ky * s->kernel_strides[1] + kx * s->kernel_strides[2];
      for (int64_t g = 0; g < s->groups; g++) {
        for (int64_t c = 0; c < C; c++) {
          const double in = p->x[from * p->in_row + g * C + c];
          for (int64_t f = g * F; f < (g + 1) * F; f++) {
            const double product =
              in * p->kernel[kernel + c * s->kernel_strides[3] + f * s->kernel_strides[4]];
            const double gradient = in * p->dy[at * p->out_row + f];
            y[at * p->out_row + f] += product;
            y_size[at * p->out_row + f] += fabs(product);
            w[(tap * C + c) * p->out_row + f] += gradient;
            w_size[(tap * C + c) * p->out_row + f] += fabs(gradient);
          }
        }
      }
    }
  }
}

typedef struct form {
  int64_t images, in[3], kernel[3], stride, low, dilation, spread, groups, C, F;
  bool exact, turned;
} form;

static void check_convolution(form f) {
  describe(
    "%lld images of %lld x %lld x %lld, kernel %lld x %lld x %lld, stride %lld, low %lld, dilation "
    "%lld, spread %lld, %lld groups of %lld to %lld, exact %d, turned %d", (long long)f.images,
    (long long)f.in[0], (long long)f.in[1], (long long)f.in[2], (long long)f.kernel[0],
    (long long)f.kernel[1], (long long)f.kernel[2], (long long)f.stride, (long long)f.low,
    (long long)f.dilation, (long long)f.spread, (long long)f.groups, (long long)f.C,
    (long long)f.F, f.exact, f.turned);
  seed((uint32_t)(f.images * 3 + f.in[2] + f.C * 7 + f.F));
  problem p = {.exact = f.exact, .taps = 1, .inputs = 1, .outputs = 1};
  p.s = (bp_conv_shape){
    .images = f.images, .groups = f.groups, .in_channels = f.C, .out_channels = f.F,
  };
  for (int i = 0; i < 3; i++) {
    const bool is_there = f.in[i] > 1;
    p.s.in[i] = f.in[i], p.s.kernel[i] = f.kernel[i];
    p.s.stride[i] = is_there ? f.stride : 1, p.s.dilation[i] = is_there ? f.dilation : 1;
    p.s.spread[i] = is_there ? f.spread : 1, p.s.low[i] = is_there ? f.low : 0;
    // As much behind the input as before it, and one more.
    const int64_t whole = p.s.spread[i] * (f.in[i] - 1) + 1 + 2 * p.s.low[i] + is_there;
    p.s.out[i] = (whole - p.s.dilation[i] * (f.kernel[i] - 1) - 1) / p.s.stride[i] + 1;
    p.taps *= f.kernel[i], p.inputs *= f.in[i], p.outputs *= p.s.out[i];
  }
  p.in_row = f.groups * f.C, p.out_row = f.groups * f.F;
  const size_t weights = (size_t)(p.taps * f.C * p.out_row);
  const size_t outputs = (size_t)(f.images * p.outputs * p.out_row);
  p.x = numbers((size_t)(f.images * p.inputs * p.in_row));
  p.kernel = numbers(weights);
  p.dy = numbers(outputs);
  int64_t *to = p.s.kernel_strides;
  if (f.turned) {
    // [tap][output][channel], the last tap first.
    to[3] = 1, to[4] = f.C, to[2] = -f.C * p.out_row;
    p.kernel += (p.taps - 1) * f.C * p.out_row;
  } else {
    to[4] = 1, to[3] = p.out_row, to[2] = f.C * p.out_row;
  }
  to[1] = to[2] * f.kernel[2], to[0] = to[1] * f.kernel[1];
  double *y = doubles(outputs), *y_slack = doubles(outputs);
  double *w = doubles(weights), *w_slack = doubles(weights);
  plain(&p, y, y_slack, w, w_slack);
  // Winograd's transforms lose some digits: they add and subtract larger terms than the result has.
  const double taps = f.exact ? (double)(p.taps * f.C) : 16.0 * (double)(p.taps * f.C);
  const double sums = (f.exact ? 1.0 : 64.0) * (double)(f.images * p.outputs);
  for (size_t i = 0; i < outputs; i++) y_slack[i] = 0x1p-24 * (taps + 1.0) * y_slack[i];
  for (size_t i = 0; i < weights; i++) w_slack[i] = 0x1p-24 * (sums + 1.0) * w_slack[i];
  p.result = floats(outputs);
  check(&(trial){
    .run = run, .context = &p, .result = p.result, .count = outputs, .want = y, .slack = y_slack,
  });
  p.result = floats(weights);
  check(&(trial){
    .run = run_kernel, .context = &p, .result = p.result, .count = weights, .want = w,
    .slack = w_slack,
  });
  release();
}

void check_convolutions(void) {
  group("convolutions, directly");
  for (int turned = 0; turned < 2; turned++) {
    const form base = {
      .images = 2, .in = {1, 9, 13}, .kernel = {1, 3, 3}, .stride = 1, .low = 1, .dilation = 1,
      .spread = 1, .groups = 1, .C = 3, .F = 5, .exact = true, .turned = turned,
    };
    form f = base;
    for (f.F = 1; f.F <= 20; f.F += f.F < 9 ? 1 : 11) check_convolution(f);
    f = base, f.C = 17, f.F = 12, f.stride = 2;
    check_convolution(f);
    f = base, f.C = 9, f.F = 33, f.dilation = 2, f.low = 2;
    check_convolution(f);
    f = base, f.C = 8, f.F = 8, f.spread = 2;
    check_convolution(f);
    f = base, f.C = 13, f.F = 7, f.spread = 3, f.stride = 2, f.low = 2;
    check_convolution(f);
    f = base, f.images = 17, f.in[1] = 5, f.in[2] = 6, f.C = 12, f.F = 9;
    check_convolution(f);
    f = base, f.in[0] = 4, f.in[1] = 5, f.kernel[0] = 3, f.C = 5, f.F = 6;
    check_convolution(f);
    f = base, f.in[1] = 1, f.in[2] = 300, f.kernel[1] = 1, f.kernel[2] = 5, f.low = 2, f.C = 10;
    check_convolution(f);
    f = base, f.kernel[1] = 1, f.kernel[2] = 1, f.low = 0, f.C = 30, f.F = 26;
    check_convolution(f);
    f = base, f.groups = 3, f.C = 4, f.F = 10;
    check_convolution(f);
  }
  group("convolutions, depthwise");
  for (int64_t channels = 2; channels <= 39; channels += 4 + channels / 8) {
    for (int64_t stride = 1; stride <= 2; stride++) {
      check_convolution((form){
        .images = 2, .in = {1, 7, 11}, .kernel = {1, 3, 3}, .stride = stride, .low = 1,
        .dilation = 1, .spread = 1, .groups = channels, .C = 1, .F = 1, .exact = true,
      });
    }
  }
  group("convolutions, transformed");
  static const int64_t shapes[][5] = {
    {2, 8, 8, 32, 48}, {3, 13, 14, 48, 32}, {1, 16, 11, 32, 32}, {2, 8, 8, 256, 32},
  };
  for (int turned = 0; turned < 2; turned++) {
    for (int i = 0; i < 4; i++) {
      check_convolution((form){
        .images = shapes[i][0], .in = {1, shapes[i][1], shapes[i][2]}, .kernel = {1, 3, 3},
        .stride = 1, .low = 1, .dilation = 1, .spread = 1, .groups = 1, .C = shapes[i][3],
        .F = shapes[i][4], .turned = turned,
      });
    }
  }
}
