// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The steps of a pass for AVX2 with FMA.

#if defined(__x86_64__)

#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define BP_LEVEL bp_level_avx2
#define BP_SPEED 1.0
#include "bp_pass_level.h"

#pragma clang attribute pop

#endif
