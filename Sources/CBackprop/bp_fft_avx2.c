// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms for x86-64 with AVX2 and FMA.

#if defined(__x86_64__)

#define BP_LEVEL bp_fft_avx2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "bp_fft_level.h"

#pragma clang attribute pop

#endif
