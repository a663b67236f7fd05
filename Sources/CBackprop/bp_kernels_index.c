// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Reading and adding rows by index.

#include <string.h>

#include "bp_kernels.h"

enum { COLUMN_BLOCK = 64, ROWS_AHEAD = 12 };

int64_t bp_gather(
    void *out, const void *table, const int32_t *index, int64_t outer, int64_t axis, int64_t inner,
    int64_t count, uint32_t size, int64_t begin, int64_t end) {
  (void)outer;
  const int64_t bytes = inner * size;
  int64_t wrong = -1;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t o = unit / count, i = unit % count, k = index[i];
    if (k < 0 || k >= axis) {
      if (wrong < 0 || i < wrong) wrong = i;
      continue;
    }
    char *to = (char *)out + unit * bytes;
    const char *from = (const char *)table + (o * axis + k) * bytes;
    if (bytes == 4) memcpy(to, from, 4);
    else memcpy(to, from, (size_t)bytes);
  }
  return wrong;
}

void bp_put(
    void *out, const void *x, const int32_t *index, int64_t axis, int64_t inner, int64_t count,
    uint32_t size, int64_t begin, int64_t end) {
  const int64_t bytes = inner * size;
  for (int64_t o = begin; o < end; o++) {
    for (int64_t i = 0; i < count; i++) {
      char *to = (char *)out + (o * axis + index[i]) * bytes;
      memcpy(to, (const char *)x + (o * count + i) * bytes, (size_t)bytes);
    }
  }
}

int64_t bp_scatter_add_units(int64_t outer, int64_t inner) {
  return outer * ((inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK);
}

int64_t bp_scatter_add(
    float *out, const float *x, const int32_t *index, int64_t outer, int64_t axis, int64_t inner,
    int64_t count, int64_t begin, int64_t end) {
  (void)outer;
  const int64_t blocks = (inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
  int64_t wrong = -1;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t o = unit / blocks, first = unit % blocks * COLUMN_BLOCK;
    const int64_t width = inner - first < COLUMN_BLOCK ? inner - first : COLUMN_BLOCK;
    for (int64_t i = 0; i < count; i++) {
      const int64_t k = index[i];
      if (k < 0 || k >= axis) {
        if (wrong < 0 || i < wrong) wrong = i;
        continue;
      }
      // Short pieces of long rows, which the processor does not see coming.
      if (i + ROWS_AHEAD < count) {
        const float *ahead = x + (o * count + i + ROWS_AHEAD) * inner + first;
        for (int64_t c = 0; c < width; c += 16) __builtin_prefetch(ahead + c);
      }
      float *to = out + (o * axis + k) * inner + first;
      const float *from = x + (o * count + i) * inner + first;
#pragma clang loop vectorize(assume_safety)
      for (int64_t c = 0; c < width; c++) to[c] += from[c];
    }
  }
  return wrong;
}
