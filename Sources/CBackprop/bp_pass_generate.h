// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Steps that make values from an element's place: indices and random bits. Included by
// bp_pass_level.h, once per SIMD level.

BP_KERNEL bp_index(const bp_step *step, const bp_frame *frame) {
  BP_WORD *d = frame->place[step->d];
  const int64_t d_stride = frame->stride[step->d];
  const I lanes = BP_VECTOR_I(bp_lane_numbers, 0);
  for (int64_t r = 0; r < frame->run_rows; r++, d += d_stride) {
    const int64_t first = frame->linear + r * frame->linear_row;
    for (int64_t i = 0; i < frame->run_cols; i += BP_LANES) {
      BP_STORE_I(d, i, bp_add_i(lanes, bp_i((int32_t)(uint32_t)(uint64_t)(first + i))));
    }
  }
}

/// The coordinate along a dim: runs of equal values (or of ascending ones, along the last dim).
BP_KERNEL bp_index_dim(const bp_step *step, const bp_frame *frame) {
  BP_WORD *d = frame->place[step->d];
  const int64_t d_stride = frame->stride[step->d];
  const bp_program *program = frame->program;
  const uint32_t dim = step->access;
  const int64_t size = program->dims[dim];
  int64_t below = 1;
  for (uint32_t k = dim + 1; k < program->rank; k++) below *= program->dims[k];
  for (int64_t r = 0; r < frame->run_rows; r++, d += d_stride) {
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

BP_KERNEL bp_random_bits(const bp_step *step, const bp_frame *frame) {
  BP_WORD *d = frame->place[step->d];
  const int64_t d_stride = frame->stride[step->d];
  const bp_philox_keys keys = bp_philox_keys_of(
    *(const BP_WORD *)frame->place[step->a], *(const BP_WORD *)frame->place[step->b]);
  BP_WORD words[32];
  for (int64_t r = 0; r < frame->run_rows; r++, d += d_stride) {
    const uint64_t first = (uint64_t)(frame->linear + r * frame->linear_row);
    int64_t skip = (int64_t)(first & 3);
    uint64_t block = first >> 2;
    for (int64_t i = 0; i < frame->run_cols; block += 8) {
      const int64_t count = bp_least(32 - skip, frame->run_cols - i);
      U made[2];
      bp_philox_words(made, block, &keys);
      BP_WORD *to = count == 32 ? d + i : words;
      BP_STORE_I(to, 0, (I)made[0]);
      BP_STORE_I(to, 16, (I)made[1]);
      if (count < 32) memcpy(d + i, words + skip, (size_t)count * 4);
      i += count;
      skip = 0;
    }
  }
}
