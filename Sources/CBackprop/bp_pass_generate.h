// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Steps that make values from an element's place: indices and random bits. Included by
// bp_pass_level.h, once per SIMD level.

BP_KERNEL bp_index(const bp_step *step, const bp_frame *frame) {
  BP_WORD *d = frame->place[step->d];
  const I lanes = BP_VECTOR_I(bp_lane_numbers, 0);
  for (int64_t r = 0; r < frame->run_rows; r++, d += frame->pitch) {
    const int64_t first = frame->linear + r * frame->linear_row;
    for (int64_t i = 0; i < frame->run_cols; i += BP_LANES) {
      BP_STORE_I(d, i, bp_add_i(lanes, bp_i((int32_t)(uint32_t)(uint64_t)(first + i))));
    }
  }
}

/// The coordinate along a dim: runs of equal values (or of ascending ones, along the last dim).
BP_KERNEL bp_index_dim(const bp_step *step, const bp_frame *frame) {
  BP_WORD *d = frame->place[step->d];
  const bp_program *program = frame->program;
  const uint32_t dim = step->access;
  const int64_t size = program->dims[dim];
  int64_t below = 1;
  for (uint32_t k = dim + 1; k < program->rank; k++) below *= program->dims[k];
  for (int64_t r = 0; r < frame->run_rows; r++, d += frame->pitch) {
    const int64_t first = frame->linear + r * frame->linear_row;
    int64_t within = first % below, coordinate = first / below % size;
    for (int64_t i = 0; i < frame->run_cols;) {
      if (below == 1) {
        const int64_t end = bp_least(frame->run_cols, i + size - coordinate);
        for (; i < end; i++) d[i] = (uint32_t)coordinate++;
        coordinate = 0;
      } else {
        const int64_t end = bp_least(frame->run_cols, i + below - within);
        for (; i < end; i++) d[i] = (uint32_t)coordinate;
        coordinate = coordinate + 1 == size ? 0 : coordinate + 1;
        within = 0;
      }
    }
  }
}

typedef unsigned long long BP_WIDE __attribute__((ext_vector_type(16)));

/// The high and low halves of a product with a constant.
#define BP_MULTIPLY(high, low, v, constant)                                         \
  const BP_WIDE high##_wide = __builtin_convertvector(v, BP_WIDE) * (BP_WIDE)(constant); \
  const U high = __builtin_convertvector(high##_wide >> 32, U);                     \
  const U low = __builtin_convertvector(high##_wide, U);

/// Philox4x32-10 at the counters [counter, counter + 16): 64 words, in order.
BP_FN void bp_philox_block(BP_WORD *words, uint64_t counter, uint32_t key0, uint32_t key1) {
  const U lanes = (U)BP_VECTOR_I(bp_lane_numbers, 0);
  U c0 = lanes + (U)(uint32_t)counter;
  U c1 = (U)(uint32_t)(counter >> 32) - (U)(c0 < lanes);
  U c2 = (U)0u, c3 = (U)0u;
  for (int round = 0; round < 10; round++) {
    BP_MULTIPLY(high0, low0, c0, 0xd2511f53ull)
    BP_MULTIPLY(high1, low1, c2, 0xcd9e8d57ull)
    c0 = high1 ^ c1 ^ (U)key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ (U)key1;
    c3 = low0;
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  BP_WORD transposed[4][16];
  BP_STORE_I(transposed[0], 0, (I)c0);
  BP_STORE_I(transposed[1], 0, (I)c1);
  BP_STORE_I(transposed[2], 0, (I)c2);
  BP_STORE_I(transposed[3], 0, (I)c3);
  for (int i = 0; i < 16; i++) {
    words[4 * i] = transposed[0][i];
    words[4 * i + 1] = transposed[1][i];
    words[4 * i + 2] = transposed[2][i];
    words[4 * i + 3] = transposed[3][i];
  }
}

BP_KERNEL bp_random_bits(const bp_step *step, const bp_frame *frame) {
  BP_WORD *d = frame->place[step->d];
  const uint32_t key0 = *(const BP_WORD *)frame->place[step->a];
  const uint32_t key1 = *(const BP_WORD *)frame->place[step->b];
  BP_WORD words[64];
  for (int64_t r = 0; r < frame->run_rows; r++, d += frame->pitch) {
    const uint64_t first = (uint64_t)(frame->linear + r * frame->linear_row);
    int64_t skip = (int64_t)(first & 3);
    uint64_t counter = first >> 2;
    for (int64_t i = 0; i < frame->run_cols; counter += 16) {
      const int64_t count = bp_least(64 - skip, frame->run_cols - i);
      if (count == 64) {
        bp_philox_block(d + i, counter, key0, key1);
      } else {
        bp_philox_block(words, counter, key0, key1);
        memcpy(d + i, words + skip, (size_t)count * 4);
      }
      i += count;
      skip = 0;
    }
  }
}
