// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The rows of attention for AVX2 with FMA.

#if defined(__x86_64__)

#include <stdint.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define BP_LEVEL bp_attention_avx2
#include "bp_attention_level.h"

#pragma clang attribute pop

#endif
