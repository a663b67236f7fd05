// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Random permutations, and sorting of rows.

#include <string.h>

#include "bp_kernels.h"

void bp_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = (uint64_t)0xd2511f53u * c0, p1 = (uint64_t)0xcd9e8d57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

void bp_random_permutation(int32_t *out, int64_t n, uint32_t key0, uint32_t key1) {
  const uint32_t key[2] = {key0, key1};
  uint32_t words[4];
  for (int64_t i = 0; i < n; i++) out[i] = (int32_t)i;
  // Draw t decides which of the first n - t goes last among them: the word times n - t, upper half.
  for (int64_t t = 0; t + 1 < n; t++) {
    if (t % 4 == 0) {
      const uint64_t block = (uint64_t)t / 4;
      const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), 0, 0};
      bp_philox(counter, key, words);
    }
    const int64_t last = n - 1 - t;
    const int64_t pick = (int64_t)(((uint64_t)words[t % 4] * (uint64_t)(last + 1)) >> 32);
    const int32_t moved = out[pick];
    out[pick] = out[last];
    out[last] = moved;
  }
}

typedef struct item {
  uint32_t key;
  int32_t at;
} item;

enum { SHORT = 48, DIGITS = 256 };

size_t bp_sort_scratch(int64_t n) { return (size_t)n * 2 * sizeof(item) + 64; }

/// Unsigned keys in the order wanted: NaN greatest, -0 as +0.
static uint32_t sort_key(uint32_t bits, int is_int, int descending) {
  uint32_t key;
  if (is_int) {
    key = bits ^ 0x80000000u;
  } else {
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0xffffffffu;
    if (bits == 0x80000000u) bits = 0;
    key = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  }
  return descending ? ~key : key;
}

static void insertion_sort(item *items, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    const item moved = items[i];
    int64_t k = i;
    for (; k > 0 && items[k - 1].key > moved.key; k--) items[k] = items[k - 1];
    items[k] = moved;
  }
}

/// By bytes, least first; a byte that all keys share is skipped. Returns where the result lies.
static item *radix_sort(item *items, item *other, int64_t n) {
  for (int shift = 0; shift < 32; shift += 8) {
    int64_t count[DIGITS] = {0};
    for (int64_t i = 0; i < n; i++) count[items[i].key >> shift & 255]++;
    if (count[items[0].key >> shift & 255] == n) continue;
    int64_t start = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
      const int64_t c = count[digit];
      count[digit] = start;
      start += c;
    }
    for (int64_t i = 0; i < n; i++) other[count[items[i].key >> shift & 255]++] = items[i];
    item *t = items;
    items = other;
    other = t;
  }
  return items;
}

void bp_sort_rows(
    int32_t *indices, void *values, const void *x, int is_int, int descending, int64_t n,
    int64_t begin, int64_t end, void *scratch) {
  item *items = scratch;
  for (int64_t row = begin; row < end && n > 0; row++) {
    const uint32_t *from = (const uint32_t *)x + row * n;
    for (int64_t i = 0; i < n; i++) {
      items[i] = (item){sort_key(from[i], is_int, descending), (int32_t)i};
    }
    const item *sorted = items;
    if (n <= SHORT) insertion_sort(items, n);
    else sorted = radix_sort(items, items + n, n);
    for (int64_t i = 0; i < n; i++) {
      indices[row * n + i] = sorted[i].at;
      if (values) ((uint32_t *)values)[row * n + i] = from[sorted[i].at];
    }
  }
}
