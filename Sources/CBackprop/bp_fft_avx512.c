// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms for x86-64 with AVX-512.

#if defined(__x86_64__)

#define BP_LEVEL bp_fft_avx512

#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
  apply_to = function)

#include "bp_fft_level.h"

#pragma clang attribute pop

#endif
