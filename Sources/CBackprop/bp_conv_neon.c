// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution for arm64: every such processor has NEON.

#if defined(__aarch64__)

#define BP_LEVEL bp_conv_neon
#define BP_LANES 4
#define BP_CHAIN_ROWS 12

#include "bp_conv_level.h"

#endif
