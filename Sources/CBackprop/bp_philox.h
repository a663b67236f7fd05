// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Random words for one SIMD level, by Philox4x32-10 (J. Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). Included inside the level's target attribute.

#ifndef BP_PHILOX_H
#define BP_PHILOX_H

#include "bp_math.h"

#include <stdint.h>

/// The keys of the ten rounds.
typedef struct bp_philox_keys {
  uint64_t first[10], second[10];
} bp_philox_keys;

BP_FN bp_philox_keys bp_philox_keys_of(uint32_t key0, uint32_t key1) {
  bp_philox_keys keys;
  for (int round = 0; round < 10; round++) {
    keys.first[round] = key0;
    keys.second[round] = key1;
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return keys;
}

/// A word of eight blocks each, in the lower half of a lane. What the upper halves hold is never
/// used: a product is taken of the lower halves, and fills the lane.
typedef unsigned long long bp_philox_lanes __attribute__((ext_vector_type(8)));

/// The lower halves of x and y in turn.
#define BP_LOWER_HALVES(x, y) \
  (bp_philox_lanes) __builtin_shufflevector( \
    (U)(x), (U)(y), 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)

/// The blocks [block, block + 8) of a key's stream: 32 words, in order.
BP_FN void bp_philox_words(U words[2], uint64_t block, const bp_philox_keys *keys) {
  const bp_philox_lanes numbers = {0, 1, 2, 3, 4, 5, 6, 7};
  bp_philox_lanes c0 = numbers + block, c1 = c0 >> 32, c2 = c0 ^ c0, c3 = c2;
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    const bp_philox_lanes p = (c0 & 0xffffffffull) * 0xd2511f53ull;
    const bp_philox_lanes q = (c2 & 0xffffffffull) * 0xcd9e8d57ull;
    c0 = (q >> 32) ^ c1 ^ keys->first[round];
    c1 = q;
    c2 = (p >> 32) ^ c3 ^ keys->second[round];
    c3 = p;
  }
  const bp_philox_lanes a = BP_LOWER_HALVES(c0, c1), b = BP_LOWER_HALVES(c2, c3);
  words[0] = (U)__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  words[1] = (U)__builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

#endif
