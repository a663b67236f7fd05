// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The steps of a pass for whatever the compiler's own target is: portable C on x86-64, NEON on arm64.

#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

#define BP_LEVEL bp_level_portable
#if defined(__aarch64__)
#define BP_SPEED 1.5
#else
#define BP_SPEED 3.0
#define BP_UNROLL _Pragma("clang loop unroll(disable)")
#endif
#include "bp_pass_level.h"
