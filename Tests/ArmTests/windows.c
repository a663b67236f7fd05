// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Windows that slide over the axes of space: sums, greatest elements, and where these go back to.

#include "check.h"

#include <math.h>

typedef struct problem {
  bp_window_shape s;
  int what;                 // 0: sum, 1: max, 2: its pullback, 3: selection
  const float *x, *other;
  float *result;
} problem;

static void run(void *context, int level, size_t tasks) {
  const problem *p = context;
  const int64_t units = bp_window_units(&p->s);
  for (size_t task = tasks; task-- > 0;) {
    const int64_t begin = units * (int64_t)task / (int64_t)tasks;
    const int64_t end = units * (int64_t)(task + 1) / (int64_t)tasks;
    switch (p->what) {
      case 0: bp_window_sum(&p->s, level, p->result, p->x, begin, end); break;
      case 1: bp_window_max(&p->s, level, p->result, p->x, begin, end); break;
      case 2: bp_window_max_pullback(&p->s, level, p->result, p->x, p->other, begin, end); break;
      default: bp_window_max_selection(&p->s, level, p->result, p->x, p->other, begin, end);
    }
  }
}

/// The place of tap k of the window of output o; -1 outside.
static int64_t place(const bp_window_shape *s, int64_t o, int64_t k) {
  int64_t at = 0;
  const int64_t out[3] = {o / (s->out[1] * s->out[2]), o / s->out[2] % s->out[1], o % s->out[2]};
  const int64_t tap[3] = {
    k / (s->window[1] * s->window[2]), k / s->window[2] % s->window[1], k % s->window[2],
  };
  for (int i = 0; i < 3; i++) {
    const int64_t here = out[i] * s->stride[i] + tap[i] * s->dilation[i] - s->low[i];
    if (here < 0 || here >= s->in[i]) return -1;
    at = at * s->in[i] + here;
  }
  return at;
}

static void check_window(int64_t channels, int64_t size, int64_t stride, int64_t dilation) {
  describe(
    "%lld channels, window %lld, stride %lld, dilation %lld", (long long)channels,
    (long long)size, (long long)stride, (long long)dilation);
  seed((uint32_t)(channels + size));
  problem p = {.s = {
    .images = 2, .channels = channels, .in = {1, 7, 10}, .window = {1, size, size},
    .stride = {1, stride, stride}, .low = {0, 1, 1}, .dilation = {1, dilation, dilation},
    .out = {1, 1, 1},
  }};
  for (int i = 1; i < 3; i++) {
    p.s.out[i] = (p.s.in[i] + 2 - dilation * (size - 1) - 1) / stride + 1;
  }
  const int64_t inputs = p.s.in[1] * p.s.in[2], outputs = p.s.out[1] * p.s.out[2];
  const size_t in = (size_t)(2 * inputs * channels), out = (size_t)(2 * outputs * channels);
  float *x = numbers(in);
  // Equal elements and NaN among them.
  for (size_t i = 0; i < in; i++) if (i % 5 == 0) x[i] = i % 35 == 0 ? NAN : 0.75f;
  float *dy = numbers(out), *v = numbers(in);
  double *sum = doubles(out), *most = doubles(out), *chosen = doubles(out), *dx = doubles(in);
  double *slack = doubles(in > out ? in : out);
  for (size_t i = 0; i < (in > out ? in : out); i++) slack[i] = 1e-5;
  for (int64_t n = 0; n < 2; n++) {
    for (int64_t o = 0; o < outputs; o++) {
      for (int64_t c = 0; c < channels; c++) {
        const int64_t to = (n * outputs + o) * channels + c;
        int64_t best = -1;
        for (int64_t k = 0; k < size * size; k++) {
          const int64_t at = place(&p.s, o, k);
          if (at < 0) continue;
          const int64_t from = (n * inputs + at) * channels + c;
          sum[to] += x[from];
          if (best < 0 || x[from] > x[best] || (isnan(x[from]) && !isnan(x[best]))) best = from;
        }
        most[to] = best < 0 ? -INFINITY : x[best];
        if (best < 0) continue;
        chosen[to] = v[best];
        dx[best] += dy[to];
      }
    }
  }
  p.x = x;
  for (p.what = 0; p.what < 4; p.what++) {
    const size_t count = p.what == 2 ? in : out;
    p.result = floats(count);
    p.other = p.what == 2 ? dy : v;
    check(&(trial){
      .run = run, .context = &p, .result = p.result, .count = count, .slack = slack,
      .want = p.what == 0 ? sum : p.what == 1 ? most : p.what == 2 ? dx : chosen,
    });
  }
  release();
}

void check_windows(void) {
  group("windows");
  static const int64_t channels[] = {1, 3, 4, 7, 8, 16, 35, 64, 65, 130};
  for (int i = 0; i < 10; i++) {
    check_window(channels[i], 2, 2, 1);
    check_window(channels[i], 3, 1, 1);
    check_window(channels[i], 3, 2, 2);
  }
}
