// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// One axis of a convolution: which outputs have which taps. With a spread the outputs fall into
// phases that see different taps; at the borders some taps are outside the input.

#include "bp_conv_internal.h"

#include <stdlib.h>

static int64_t common_divisor(int64_t a, int64_t b) {
  while (b) {
    const int64_t rest = a % b;
    a = b, b = rest;
  }
  return a;
}

static int64_t floor_of(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// The j, from `low` to below `high`, for which output r + j * step has tap k; false if its phase
/// has none.
static bool reach_of(
  const bp_axis *axis, const bp_conv_shape *s, int i, int64_t r, int64_t k, int64_t *at,
  int64_t *low, int64_t *high
) {
  const int64_t place = r * s->stride[i] + k * s->dilation[i] - s->low[i];
  if (place - floor_of(place, s->spread[i]) * s->spread[i] != 0) return false;
  const int64_t first = floor_of(place, s->spread[i]);
  const int64_t count = r < s->out[i] ? bp_ceil(s->out[i] - r, axis->step) : 0;
  *at = first;
  *low = first < 0 ? bp_ceil(-first, axis->advance) : 0;
  *high = bp_min(count, floor_of(s->in[i] - 1 - first, axis->advance) + 1);
  return *low < *high;
}

bool bp_axis_prepare(bp_axis *axis, const bp_conv_shape *s, int i) {
  const int64_t divisor = common_divisor(s->stride[i], s->spread[i]), kernel = s->kernel[i];
  axis->step = s->spread[i] / divisor;
  axis->advance = s->stride[i] / divisor;
  const int64_t most = bp_min(s->out[i], axis->step * (2 * kernel + 1));
  axis->runs = calloc((size_t)bp_max(1, most), sizeof(bp_run));
  axis->taps = calloc((size_t)bp_max(1, most * kernel), sizeof(bp_tap));
  axis->reach = calloc((size_t)bp_max(1, kernel), sizeof(bp_reach));
  axis->run_count = 0;
  if (!axis->runs || !axis->taps || !axis->reach) return false;
  int64_t taps = 0, at, low, high;
  for (int64_t r = 0; r < bp_min(axis->step, s->out[i]); r++) {
    const int64_t count = bp_ceil(s->out[i] - r, axis->step);
    for (int64_t j = 0; j < count;) {
      // All taps at j; the run ends where one of them ends or another begins.
      bp_run run = {r + j * axis->step, count - j, axis->step, taps, 0};
      for (int64_t k = 0; k < kernel; k++) {
        if (!reach_of(axis, s, i, r, k, &at, &low, &high) || j >= high) continue;
        if (j < low) {
          run.count = bp_min(run.count, low - j);
          continue;
        }
        run.count = bp_min(run.count, high - j);
        axis->taps[taps++] = (bp_tap){k, at + j * axis->advance};
        run.tap_count++;
      }
      axis->runs[axis->run_count++] = run;
      j += run.count;
    }
    for (int64_t k = 0; k < kernel; k++) {
      if (!reach_of(axis, s, i, r, k, &at, &low, &high)) continue;
      axis->reach[k] =
        (bp_reach){r + low * axis->step, high - low, at + low * axis->advance};
    }
  }
  return true;
}

void bp_axis_release(bp_axis *axis) {
  free(axis->runs);
  free(axis->taps);
  free(axis->reach);
}
