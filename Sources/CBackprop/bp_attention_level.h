// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The rows of attention for one SIMD level: included by the level's file, which defines BP_LEVEL,
// inside its target attribute. All vectors have 16 lanes, whatever the level's registers have.

#include "bp_attention_internal.h"
#include "bp_philox.h"

typedef float bp_lanes_in_memory __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef unsigned char bp_bytes __attribute__((ext_vector_type(16)));
typedef unsigned char bp_bytes_in_memory
  __attribute__((ext_vector_type(16), aligned(1), may_alias));

BP_FN F bp_row_load(const float *from) { return *(const bp_lanes_in_memory *)from; }
BP_FN void bp_row_store(float *to, F value) { *(bp_lanes_in_memory *)to = value; }

/// Lane i and lane i + 8, then i + 4, i + 2, i + 1.
BP_FN float bp_row_total(F x) {
  typedef float half __attribute__((ext_vector_type(8)));
  typedef float quarter __attribute__((ext_vector_type(4)));
  half a = x.lo + x.hi;
  quarter b = a.lo + a.hi;
  return (b[0] + b[2]) + (b[1] + b[3]);
}

BP_FN float bp_row_greatest(F x) {
  typedef float half __attribute__((ext_vector_type(8)));
  typedef float quarter __attribute__((ext_vector_type(4)));
  half a = x.lo > x.hi ? x.lo : x.hi;
  quarter b = a.lo > a.hi ? a.lo : a.hi;
  const float c = b[0] > b[2] ? b[0] : b[2], d = b[1] > b[3] ? b[1] : b[3];
  return c > d ? c : d;
}

/// Lanes of the columns from c on that lie in [begin, end).
BP_FN I bp_row_inside(const bp_attention_row *row, int64_t c) {
  const I lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const int begin = (int)(row->begin - c), end = (int)(row->end - c);
  return (lane >= bp_i(begin)) & (lane < bp_i(end));
}

/// The scores of 16 columns with their bias; -infinity where no key is seen.
BP_FN F bp_row_scores(const bp_attention_row *row, int64_t c) {
  F x = bp_row_load(row->s + c);
  const int whole = c >= row->begin && c + 16 <= row->end;
  if (row->bias) {
    if (whole && row->bias_step == 1) {
      x += bp_row_load(row->bias + c);
    } else {
      for (int64_t i = 0; i < 16; i++) {
        if (c + i >= row->begin && c + i < row->end) x[i] += row->bias[(c + i) * row->bias_step];
      }
    }
  }
  I seen = whole ? bp_i(-1) : bp_row_inside(row, c);
  if (row->mask) {
    if (whole && row->mask_step == 1) {
      bp_bytes bytes = *(const bp_bytes_in_memory *)(row->mask + c);
      seen &= __builtin_convertvector(bytes, I) != 0;
    } else {
      for (int64_t i = 0; i < 16; i++) {
        if (c + i >= row->begin && c + i < row->end && !row->mask[(c + i) * row->mask_step]) {
          seen[i] = 0;
        }
      }
    }
  }
  return bp_select(seen, x, -BP_INFINITY);
}

/// Zeros in the vectors that hold no key that is seen.
BP_FN void bp_row_clear(const bp_attention_row *row, float *s) {
  const int is_empty = row->begin >= row->end;
  const int64_t begin = is_empty ? row->last : row->begin / 16 * 16;
  const int64_t end = is_empty ? row->last : bp_padded(row->end);
  for (int64_t c = row->first; c < begin; c += 16) bp_row_store(s + c, bp_f(0));
  for (int64_t c = end; c < row->last; c += 16) bp_row_store(s + c, bp_f(0));
}

/// Of 16 columns of x those that are kept; 0 for the others.
BP_FN F bp_row_kept(const bp_attention_row *row, int64_t c, F x) {
  return bp_select(bp_row_load(row->draws + c) < row->keep, x, bp_f(0));
}

/// The weights of 16 columns, by scores that are made; those that are dropped are 0 in memory.
BP_FN F bp_row_weights(const bp_attention_row *row, int64_t c, float base, int drops) {
  F p = bp_exp_below(bp_row_load(row->s + c) - base);
  bp_row_store(row->s + c, drops ? bp_row_kept(row, c, p) : p);
  return p;
}

BP_FN float bp_weigh_row(const bp_attention_row *row, float *max, float *sum, int drops) {
  bp_row_clear(row, row->s);
  if (row->begin >= row->end) return 1.0f;
  float *s = row->s;
  const int64_t first = row->begin / 16 * 16, last = bp_padded(row->end);
  const int is_plain = !row->bias && !row->mask;
  F top = -BP_INFINITY;
  for (int64_t c = first; c < last; c += 16) {
    F x;
    if (is_plain && c >= row->begin && c + 16 <= row->end) {
      x = bp_row_load(s + c);
    } else {
      x = bp_row_scores(row, c);
      bp_row_store(s + c, x);
    }
    top = bp_select(x > top, x, top);
  }
  const float before = *max, block = bp_row_greatest(top);
  const float after = block > before ? block : before;
  // As long as all scores are -infinity, so are their differences to anything finite.
  const float base = after == -__builtin_inff() ? 0.0f : after;
  // Two vectors of lanes, which take turns along a block.
  F even = bp_f(0), odd = bp_f(0);
  int64_t c = first;
  if (c % 32 != 0) {
    odd = bp_row_weights(row, c, base, drops);
    c += 16;
  }
  for (; c + 32 <= last; c += 32) {
    even += bp_row_weights(row, c, base, drops);
    odd += bp_row_weights(row, c + 16, base, drops);
  }
  if (c < last) even += bp_row_weights(row, c, base, drops);
  const float factor = bp_exp_below(bp_f(before - base))[0];
  *max = after;
  *sum = __builtin_fmaf(*sum, factor, bp_row_total(even + odd));
  return factor;
}

static float bp_weigh(const bp_attention_row *row, float *max, float *sum) {
  return row->draws ? bp_weigh_row(row, max, sum, 1) : bp_weigh_row(row, max, sum, 0);
}

BP_FN void bp_unweigh_row(
  const bp_attention_row *row, float *ds, float log, float delta, int drops
) {
  bp_row_clear(row, row->s);
  bp_row_clear(row, ds);
  if (row->begin >= row->end) return;
  for (int64_t c = row->begin / 16 * 16; c < row->end; c += 16) {
    F p = bp_exp_below(bp_row_scores(row, c) - log);
    F dp = bp_row_load(ds + c), weight = p;
    if (drops) {
      dp = bp_row_kept(row, c, dp * row->factor);
      weight = bp_row_kept(row, c, p * row->factor);
    }
    F d = p * (dp - delta);
    bp_row_store(row->s + c, weight);
    // What lies outside the block's keys may be anything.
    bp_row_store(ds + c, bp_select(p != 0.0f, d, bp_f(0)));
  }
}

static void bp_unweigh(const bp_attention_row *row, float *ds, float log, float delta) {
  if (row->draws) {
    bp_unweigh_row(row, ds, log, delta, 1);
  } else {
    bp_unweigh_row(row, ds, log, delta, 0);
  }
}

static void bp_draw(float *to, uint64_t block, int64_t count, const uint32_t key[2]) {
  const bp_philox_keys keys = bp_philox_keys_of(key[0], key[1]);
  for (int64_t i = 0; i < count; i += 32, block += 8) {
    U words[2];
    bp_philox_words(words, block, &keys);
    bp_row_store(to + i, bp_uniform((I)words[0]));
    bp_row_store(to + i + 16, bp_uniform((I)words[1]));
  }
}

/// The sum of x y by 32 lanes, before the lanes are added up.
BP_FN F bp_row_products(const float *x, const float *y, int64_t count) {
  F sum[2] = {bp_f(0), bp_f(0)};
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    sum[0] = bp_fma(bp_row_load(x + i), bp_row_load(y + i), sum[0]);
    sum[1] = bp_fma(bp_row_load(x + i + 16), bp_row_load(y + i + 16), sum[1]);
  }
  if (i + 16 <= count) {
    sum[0] = bp_fma(bp_row_load(x + i), bp_row_load(y + i), sum[0]);
    i += 16;
  }
  if (i < count) {
    F left = bp_f(0), right = bp_f(0);
    for (int64_t j = 0; i + j < count; j++) left[j] = x[i + j], right[j] = y[i + j];
    sum[1] = bp_fma(left, right, sum[1]);
  }
  return sum[0] + sum[1];
}

#define BP_HALVES_8(a, b) \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) \
   + __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define BP_HALVES_4(a, b) \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) \
   + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#define BP_HALVES_2(a, b) \
  (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) \
   + __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
#define BP_HALVES_1(a, b) \
  (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) \
   + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))

static void bp_dots(
  float *s, const float *q, const float *k, ptrdiff_t step, int64_t keys, int64_t width
) {
  int64_t j = 0;
  for (; j + 16 <= keys; j += 16) {
    // Sixteen sums of lanes are added up at once, by the tree of bp_row_total.
    F a[16];
    for (int i = 0; i < 16; i++) a[i] = bp_row_products(q, k + (j + i) * step, width);
    for (int i = 0; i < 8; i++) a[i] = BP_HALVES_8(a[2 * i], a[2 * i + 1]);
    for (int i = 0; i < 4; i++) a[i] = BP_HALVES_4(a[2 * i], a[2 * i + 1]);
    for (int i = 0; i < 2; i++) a[i] = BP_HALVES_2(a[2 * i], a[2 * i + 1]);
    bp_row_store(s + j, BP_HALVES_1(a[0], a[1]));
  }
  for (; j < keys; j++) s[j] = bp_row_total(bp_row_products(q, k + j * step, width));
}

static void bp_scale(float *to, const float *from, float factor, int64_t count) {
#pragma clang loop vectorize(assume_safety)
  for (int64_t i = 0; i < count; i++) to[i] = factor * from[i];
}

static float bp_row_log(float x) { return bp_log(bp_f(x))[0]; }

const bp_attention_kernels BP_LEVEL = {
  .weigh = bp_weigh,
  .unweigh = bp_unweigh,
  .draw = bp_draw,
  .dots = bp_dots,
  .scale = bp_scale,
  .log = bp_row_log,
};
